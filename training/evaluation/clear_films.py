"""Clear-film probe: is a COVID patient called Positive whose radiograph, to its readers, shows nothing?

Three in ten COVID pictures of a public collection were read as negative. A network cannot see COVID-19 in them, only
where they come from; so what it calls Positive among them says how much of its answer is the hospital.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import COVID_INDEX, Prediction
from diagnosis.inference.decision import DecisionRule
from training.evaluation.leave_out import weighted_auc

CLEAR, TYPICAL = "negative", "typical"


@dataclass(frozen=True)
class ClearFilms:
    """Of COVID pictures that were read: how many are clear or typical, and the share of each called Positive, 0..1.

    auc: clear COVID pictures against pictures without COVID; 0.5 is honest.
    """

    clear: int
    typical: int
    clear_called_positive: float
    typical_called_positive: float
    auc: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, with the sentence that says what it means."""
        return asdict(self) | {"meaning": explain(self)}


def probe(
    labels: NDArray[np.int64], readings: Sequence[str | None], probabilities: NDArray[np.float64], rule: DecisionRule
) -> ClearFilms | None:
    """labels (n,) class indices, readings (n,), calibrated probabilities (n,). None without clear and typical ones."""
    read = np.array([reading or "" for reading in readings])
    covid = labels == COVID_INDEX
    clear, typical = (covid & (read == name) for name in (CLEAR, TYPICAL))
    if not (clear.any() and typical.any() and (~covid).any()):
        return None
    positive = np.array([rule.predict(float(value)) is Prediction.POSITIVE for value in probabilities])
    compared = clear | ~covid
    return ClearFilms(
        int(clear.sum()),
        int(typical.sum()),
        float(positive[clear].mean()),
        float(positive[typical].mean()),
        weighted_auc(clear[compared], probabilities[compared]),
    )


def explain(found: ClearFilms) -> str:
    """A sentence for the card."""
    return (
        f"Of {found.clear} COVID radiographs in which readers saw nothing, {found.clear_called_positive:.0%} are "
        f"called Positive; of {found.typical} with a typical appearance {found.typical_called_positive:.0%}. What is "
        "called Positive among the clear ones is recognised by where it comes from, not by what it shows."
    )
