"""The learned gate: from lungs, measures and the network's pooled features to a verdict on a picture's quality.

Linear heads, one for each fault, and the distance from the radiographs that the version knows. Each has two limits,
chosen on sources that were left out (training/gate): above the lower one the picture's quality is limited and the
answer Indeterminate, above the upper one the picture is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import Verdict
from diagnosis.inference.artifacts import read_json
from diagnosis.inference.gate.measures import (
    GREY_MEASURES,
    LUNG_MEASURES,
    grey_measures,
    lung_measures,
    side_differences,
)
from diagnosis.inference.lungs import LungFields

WEIGHTS, CARD = "gate.npz", "gate.json"
FORMAT = 1
MEASURES = len(LUNG_MEASURES) + len(GREY_MEASURES)
CLIP = 5.0
"""Features beyond so many standard deviations count as that many: one wild value decides nothing alone."""

MIRRORED, DISTANCE = "mirrored", "unlike"
"""Names of the two scores that are no heads: the heart's side, and the distance from what the model learned from."""
TURNS = ("turned 1", "turned 2", "turned 3")
"""Heads for a picture turned counter-clockwise by so many quarters."""
WARNED_ONLY = frozenset({MIRRORED})
"""Dextrocardia exists: people are told, and the answer stays."""
NOT_OF_FILLED = frozenset({"screenshot"})
"""Never a refusal where both lungs fill the picture: what shows the radiograph as only a part of itself does not."""
FILLED_WIDTH, FILLED_HEIGHT = 0.6, 0.7
"""Shares of the picture that the box around both lungs has at least. Wide radiographs of a collection that the gate
does not know were refused as screenshots, which are wide, too (docs/decisions/0006-opacities-weigh.md)."""
PRECEDENCE = (
    "no-chest",
    "several",
    "screenshot",
    "photographed",
    "lateral",
    "turned",
    "inverted",
    "cut",
    "blurred",
    "noisy",
    "dark",
    "bright",
    "child",
    "unlike",
)
"""Which fault is named where several were found: one that makes the others meaningless first."""


@dataclass(frozen=True)
class PooledFeatures:
    """Averages of the network's feature maps over the whole picture, from the pass that also gives the answer.

    quarters: (4, 1024) float32, of the last map of stage 4, conv4_block36_out (14 x 14), over its four quarters: upper
    left, upper right, lower left, lower right.
    """

    quarters: np.ndarray


@dataclass(frozen=True)
class GateInputs:
    """values: (d,) float32, measures and features. sides: (1024,) float32, left against right."""

    values: np.ndarray
    sides: np.ndarray


@dataclass(frozen=True)
class Limits:
    """Scores above which a picture is limited, and refused."""

    limited: float
    refused: float


@dataclass(frozen=True)
class Quality:
    """What the gate says of a picture.

    code: the fault, "" for none; sentences.py has its words. quarters: clockwise quarter turns that make the picture
    upright. warnings: codes of what people should look at although the picture is assessed. scores: of each fault,
    less its lower limit: above 0 is at least limited.
    """

    verdict: Verdict
    code: str = ""
    quarters: int = 0
    warnings: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LearnedGate:
    """mean, scale: (d,) of the inputs. heads: names. weights: (d + measures, heads); bias: (heads,).

    side: (1024,), weights of the sides; above 0 the heart is on the left of the picture. directions: (d + measures, k),
    centre: (k,): standardised inputs of good radiographs times these, less the centre, have mean 0 and about variance 1
    in each of k directions. limits: by code.
    """

    mean: np.ndarray
    scale: np.ndarray
    heads: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray
    side: np.ndarray
    centre: np.ndarray
    directions: np.ndarray
    limits: Mapping[str, Limits]

    def assess(self, pixels: np.ndarray, lungs: LungFields, features: PooledFeatures) -> Quality:
        """pixels: (height, width) uint8 of the whole picture. Raises nothing."""
        inputs = gate_inputs(pixels, lungs, features)
        return self.judge(self.scores(inputs.values[None], inputs.sides[None])[0], is_filled=is_filled(inputs.values))

    def scores(self, values: np.ndarray, sides: np.ndarray) -> np.ndarray:
        """(n, d) and (n, 1024) -> (n, heads + 2): log-odds of each fault, of mirrored, and the distance."""
        standard = with_squares(standardised(values, self.mean, self.scale))
        logits = standard @ self.weights + self.bias
        distance = distances(standard, self.centre, self.directions)
        return np.column_stack([logits, sides @ self.side, distance])

    def judge(self, scores: np.ndarray, *, is_filled: bool = False) -> Quality:
        """(heads + 2,) -> the verdict. What is not a number is a fault, too. is_filled: both lungs fill the picture."""
        by_code = scores_by_code(dict(zip((*self.heads, MIRRORED, DISTANCE), scores.tolist(), strict=True)))
        refused = {code for code, limits in self.limits.items() if not by_code[code] <= limits.refused}
        limited = {code for code, limits in self.limits.items() if not by_code[code] <= limits.limited}
        refused -= NOT_OF_FILLED if is_filled else set()
        quarters = int(np.argmax([scores[self.heads.index(turn)] for turn in TURNS])) + 1
        margins = {code: round(float(by_code[code]) - limits.limited, 3) for code, limits in self.limits.items()}
        warnings = tuple(sorted(limited & WARNED_ONLY))
        for verdict, found in ((Verdict.REFUSED, refused), (Verdict.LIMITED, limited)):
            if code := next((code for code in PRECEDENCE if code in found), ""):
                return Quality(verdict, code, quarters if code == "turned" else 0, warnings, margins)
        return Quality(Verdict.OK, warnings=warnings, scores=margins)


def is_filled(values: np.ndarray) -> bool:
    """(d,) of GateInputs: are there two lungs, and does the box around them take most of the picture?"""
    seen = dict(zip(LUNG_MEASURES, values[: len(LUNG_MEASURES)].tolist(), strict=True))
    return seen["lungs"] == 2 and seen["width"] >= FILLED_WIDTH and seen["height"] >= FILLED_HEIGHT


def gate_inputs(pixels: np.ndarray, lungs: LungFields, features: PooledFeatures) -> GateInputs:
    """pixels: (height, width) uint8 of the whole picture, in which the lungs were found."""
    measures = np.concatenate([lung_measures(pixels, lungs), grey_measures(pixels)])
    values = np.concatenate([measures, features.quarters.ravel()]).astype(np.float32)
    return GateInputs(values, side_differences(pixels, lungs))


def standardised(inputs: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(n, d) -> (n, d) in standard deviations, clipped."""
    return np.clip((inputs - mean) / scale, -CLIP, CLIP)


def with_squares(standard: np.ndarray) -> np.ndarray:
    """Add the squares of the measures, (n, d) -> (n, d + measures): of an exposure, both ends are wrong."""
    return np.concatenate([standard, standard[:, :MEASURES] ** 2], axis=1)


def distances(standard: np.ndarray, centre: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Mahalanobis distance of standardised inputs, (n, d + measures) -> (n,), by the root of the directions' number."""
    distance: np.ndarray = np.sqrt(((standard @ directions - centre) ** 2).mean(axis=1))
    return distance


def scores_by_code(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Scores by head, numbers or arrays of them -> by code: the three turns become one, the highest."""
    turned = np.maximum.reduce([scores[turn] for turn in TURNS])
    return {name.replace(" ", "-"): score for name, score in scores.items() if name not in TURNS} | {"turned": turned}


def read_gate(folder: Path) -> LearnedGate:
    """The gate of a version's folder. Raises ModelUnavailable where its files are missing or damaged."""
    card = read_json(folder / CARD)
    try:
        values: dict[str, Any] = {**_arrays(folder / WEIGHTS), **_contract(card)}
        return LearnedGate(**values)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ModelUnavailable(f"The gate of model {folder.name} is damaged: {error!r}.") from error


def _arrays(path: Path) -> dict[str, Any]:
    names = ("mean", "scale", "weights", "bias", "side", "centre", "directions")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: archive[name].astype(np.float32) for name in names}


def _contract(card: Mapping[str, Any]) -> dict[str, Any]:
    if card["format"] != FORMAT:
        raise ValueError(f"format {card['format']}, and this program reads {FORMAT}")
    limits = {code: Limits(float(one["limited"]), float(one["refused"])) for code, one in card["limits"].items()}
    return {"heads": tuple(card["heads"]), "limits": limits}
