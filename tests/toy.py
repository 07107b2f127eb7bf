"""A model folder that is right in every check, and an engine that answers what the test tells it.

Only the network is missing: reading, gate, preprocessing, calibration and decision are the real ones.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from diagnosis.findings import CLASS_NAMES
from diagnosis.inference import serving as classifier
from diagnosis.inference.artifacts import (
    BUILT_FILES,
    CARD,
    ONE_NETWORK,
    read_artifact,
    set_current_version,
    write_built,
    write_json,
)
from diagnosis.inference.contract import IMAGE_SIZE, Preprocessing
from diagnosis.inference.decision import Calibration, Decision, DecisionRule
from diagnosis.inference.engines import ENGINES, EngineOutput

RULE = DecisionRule(operating_point=0.24, indeterminate_low=0.2, indeterminate_high=0.28)


@dataclasses.dataclass
class ToyEngine:
    """Answers `probability` for every image, with evidence that grows to the lower right; or raises `fault`."""

    probability: float = 0.31
    fault: Exception | None = None
    runs: int = 0
    seen: np.ndarray | None = None
    name: str = "toy"

    def run(self, images: np.ndarray) -> EngineOutput:
        self.runs += 1
        self.seen = images
        if self.fault:
            raise self.fault
        probabilities = np.array([[self.probability, 1 - self.probability]] * len(images), dtype=np.float32)
        evidence = np.outer(np.linspace(0, 1, 7), np.linspace(0, 1, 7)).astype(np.float32)
        return EngineOutput(probabilities, np.stack([evidence] * len(images)))


def write_toy_model(models_dir: Path, version: str, weights_sha256: str = "ab" * 32) -> None:
    """Write a version folder whose hashes and contract are right, and serve it."""
    folder = models_dir / version
    folder.mkdir(parents=True)
    card = {
        "contract": {
            "format": ONE_NETWORK,
            "class_names": list(CLASS_NAMES),
            "image_size": IMAGE_SIZE,
            "preprocessing": Preprocessing().as_dict(),
        },
        "decision": Decision(Calibration(), RULE, evidence_scale=1.0).as_dict(),
        "network": {"weights_sha256": weights_sha256},
    }
    write_json(folder / CARD, card)
    built = models_dir / "built"
    built.mkdir()
    for name in BUILT_FILES:
        (built / name).write_text("nothing that the toy engine reads")
    write_built(read_artifact(models_dir, version), built)
    built.rmdir()
    set_current_version(models_dir, version)


@pytest.fixture
def toy_models(settings: Settings, tmp_path: Path) -> Path:
    """The folder of models in force, with version `toy-1` in use."""
    settings.MODELS_DIR = tmp_path / "models"
    write_toy_model(settings.MODELS_DIR, "toy-1")
    return settings.MODELS_DIR


@pytest.fixture
def engine(toy_models: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyEngine]:
    """The engine of the served toy model."""
    toy = ToyEngine()
    monkeypatch.setitem(ENGINES, toy.name, lambda folder: toy)
    settings.INFERENCE_ENGINE = toy.name
    yield toy
    classifier.forget_classifier()
