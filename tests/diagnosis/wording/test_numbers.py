"""Probabilities as people read them."""

import pytest
from django.utils import translation

from diagnosis.wording.numbers import percents

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("probabilities", "texts"),
    [
        ((0.31, 0.24), ["31 %", "24 %"]),
        ((0.2399, 0.24), ["23.99 %", "24.00 %"]),
        ((0.237, 0.24), ["23.7 %", "24.0 %"]),
        ((0.24, 0.24), ["24 %", "24 %"]),
        ((0.9996,), ["> 99 %"]),
        ((0.0004,), ["< 1 %"]),
        ((0.0004, 0.004), ["< 0.1 %", "0.4 %"]),
        ((0.0, 1.0), ["0 %", "100 %"]),
        ((0.99999, 0.99995), ["> 99.99 %", "> 99.99 %"]),
    ],
)
def test_different_probabilities_look_different(probabilities: tuple[float, ...], texts: list[str]) -> None:
    """Different probabilities never look the same without need."""
    assert percents(*probabilities) == [text.replace(" ", SPACE) for text in texts]


def test_right_to_left_uses_words_not_signs() -> None:
    """Letters from right to left have words where a sign would turn round."""
    with translation.override("ar"):
        assert percents(0.9996, 0.0004) == ["أكثر من 99 %".replace(" ", SPACE), "أقل من 1 %".replace(" ", SPACE)]
