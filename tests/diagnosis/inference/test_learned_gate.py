"""The learned gate: scores, limits, which fault is named, sentences, files."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import ModelUnavailable, RadiographRejected
from diagnosis.findings import Verdict
from diagnosis.inference.artifacts import write_json
from diagnosis.inference.gate.learned import (
    CARD,
    DISTANCE,
    FORMAT,
    MEASURES,
    MIRRORED,
    PRECEDENCE,
    TURNS,
    WARNED_ONLY,
    WEIGHTS,
    LearnedGate,
    Limits,
    PooledFeatures,
    Quality,
    gate_inputs,
    read_gate,
)
from diagnosis.inference.gate.sentences import SENTENCES, refuse
from diagnosis.inference.lungs import SIDE, read_lung_fields

HEADS = ("no chest", *TURNS)
CODES = ("no-chest", "turned", "mirrored", DISTANCE)
FEATURES = 3
FLAT = PooledFeatures(np.ones((1, FEATURES), np.float32))
INPUTS = MEASURES + FEATURES
ARRAYS = ("mean", "scale", "weights", "bias", "side", "centre", "directions")


def gate() -> LearnedGate:
    """Heads that are all 0 for every picture; limits at 1 and 2."""
    return LearnedGate(
        mean=np.zeros(INPUTS),
        scale=np.ones(INPUTS),
        heads=HEADS,
        weights=np.zeros((INPUTS + MEASURES, len(HEADS))),
        bias=np.zeros(len(HEADS)),
        side=np.zeros(1024),
        centre=np.zeros(FEATURES),
        directions=np.eye(INPUTS + MEASURES)[:, MEASURES:INPUTS],
        limits={code: Limits(1, 1e9 if code in WARNED_ONLY else 2) for code in CODES},
    )


def judged(**scores: float) -> Quality:
    names = (*HEADS, MIRRORED, DISTANCE)
    return gate().judge(np.array([scores.get(name.replace(" ", "_"), 0.0) for name in names]))


def test_a_picture_without_faults_is_ok():
    quality = judged()
    assert (quality.verdict, quality.code, quality.warnings) == (Verdict.OK, "", ())
    assert quality.scores["turned"] == -1


@pytest.mark.parametrize(("score", "verdict"), [(1.0, Verdict.OK), (1.5, Verdict.LIMITED), (2.5, Verdict.REFUSED)])
def test_limits(score: float, verdict: Verdict):
    assert judged(no_chest=score).verdict is verdict


def test_the_way_back_upright():
    quality = judged(turned_1=1.2, turned_3=2.1)
    assert (quality.verdict, quality.code, quality.quarters) == (Verdict.REFUSED, "turned", 3)
    assert judged(no_chest=3, turned_3=3).quarters == 0


def test_a_refusal_goes_before_a_limit():
    assert judged(no_chest=1.5, turned_2=2.5).code == "turned"
    assert judged(no_chest=2.5, turned_2=2.5).code == "no-chest"


def test_mirrored_only_warns():
    quality = judged(mirrored=50)
    assert (quality.verdict, quality.code, quality.warnings) == (Verdict.OK, "", ("mirrored",))


def test_what_is_not_a_number_is_refused():
    assert judged(unlike=float("nan")).verdict is Verdict.REFUSED


def test_scores_are_heads_and_distance():
    one = gate()
    one.weights[MEASURES, 0], one.weights[-1, 1], one.side[5] = 2, 1, 3
    sides = np.zeros((1, 1024))
    sides[0, 5] = 0.5
    inputs = np.zeros((1, INPUTS))
    inputs[0, MEASURES] = 3
    inputs[0, MEASURES - 1] = -100  # clipped to -5, its square is 25
    np.testing.assert_allclose(one.scores(inputs, sides)[0], [6, 25, 0, 0, 1.5, np.sqrt(9 / 3)])


def test_a_picture_is_assessed():
    lungs = read_lung_fields(np.full((SIDE, SIDE), 0.1, np.float32))
    pixels = np.random.default_rng(0).integers(0, 255, (120, 100)).astype(np.uint8)
    inputs = gate_inputs(pixels, lungs, FLAT)
    assert (inputs.values.shape, inputs.sides.shape) == ((INPUTS,), (1024,))
    assert gate().assess(pixels, lungs, FLAT).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("height", "width", "verdict"),
    [(70, 62, Verdict.LIMITED), (70, 50, Verdict.REFUSED), (60, 62, Verdict.REFUSED)],
)
def test_what_both_lungs_fill_is_not_refused_as_a_screenshot(height: int, width: int, verdict: Verdict):
    """Wide radiographs of a collection that the gate did not know were."""
    probability = np.zeros((SIDE, SIDE), np.float32)
    for left in (10, 10 + width - width // 3):
        probability[10 : 10 + height, left : left + width // 3] = 1
    one = dataclasses.replace(
        gate(), heads=(*TURNS, "screenshot"), bias=np.array([0, 0, 0, 5]), limits={"screenshot": Limits(1, 2)}
    )
    quality = one.assess(np.zeros((96, 150), np.uint8), read_lung_fields(probability), FLAT)
    assert (quality.verdict, quality.code) == (verdict, "screenshot")


def test_every_code_has_a_sentence():
    assert {*PRECEDENCE, *WARNED_ONLY} == set(SENTENCES)
    assert all(sentence.endswith(".") and len(sentence) < 200 for sentence in SENTENCES.values())


def test_refused_is_an_error_and_limited_is_none():
    refuse(Quality(Verdict.LIMITED, "blurred"))
    with pytest.raises(RadiographRejected, match="turned") as error:
        refuse(Quality(Verdict.REFUSED, "turned", 1))
    assert error.value.code == "turned"


def written(folder: Path, **changes: object) -> Path:
    one = gate()
    np.savez(folder / WEIGHTS, **{name: getattr(one, name) for name in ARRAYS})
    limits = {code: dataclasses.asdict(limit) for code, limit in one.limits.items()}
    write_json(folder / CARD, {"format": FORMAT, "heads": list(one.heads), "limits": limits} | changes)
    return folder


def test_files_give_the_same_gate(tmp_path: Path):
    one, other = gate(), read_gate(written(tmp_path))
    assert (one.heads, one.limits) == (other.heads, other.limits)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_damaged_files_are_refused(tmp_path: Path):
    written(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"not an archive")
    with pytest.raises(ModelUnavailable, match="damaged"):
        read_gate(tmp_path)


@pytest.mark.parametrize("changes", [{"format": 99}, {"limits": {"turned": {}}}, {"heads": None}])
def test_a_card_that_says_something_else_is_refused(tmp_path: Path, changes: dict[str, object]):
    with pytest.raises(ModelUnavailable, match="damaged"):
        read_gate(written(tmp_path, **changes))
