"""One fitting of the learned gate, top to bottom: examples, inputs, left-out figures, limits, files."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from diagnosis.inference.artifacts import write_json
from diagnosis.inference.examination import FindsLungs
from diagnosis.inference.gate.learned import CARD, FORMAT, WEIGHTS, LearnedGate
from training.gate.collecting import Features, GatePlan, Report, examples_of_plan, read_inputs
from training.gate.fitting import fit_gate
from training.gate.judging import (
    GateData,
    Judged,
    gate_of,
    is_good,
    judge_left_out,
    kind_of,
    left_out_qualities,
    limits_of,
    table,
)

UNFINISHED = ".gate-inputs"
HALVED = ("weights", "directions")
"""Large arrays that are kept in float16."""
ARRAYS = ("mean", "scale", "weights", "bias", "side", "centre", "directions")


def train_gate(plan: GatePlan, lungs: FindsLungs, features: Features, output: Path, report: Report) -> dict[str, Any]:
    """Fit and judge the gate, write gate.npz and gate.json into ``output``; returns the card.

    Takes a pass of lung network and network for each example, some thousands. Raises DatasetError.
    """
    data = read_inputs(list(examples_of_plan(plan, lungs)), lungs, features, output / UNFINISHED, report)
    gate, card = fit_and_judge(data, plan, report)
    write_gate(output, gate, card)
    shutil.rmtree(output / UNFINISHED)
    return card


def fit_and_judge(data: GateData, plan: GatePlan, report: Report) -> tuple[LearnedGate, dict[str, Any]]:
    """The gate of all sources that may be learned from, its limits and figures from left-out ones."""
    basis, judged = judge_left_out(data, plan.recipe, report, plan.measured)
    limits = limits_of(judged, plan.allowances, plan.measured)
    rows = np.array([row for row, example in enumerate(data.examples) if example.source not in plan.measured])
    examples = [data.examples[row] for row in rows]
    fitted = fit_gate(basis, basis.reduced(data.values[rows]), data.sides[rows], examples, plan.recipe)
    gate = gate_of(fitted, limits)
    return gate, describe(plan, gate, judged)


def describe(plan: GatePlan, gate: LearnedGate, judged: Judged) -> dict[str, Any]:
    """The card: the contract that serving reads, and the figures by source and by kind."""
    qualities = left_out_qualities(judged, gate, plan.allowances, plan.measured)
    good = [row for row, example in enumerate(judged.examples) if is_good(example)]
    return {
        "format": FORMAT,
        "heads": list(gate.heads),
        "limits": {code: asdict(limits) for code, limits in sorted(gate.limits.items())},
        "recipe": asdict(plan.recipe),
        "allowances": asdict(plan.allowances) | {"limiting_only": sorted(plan.allowances.limiting_only)},
        "measured_only": sorted(plan.measured),
        "by_source": table(
            [judged.examples[row] for row in good], [qualities[row] for row in good], lambda one: one.source
        ),
        "by_kind": table(judged.examples, qualities, kind_of),
    }


def write_gate(folder: Path, gate: LearnedGate, card: dict[str, Any]) -> None:
    """gate.npz, its large arrays in float16, and gate.json."""
    stored: dict[str, Any] = {
        name: np.asarray(getattr(gate, name), np.float16 if name in HALVED else np.float32) for name in ARRAYS
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / WEIGHTS, **stored)
    write_json(folder / CARD, card)
