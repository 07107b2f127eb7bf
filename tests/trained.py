"""A version of the model that the real chain of training made, with a toy instead of ResNet-152.

Everything else is real: data, split, cache, both stages, evaluation, card, plots, Keras model and OpenVINO graph.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pytest_django import Settings

from diagnosis.inference import serving as classifier
from diagnosis.inference.artifacts import set_current_version

VERSION = "trained-1"


@dataclass(frozen=True)
class TrainedVersion:
    """Never changed by a test: `own_models` is a copy to be damaged."""

    models_dir: Path
    data: Path
    cache: Path

    @property
    def folder(self) -> Path:
        return self.models_dir / VERSION


@contextmanager
def toy_in_place_of_resnet152() -> Iterator[None]:
    """Training and assembly build the toy, whatever weights they are told."""
    from tests.training.toy_network import toy_backbone

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.runner.build_backbone", toy_backbone)
        patch.setattr("training.publishing.assembly.build_backbone", toy_backbone)
        yield


@pytest.fixture(scope="session")
def trained_version(tmp_path_factory: pytest.TempPathFactory) -> TrainedVersion:
    """Two stages of one epoch on 20 + 20 radiographs, each with one augmented view, and a Test folder of 3 + 3."""
    from tests.training.radiographs import write_dataset
    from training.fitting.plan import Plan
    from training.fitting.recipe import PAPER
    from training.progress import Progress
    from training.runner import train

    root = tmp_path_factory.mktemp("trained")
    made = TrainedVersion(root / "models", write_dataset(root / "data", 20, 3), root / "cache")
    recipe = replace(PAPER, epochs=1, fine_tune_epochs=1, batch_size=8, learning_rate=1e-3, views=1)
    with toy_in_place_of_resnet152(), Progress() as progress:
        train(Plan(recipe, made.data, made.models_dir, VERSION, made.cache, command="as the test says"), progress)
    set_current_version(made.models_dir, VERSION)
    return made


@pytest.fixture
def own_models(trained_version: TrainedVersion, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """The trained version in a folder of models that the test may damage, and that is in force."""
    settings.MODELS_DIR = Path(shutil.copytree(trained_version.models_dir, tmp_path / "models"))
    yield settings.MODELS_DIR
    classifier.forget_classifier()
