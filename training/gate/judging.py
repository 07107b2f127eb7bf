"""Figures of the gate: each source and each kind of picture judged by heads that had not seen them.

Left out in turn: every source of adult radiographs with all that was made of it; every kind of picture without a chest.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diagnosis.findings import Verdict
from diagnosis.inference.gate.learned import DISTANCE, LearnedGate, Quality, scores_by_code
from training.gate.examples import UPRIGHT, Example
from training.gate.fitting import HEADS, Fitted, GateRecipe, fit_gate
from training.gate.limits import Allowances, choose_limits

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Judged:
    """examples: (n,), in the order of rows. scores: (n, heads + 1), each by heads that its source gave nothing to."""

    examples: Sequence[Example]
    scores: np.ndarray

    def of_code(self) -> dict[str, np.ndarray]:
        """Scores by code, each (n,)."""
        by_head: Any = dict(zip((*HEADS, DISTANCE), self.scores.T, strict=True))
        by_code: Any = scores_by_code(by_head)
        return dict(by_code)


def left_out_groups(examples: Sequence[Example]) -> dict[str, np.ndarray]:
    """Rows by what is left out together: a source, or a kind of picture without a chest."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row, example in enumerate(examples):
        groups[example.source].append(row)
    return {name: np.array(rows) for name, rows in sorted(groups.items())}


def judge_left_out(
    inputs: np.ndarray, examples: Sequence[Example], groups: Iterable[np.ndarray], recipe: GateRecipe, report: Progress
) -> Judged:
    """Fit once for each group of rows without it, and score it. Rows of no group keep not-a-number."""
    scores = np.full((len(examples), len(HEADS) + 1), np.nan)
    groups = list(groups)
    for done, rows in enumerate(groups, start=1):
        others = np.setdiff1d(np.arange(len(examples)), rows)
        fitted = fit_gate(inputs[others], [examples[row] for row in others], recipe)
        scores[rows] = gate_of(fitted).scores(inputs[rows])
        report(done, len(groups), "")
    return Judged(examples, scores)


def gate_of(fitted: Fitted, limits: dict[str, Any] | None = None) -> LearnedGate:
    return LearnedGate(**vars(fitted), heads=tuple(HEADS), limits=limits or {})


def is_good(example: Example) -> bool:
    """An adult's frontal radiograph as it is: what should not be refused."""
    return (
        example.view == UPRIGHT and example.fault == "" and not example.is_child and example.name.endswith("as it is")
    )


def limits_of(judged: Judged, allow: Allowances, not_for_limits: Sequence[str] = ()) -> dict[str, Any]:
    """Limits by code, from the good radiographs of all sources but those that are only measured."""
    rows = [
        row
        for row, one in enumerate(judged.examples)
        if is_good(one) and one.source not in not_for_limits and np.isfinite(judged.scores[row]).all()
    ]
    sources = np.array([judged.examples[row].source for row in rows])
    return choose_limits({code: values[rows] for code, values in judged.of_code().items()}, sources, allow)


def table(examples: Sequence[Example], qualities: Sequence[Quality], name: Callable[[Example], str]) -> dict[str, Any]:
    """By name: how many, and the shares refused, limited, warned, and refused or limited for the right reason."""
    groups: dict[str, list[tuple[Example, Quality]]] = defaultdict(list)
    for example, quality in zip(examples, qualities, strict=True):
        groups[name(example)].append((example, quality))
    return {key: _row(group) for key, group in sorted(groups.items())}


def _row(group: list[tuple[Example, Quality]]) -> dict[str, Any]:
    qualities = [quality for _, quality in group]
    return {
        "pictures": len(group),
        "refused": _share(quality.verdict is Verdict.REFUSED for quality in qualities),
        "limited": _share(quality.verdict is Verdict.LIMITED for quality in qualities),
        "warned": _share(bool(quality.warnings) for quality in qualities),
        "right_reason": _share(quality.code == _code(example) for example, quality in group),
        "right_way_up": _share(
            example.quarters == quality.quarters for example, quality in group if quality.code == "turned"
        ),
    }


def _code(example: Example) -> str:
    return "child" if example.is_child and not example.fault else example.fault.replace(" ", "-")


def _share(values: Iterable[bool]) -> float | None:
    found = list(values)
    return round(float(np.mean(found)), 4) if found else None
