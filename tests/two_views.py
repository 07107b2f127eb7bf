"""A version that reads lungs, written by the real chain with toys instead of ResNet-152 and the lung network."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diagnosis.inference.decision import Calibration, DecisionRule, OpacityRule

VERSION = "lungs-1"
FEATURES = 4 * 32
"""What the gate reads of the toy: four quarters of a map."""
RULE = DecisionRule(0.5, 0.4, 0.6)
NO_CROSSING = {"near_duplicates_crossing": 0, "groups_with_both_classes": 0}


def write_gate(folder: Path, *, features: int, refused: Sequence[str] = (), limited: Sequence[str] = ()) -> None:
    """A gate that finds the named faults in every picture, and no others."""
    from diagnosis.inference.artifacts import write_json
    from diagnosis.inference.gate import learned

    heads = ("no chest", *learned.TURNS, "inverted")
    inputs = learned.MEASURES + features
    found = {*refused, *limited}
    bias = [9.0 if head.removesuffix(" 1") in found else -9.0 for head in heads]
    np.savez_compressed(
        folder / learned.WEIGHTS,
        mean=np.zeros(inputs, np.float32),
        scale=np.ones(inputs, np.float32),
        weights=np.zeros((inputs + learned.MEASURES, len(heads)), np.float32),
        bias=np.array(bias, np.float32),
        side=np.zeros(1024, np.float32),
        centre=np.zeros(1, np.float32),
        directions=np.zeros((inputs + learned.MEASURES, 1), np.float32),
    )
    codes = ("no-chest", "turned", "inverted", "mirrored", learned.DISTANCE)
    limits = {code: {"limited": 1.0, "refused": 2.0 if code in refused else 1e9} for code in codes}
    limits["mirrored"]["limited"] = -1.0 if "mirrored" in found else 1.0  # the sides weigh nothing: its score is 0
    write_json(folder / learned.CARD, {"format": learned.FORMAT, "heads": list(heads), "limits": limits})


def write_parts(parts: Path) -> Path:
    """An untrained lung network, and a gate that finds no fault; both as a version has them."""
    from diagnosis.inference.artifacts import read_json, write_json
    from training.lungs.keeping import round_tensors, save_lungs
    from training.lungs.network import build_lung_network

    lungs = build_lung_network()
    round_tensors(lungs)
    save_lungs(parts, lungs, {"dice": {}})
    write_gate(parts, features=FEATURES)
    kind = {"pictures": 3, "refused": 0.01, "limited": 0.02, "warned": 0.03}
    figures = {"by_kind": {"adult: as it is": kind}, "by_source": {"jsrt": kind}}
    write_json(parts / "gate.json", read_json(parts / "gate.json") | figures)
    return parts


@pytest.fixture(scope="session")
def two_view_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """models/ with such a version in use. Never changed by a test: `with_gate` copies it."""
    return write_two_view_version(tmp_path_factory.mktemp("two-views"))


def with_gate(models: Path, to: Path, **faults: Any) -> Path:
    """A copy whose gate finds those faults in every picture."""
    from diagnosis.inference.artifacts import CARD, PARTS, file_sha256, read_json, write_json

    shutil.copytree(models, to)
    folder = to / VERSION
    write_gate(folder, features=FEATURES, **faults)
    card = read_json(folder / CARD)
    write_json(folder / CARD, card | {"parts": {name: file_sha256(folder / name) for name in PARTS}})
    return to


def with_appearances(models: Path, to: Path) -> Path:
    """A copy of format 4, whose head calls every picture atypical."""
    from diagnosis.inference.artifacts import (
        APPEARANCES,
        CARD,
        PARTS,
        WITH_APPEARANCES,
        file_sha256,
        read_json,
        write_json,
    )

    shutil.copytree(models, to)
    folder = to / VERSION
    width = 2 * (64 + 1) + 4 * 32 + 56
    weights, bias = np.zeros((width, 4), np.float32), np.array([0, 0, 3, 0], np.float32)
    np.savez_compressed(folder / APPEARANCES, weights=weights, bias=bias)
    card = read_json(folder / CARD)
    card["contract"]["format"] = WITH_APPEARANCES
    write_json(folder / CARD, card | {"parts": {name: file_sha256(folder / name) for name in (*PARTS, APPEARANCES)}})
    return to


def write_two_view_version(root: Path) -> Path:
    """models/ with the version in use, made by the real chain."""
    import keras

    from diagnosis.inference.artifacts import set_current_version
    from tests.training.toy_network import toy_backbone
    from training.evaluation.unseen_decision import UnseenDecision
    from training.network.architecture import HeadConfig
    from training.network.tensors import as_stored, assign_tensors
    from training.network.two_views import build_two_view_network
    from training.publishing.general import GeneralVersion, publish_general, trained_tensors

    keras.utils.set_random_seed(4)
    parts = write_parts(root / "parts")
    head = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0)
    version = GeneralVersion(
        name=VERSION,
        output=root / "models",
        network=build_two_view_network(toy_backbone("", 224), head),
        backbone="toy",
        head=head,
        parts=parts,
        decision=UnseenDecision(Calibration(), RULE, 0.1, 0.1, 0.9, True),
        opacities=OpacityRule(Calibration(), 0.3, 0.6),
        covid=[],
        sections=[],
        summary={"called_positive": 0.08, "called_negative": 0.3, "indeterminate": 0.2},
        recipe={},
        training={"command": "as the test says", "seconds": 0, "parts": {}, "refused": 0, **NO_CROSSING},
    )
    assign_tensors(version.network, as_stored(trained_tensors(version)))
    publish_general(version)
    set_current_version(version.output, VERSION)
    return version.output
