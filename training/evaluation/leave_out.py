"""Left-out sources: how a recipe does on hospitals that it has not seen, one source after the other.

Each source is left out of training once, with every copy of its pictures in other sources, and judged: its pictures
against the other class of held-back pictures, and what they are called. One at a time, because leaving out several at
once ranks recipes in another order. The table, its mean and its worst row decide between recipes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import COVID_INDEX, Prediction
from diagnosis.inference.decision import Calibration, DecisionRule

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Score = Callable[[Rows], Floats]
"""Row numbers -> logits of COVID, before calibration."""
Fit = Callable[[Rows], Score]
"""Trains on rows and returns what scores others."""


@dataclass(frozen=True)
class Pictures:
    """What is known of (n,) pictures.

    labels: index in CLASS_NAMES. sources: names. groups: near duplicates and patients share one number.
    held_back: never trained on here; the other class of a left-out source is drawn from them.
    """

    labels: NDArray[np.int64]
    sources: NDArray[np.str_]
    groups: NDArray[np.int64]
    held_back: NDArray[np.bool_]


@dataclass(frozen=True)
class LeftOut:
    """One source under a head that has not seen it: labels (n,), logits (n,), and its ROC AUC.

    against: what the AUC compares its pictures with.
    """

    source: str
    labels: NDArray[np.int64]
    logits: Floats
    auc: float
    against: str

    @property
    def positive(self) -> NDArray[np.bool_]:
        return self.labels == COVID_INDEX


@dataclass(frozen=True)
class Row:
    """One line of the table; shares 0..1 of its pictures. wrong: share of the answered ones, None without any."""

    source: str
    label: str
    pictures: int
    auc: float
    against: str
    called_positive: float
    called_indeterminate: float
    called_negative: float
    wrong: float | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def leave_out_each(pictures: Pictures, fit: Fit, together: Mapping[str, Sequence[str]] | None = None) -> list[LeftOut]:
    """Every source in turn; `together` names sources that are left out as one, for instance two of one hospital."""
    kinds = together or {source: (source,) for source in sorted(set(pictures.sources.tolist()))}
    return [leave_out(pictures, fit, name, members) for name, members in kinds.items()]


def leave_out(pictures: Pictures, fit: Fit, name: str, members: Sequence[str]) -> LeftOut:
    """Train without `members` and without copies of their pictures, and score them. Raises ValueError: nothing left."""
    theirs = np.isin(pictures.sources, list(members))
    away = np.isin(pictures.groups, pictures.groups[theirs])
    rows = np.flatnonzero(~away & ~pictures.held_back)
    if len(set(pictures.labels[rows].tolist())) < 2:
        raise ValueError(f"Without {name} there is nothing left to tell apart.")
    score = fit(rows)
    left_out, others = np.flatnonzero(theirs), np.flatnonzero(~away & pictures.held_back)
    labels, logits = pictures.labels[left_out], score(left_out)
    if len(set(labels.tolist())) == 2:
        auc = weighted_auc(labels == COVID_INDEX, logits)
        return LeftOut(name, labels, logits, auc, "its own other class")
    others = others[pictures.labels[others] != labels[0]]
    both = np.concatenate([labels, pictures.labels[others]])
    weights = np.concatenate([np.full(len(labels), 1 / len(labels)), source_weights(pictures.sources[others])])
    auc = weighted_auc(both == COVID_INDEX, np.concatenate([logits, score(others)]), weights)
    return LeftOut(name, labels, logits, auc, "held-back pictures of the other class")


def table(left_out: Sequence[LeftOut], calibration: Calibration, rule: DecisionRule) -> list[Row]:
    """One row for each source, two for a source with both classes."""
    rows = []
    for one in left_out:
        answers = answers_of(one.logits, calibration, rule)
        for label, of_class in (("COVID", one.positive), ("Non-COVID", ~one.positive)):
            if of_class.any():
                rows.append(_row(one, label, answers[of_class]))
    return rows


def answers_of(logits: Floats, calibration: Calibration, rule: DecisionRule) -> NDArray[np.str_]:
    """(n,) "Positive", "Indeterminate" or "Negative"."""
    probabilities = calibration.apply(1 / (1 + np.exp(-logits)))
    return np.array([rule.predict(float(value)).value for value in probabilities])


def summary(left_out: Sequence[LeftOut]) -> dict[str, float]:
    """Mean and worst AUC of the sources, and one AUC over all of them, every source weighing the same in its class."""
    aucs = [one.auc for one in left_out]
    positive = np.concatenate([one.positive for one in left_out])
    logits = np.concatenate([one.logits for one in left_out])
    figures = {"mean": float(np.mean(aucs)), "worst": float(np.min(aucs))}
    if 0 < positive.sum() < len(positive):
        figures["pooled"] = weighted_auc(positive, logits, equal_weights(left_out))
    return figures


def equal_weights(left_out: Sequence[LeftOut]) -> Floats:
    """(all pictures,): each source of a class weighs the same, and both classes do."""
    sources = np.concatenate([np.full(len(one.labels), one.source) for one in left_out])
    positive = np.concatenate([one.positive for one in left_out])
    weights = np.zeros(len(sources))
    for of_class in (positive, ~positive):
        if of_class.any():
            weights[of_class] = source_weights(sources[of_class])
    return weights / weights.sum()


def source_weights(sources: NDArray[np.str_]) -> Floats:
    """(n,) weights that sum up to 1, every source weighing the same."""
    names, number, counts = np.unique(sources, return_inverse=True, return_counts=True)
    return 1 / (len(names) * counts[number])


def weighted_auc(positive: NDArray[np.bool_], scores: Floats, weights: Floats | None = None) -> float:
    """Chance that a positive scores higher than a negative, both drawn by weight; ties count half."""
    weights = np.ones(len(scores)) if weights is None else weights
    values, place = np.unique(scores, return_inverse=True)
    covid, others = (np.bincount(place, weights * side, len(values)) for side in (positive, ~positive))
    below = np.cumsum(others) - others / 2
    return float(covid @ below / (covid.sum() * others.sum()))


def _row(one: LeftOut, label: str, answers: NDArray[np.str_]) -> Row:
    shares = {answer: float(np.mean(answers == answer.value)) for answer in Prediction}
    answered = 1 - shares[Prediction.INDETERMINATE]
    mistake = Prediction.NEGATIVE if label == "COVID" else Prediction.POSITIVE
    return Row(
        one.source,
        label,
        len(answers),
        one.auc,
        one.against,
        shares[Prediction.POSITIVE],
        shares[Prediction.INDETERMINATE],
        shares[Prediction.NEGATIVE],
        shares[mistake] / answered if answered else None,
    )
