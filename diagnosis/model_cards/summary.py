"""A version in one row of the list."""

from dataclasses import dataclass

from diagnosis.model_cards.values import Value, moment_of
from diagnosis.model_cards.versions import Version
from diagnosis.wording.numbers import UNDEFINED, interval


@dataclass(frozen=True)
class Summary:
    """When it was made, and its figures on the Test folder with their intervals, as texts."""

    made: str
    roc_auc: str
    sensitivity: str
    specificity: str


def summary_of(version: Version) -> Summary:
    if version.card is None:
        return Summary(*[UNDEFINED] * 4)
    card = Value(version.card.raw)
    test = card["figures"]["parts"]["test"]
    figures = (interval(test[name].estimate()) for name in ("roc_auc", "sensitivity", "specificity"))
    return Summary(moment_of(card["created"].text()), *figures)
