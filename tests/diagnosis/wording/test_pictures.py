"""The sentence about hospitals that the model had not seen, whatever the version's card has of them."""

import json
from pathlib import Path

import pytest

from diagnosis.wording.pictures import elsewhere


@pytest.mark.parametrize("version", ["resnet152-general-6", "resnet152-paper-4"])
def test_every_negative_says_how_many_are_missed(project: Path, version: str) -> None:
    card = json.loads((project / "models" / version / "model_card.json").read_text())
    assert "were called Negative" in elsewhere("Negative", card)


def test_an_older_card_counts_its_collections() -> None:
    rows = {"covid": {"positive": 5, "indeterminate": 1, "negative": 3, "refused": 1}}
    rows["non_covid"] = {"positive": 1, "indeterminate": 0, "negative": 4, "refused": 0}
    card = {"external": {"a": {"table": rows}, "b": {"table": rows}}}
    assert ", 30 were called Negative" in elsewhere("Negative", card)
    assert ", 20 were called Positive" in elsewhere("Positive", card)
    assert elsewhere("Indeterminate", card) == elsewhere("", card) == elsewhere("Negative", {}) == ""
