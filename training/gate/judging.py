"""Figures of the gate: each source and each kind of picture judged by heads that had not seen them.

Left out in turn: every source of adult radiographs with all that was made of it; every kind of picture without a chest.
"""

import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from diagnosis.findings import Verdict
from diagnosis.inference.gate.learned import DISTANCE, MIRRORED, LearnedGate, Quality, is_filled, scores_by_code
from training.gate.examples import LATERAL, NO_CHEST, UPRIGHT, Example
from training.gate.fitting import HEADS, Basis, Fitted, GateRecipe, fit_basis, fit_gate
from training.gate.limits import Allowances, choose_limits

CERTAINLY = 5.0
"""Log-odds above which a radiograph of the collections is taken for turned indeed."""
NEARLY_NONE = 0.005
ROOM = 2.0
"""How much lower than nearly all pictures with a fault a limit may lie, in log-odds."""
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class GateData:
    """values: (n, d), sides: (n, 1024), both of GateInputs. examples: (n,)."""

    values: np.ndarray
    sides: np.ndarray
    examples: Sequence[Example]


@dataclass(frozen=True)
class Judged:
    """examples: (n,). scores: (n, heads + 2), each row of heads that the example's source gave nothing to.

    filled: (n,) bool, where both lungs fill the picture.
    """

    examples: Sequence[Example]
    scores: np.ndarray
    filled: np.ndarray

    def of_code(self) -> dict[str, np.ndarray]:
        """Scores by code, each (n,)."""
        return scores_by_code(dict(zip((*HEADS, MIRRORED, DISTANCE), self.scores.T, strict=True)))


def left_out_folds(examples: Sequence[Example]) -> list[np.ndarray]:
    """Rows that are left out together: in each fold one source of radiographs, with a share of the kinds of no chest.

    Laterals are two halves, so that each is judged by heads that saw the other.
    """
    names = [_group(example) for example in examples]
    sources = sorted({name for name, example in zip(names, examples, strict=True) if example.view == UPRIGHT})
    others = sorted(set(names) - set(sources))
    folds = [{source, *others[number :: len(sources)]} for number, source in enumerate(sources)]
    return [np.array([row for row, name in enumerate(names) if name in fold]) for fold in folds]


def _group(example: Example) -> str:
    half = zlib.crc32(example.name.split()[0].encode()) % 2 if example.view == LATERAL else ""
    return f"{example.source} {half}".strip()


def judge_left_out(
    data: GateData, recipe: GateRecipe, report: Progress, measured: frozenset[str] = frozenset()
) -> tuple[Basis, Judged]:
    """Fit once without each fold, and score the fold; the basis, which has no labels, is that of all.

    measured: sources that are scored, and never learned from.
    """
    learned = np.array([row for row, example in enumerate(data.examples) if example.source not in measured])
    basis = fit_basis(data.values[learned], [data.examples[row] for row in learned], recipe)
    reduced = basis.reduced(data.values)
    scores = np.full((len(data.examples), len(HEADS) + 2), np.nan)
    folds = left_out_folds(data.examples)
    for done, rows in enumerate(folds, start=1):
        others = np.setdiff1d(learned, rows)
        fitted = fit_gate(basis, reduced[others], data.sides[others], [data.examples[row] for row in others], recipe)
        scores[rows] = gate_of(fitted).scores(data.values[rows], data.sides[rows])
        report(done, len(folds), "")
    return basis, Judged(data.examples, scores, np.array([is_filled(values) for values in data.values]))


def gate_of(fitted: Fitted, limits: dict[str, Any] | None = None) -> LearnedGate:
    return LearnedGate(**vars(fitted), heads=tuple(HEADS), limits=limits or {})


def is_good(example: Example) -> bool:
    """An adult's frontal radiograph as it is: what should not be refused."""
    return (
        example.view == UPRIGHT and example.fault == "" and not example.is_child and example.name.endswith("as it is")
    )


def kind_of(example: Example) -> str:
    """What is wrong with the picture, as the card's table names it."""
    if example.view == NO_CHEST:
        return f"no chest: {example.source}"
    if example.view == LATERAL:
        return "lateral"
    return f"{'child' if example.is_child else 'adult'}: {example.name.partition(' ')[2]}"


def limits_of(judged: Judged, allow: Allowances, not_for_limits: Collection[str] = ()) -> dict[str, Any]:
    """Limits by code, from the good radiographs of all sources but those that are only measured.

    Radiographs that lie upside down in the collections themselves (two of 2,500) say nothing about false alarms.
    """
    scores = judged.of_code()
    rows = [
        row
        for row, one in enumerate(judged.examples)
        if is_good(one) and one.source not in not_for_limits and scores["turned"][row] < CERTAINLY
    ]
    sources = np.array([judged.examples[row].source for row in rows])
    needed = needed_scores(judged, not_for_limits)
    return choose_limits({code: values[rows] for code, values in scores.items()}, sources, allow, needed)


def left_out_qualities(
    judged: Judged, gate: LearnedGate, allow: Allowances, measured: Collection[str]
) -> list[Quality]:
    """The verdict on each example, under limits that were chosen without its source, too."""
    sources = np.array([example.source for example in judged.examples])
    qualities: dict[int, Quality] = {}
    with_good = {example.source for example in judged.examples if is_good(example)}
    for source in np.unique(sources):
        is_strict = source in with_good
        strict = replace(gate, limits=limits_of(judged, allow, {*measured, str(source)})) if is_strict else gate
        for row in np.flatnonzero(sources == source):
            qualities[int(row)] = strict.judge(judged.scores[row], is_filled=bool(judged.filled[row]))
    return [qualities[row] for row in range(len(sources))]


def needed_scores(judged: Judged, not_for_limits: Collection[str]) -> dict[str, float]:
    """By code of a fault that radiographs were given: a score that all but 1 in 200 of them exceed, with some room.

    Not for what comes in kinds that no one can list: pictures without a chest, and those unlike any.
    """
    scores, rows = judged.of_code(), defaultdict(list)
    for row, example in enumerate(judged.examples):
        if example.view == UPRIGHT and example.fault and example.source not in not_for_limits:
            rows[example.fault].append(row)
    return {
        code: float(np.quantile(values[rows[code]], NEARLY_NONE)) - ROOM
        for code, values in scores.items()
        if rows[code]
    }


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
