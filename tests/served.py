"""The model that the site serves: the one in models/, as `make test` and `make run` build it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from diagnosis.errors import ModelUnavailable
from diagnosis.inference import serving as classifier
from diagnosis.inference.artifacts import Artifact, check_built, read_artifact


@pytest.fixture
def served_model(settings: Settings, project: Path) -> Iterator[Artifact]:
    """The served version, on the default engine. Skipped where it is not built, except under `make test`."""
    settings.MODELS_DIR, settings.INFERENCE_ENGINE = project / "models", "openvino"
    artifact = read_artifact(settings.MODELS_DIR)
    try:
        check_built(artifact)
    except ModelUnavailable as error:
        pytest.fail(str(error)) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(str(error))
    yield artifact
    classifier.forget_classifier()
