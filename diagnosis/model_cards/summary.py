"""A version in one row of the list."""

from dataclasses import dataclass

from accounts.wording import listed
from diagnosis.model_cards.values import Value, moment_of
from diagnosis.model_cards.versions import Version
from diagnosis.wording.numbers import UNDEFINED, interval, percent


@dataclass(frozen=True)
class Summary:
    """When it was made, and its figures with their intervals, as texts: on the Test folder, and what counts more, on
    collections of other hospitals. `wrong`: called Positive without COVID and Negative with it where hospitals were
    left out of the training."""

    made: str
    roc_auc: str
    sensitivity: str
    specificity: str
    external_auc: str
    wrong: str


def summary_of(version: Version) -> Summary:
    if version.card is None:
        return Summary(*[UNDEFINED] * 6)
    card = Value(version.card.raw)
    test = card["figures"]["parts"]["test"]
    auc, sensitivity, specificity = (
        interval(test[name].estimate()) for name in ("roc_auc", "sensitivity", "specificity")
    )
    return Summary(moment_of(card["created"].text()), auc, sensitivity, specificity, _external(card), _wrong(card))


def _external(card: Value) -> str:
    """ROC AUC on each collection of other hospitals."""
    return listed(interval(part["roc_auc"].estimate()) for _name, part in card["external"].items()) or UNDEFINED


def _wrong(card: Value) -> str:
    summary = card["left_out"]["summary"]
    shares = [summary[name].number() for name in ("called_positive", "called_negative")]
    return UNDEFINED if None in shares else " / ".join(percent(share) for share in shares)
