"""The model of a process, loaded before the first upload."""

import pytest
from pytest_django import Settings

from diagnosis.inference.serving import forget_classifier, loaded_version, warm
from tests.toy import ToyEngine


def test_warming_up_loads_and_runs_the_model(engine: ToyEngine) -> None:
    forget_classifier()
    warm()
    assert (loaded_version(), engine.runs) == ("toy-1", 1)


def test_without_a_model_the_site_starts_all_the_same(
    engine: ToyEngine, settings: Settings, tmp_path, caplog: pytest.LogCaptureFixture
) -> None:
    forget_classifier()
    settings.MODELS_DIR = tmp_path / "none"
    warm()
    assert "no model is loaded" in caplog.text
