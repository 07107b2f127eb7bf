"""Fitting of the gate's heads and limits on toy features, in which each fault has a direction of its own."""

import numpy as np
import pytest

from diagnosis.inference.gate.learned import MEASURES, scores_by_code
from training.gate.examples import NO_CHEST, UPRIGHT, Example
from training.gate.fitting import (
    HEADS,
    UNASKED,
    GateRecipe,
    balanced,
    fit_basis,
    fit_distance,
    fit_gate,
    fit_head,
    fit_side,
    truths_of,
)
from training.gate.judging import GateData, gate_of, judge_left_out, left_out_folds, limits_of, needed_scores
from training.gate.limits import NEVER, Allowances, by_source, choose_limits, mean_over_sources, quantile_over_sources

RNG = np.random.default_rng(0)
FAULTS: tuple[str, ...] = (
    "",
    "turned 1",
    "turned 2",
    "turned 3",
    "inverted",
    "mirrored",
    "cut",
    "several",
    "screenshot",
)
FAULTS += ("photographed", "blurred", "noisy", "dark", "bright", NO_CHEST, "lateral", "child")


def example(fault: str, source: str = "a") -> Example:
    view = fault if fault in (NO_CHEST, "lateral") else UPRIGHT
    quarters = int(fault[-1]) if fault.startswith("turned") else 0
    named = "turned" if quarters else "" if fault == "child" else fault
    flags = {"is_mirrored": fault == "mirrored", "is_inverted": fault == "inverted", "is_child": fault == "child"}
    name = f"{source}/1 {fault or 'as it is'}"
    return Example(name, source, lambda: np.zeros((1, 1), np.uint8), view, named, quarters, **flags)


RECIPE = GateRecipe(components=100, strength=1.0, measures_weight=1.0, directions=10)


@pytest.fixture(scope="module")
def data() -> GateData:
    """30 examples of each fault from two sources; each fault moves one feature, and mirroring the sides."""
    made = [(fault, example(fault, source)) for fault in FAULTS for source in "ab" for _ in range(15)]
    values = RNG.normal(size=(len(made), MEASURES + 40)).astype(np.float32)
    sides = RNG.normal(1, 1, size=(len(made), 8))
    for row, (fault, one) in enumerate(made):
        values[row, MEASURES + FAULTS.index(fault)] += 6 if fault else 0
        sides[row] *= -1 if one.is_mirrored else 1
    return GateData(values, sides, [one for _, one in made])


def test_each_head_finds_its_fault(data: GateData):
    basis = fit_basis(data.values, data.examples, RECIPE)
    fitted = fit_gate(basis, basis.reduced(data.values), data.sides, data.examples, RECIPE)
    scores = gate_of(fitted).scores(data.values, data.sides)
    for column, head in enumerate(HEADS.values()):
        truths = truths_of(head, data.examples)
        right = (scores[:, column] > 0) == truths
        assert right[truths != UNASKED].mean() > 0.95
    mirrored = np.array([one.is_mirrored for one in data.examples])
    assert ((scores[:, len(HEADS)] > 0) == mirrored).mean() > 0.95


def test_each_source_is_left_out_once(data: GateData):
    folds = left_out_folds(data.examples)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(data.examples)))
    assert [{data.examples[row].source for row in fold} for fold in folds] == [{"a"}, {"b"}]


def test_left_out_scores_and_limits(data: GateData):
    _, judged = judge_left_out(data, RECIPE, lambda done, total, note: None)
    assert np.isfinite(judged.scores).all()
    assert needed_scores(judged, ()).keys() >= {"turned", "inverted", "mirrored", "cut"}
    limits = limits_of(judged, Allowances())
    assert limits["turned"].limited <= limits["turned"].refused
    assert limits["mirrored"].refused == NEVER


def test_without_examples_a_head_says_no():
    kernel, bias = fit_head(np.ones((3, 2)), np.zeros(3), [example("")] * 3, RECIPE)
    assert (kernel.tolist(), bias < -5) == ([0, 0], True)


def test_the_heart_s_side():
    sides = RNG.normal(1, 0.5, size=(50, 4))
    side = fit_side(sides, np.full(50, 1 / 50), RECIPE)
    assert (sides @ side < 0).mean() > 0.95


def test_heads_learn_nothing_from_what_does_not_apply():
    assert HEADS["turned 1"](example(NO_CHEST)) == UNASKED
    assert HEADS["turned 1"](example("turned 1")) == 1
    assert HEADS["turned 1"](example("turned 2")) == 0
    assert HEADS["child"](example("child")) == 1


def test_sources_weigh_the_same():
    weights = balanced(np.array(["a", "a", "a", "b"]))
    assert weights.tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_the_distance_is_one_on_average():
    reduced = RNG.normal(size=(400, 6)) * [1, 2, 3, 1, 1, 1] + 5
    centre, directions = fit_distance(reduced, np.full(400, 1 / 400), GateRecipe(directions=4, shrinkage=0))
    white = (reduced - centre) @ directions
    np.testing.assert_allclose(white.T @ white / 400, np.eye(4), atol=1e-6)


def test_a_limit_is_no_lower_than_needed():
    sources, scores = np.repeat(["a", "b"], 500), {"turned": RNG.normal(size=1000), "mirrored": RNG.normal(size=1000)}
    limits = choose_limits(scores, sources, Allowances(), {"turned": 9.0})
    assert (limits["turned"].limited, limits["turned"].refused) == (9.0, 9.0)


def test_limits_keep_to_what_is_allowed():
    sources = np.repeat(["a", "b", "c"], 1000)
    scores = {code: RNG.normal(size=3000) for code in ("turned", "cut", "child", "mirrored")}
    allow = Allowances(refused=0.01, limited=0.05, warned=0.02)
    limits = choose_limits(scores, sources, allow)
    above = {
        kind: np.any([scores[code] > getattr(limits[code], kind) for code in scores if code != "mirrored"], axis=0)
        for kind in ("limited", "refused")
    }
    assert mean_over_sources(above["refused"], sources) <= 0.01
    assert 0.04 < mean_over_sources(above["limited"], sources) <= 0.05
    assert limits["child"].refused == limits["mirrored"].refused == NEVER
    assert (scores["mirrored"] > limits["mirrored"].limited).mean() == pytest.approx(0.02, abs=0.002)
    assert all(one.limited <= one.refused for one in limits.values())


def test_a_small_source_counts_as_much_as_a_large_one():
    values, sources = np.array([0.0] * 99 + [1.0] * 1), np.array(["large"] * 99 + ["small"])
    assert quantile_over_sources(values, sources, 0.4) == 0
    assert quantile_over_sources(values, sources, 0.6) == 1
    assert by_source(values, sources) == {"large": 0.0, "small": 1.0}


def test_the_three_turns_are_one_code():
    scores = scores_by_code({"turned 1": 1.0, "turned 2": 3.0, "turned 3": 2.0, "no chest": -1.0})
    assert scores == {"turned": 3.0, "no-chest": -1.0}
