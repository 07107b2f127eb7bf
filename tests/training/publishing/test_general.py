"""A version that reads lungs: written, built again elsewhere, served with lungs, quality and opacities."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from diagnosis.errors import CorrectableRadiograph, ModelUnavailable, RadiographRejected
from diagnosis.findings import OpacityAnswer, Prediction, Verdict
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.inference.artifacts import BUILT, check_built, read_artifact
from diagnosis.inference.serving import load_classifier
from tests.trained import toy_in_place_of_resnet152
from tests.two_views import VERSION, with_appearances, with_gate

pytestmark = pytest.mark.slow


@pytest.fixture
def own(two_view_models: Path, tmp_path: Path, settings: Settings) -> Path:
    """A copy to damage, in use."""
    settings.MODELS_DIR = Path(shutil.copytree(two_view_models, tmp_path / "models"))
    return settings.MODELS_DIR


@pytest.fixture
def chest(dicom_samples: Path) -> Radiograph:
    return read_radiograph((dicom_samples / "RG1_UNCR.dcm").read_bytes())


def test_it_answers_with_lungs_and_opacities(own: Path, chest: Radiograph):
    answer = load_classifier().classify(chest)
    assert answer.quality
    assert answer.quality.verdict is Verdict.OK
    assert answer.opacities
    assert answer.opacities.answer in OpacityAnswer
    assert answer.opacities.map.shape == answer.heat_map.shape == (112, 112)
    assert answer.lungs is not None


def test_it_is_built_again_from_what_is_committed(own: Path, chest: Radiograph):
    before = load_classifier().classify(chest).raw_probability
    artifact = read_artifact(own)
    for name in (*artifact.built_files, BUILT):
        (artifact.folder / name).unlink()
    with pytest.raises(ModelUnavailable, match="has not been built"):
        check_built(artifact)
    with toy_in_place_of_resnet152():
        from training.publishing.assembly import build_served_files

        build_served_files(artifact)
    assert load_classifier().classify(chest).raw_probability == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("name", ["gate.npz", "gate.json", "lungs.json", "lungs.bin"])
def test_an_altered_part_is_not_served(own: Path, name: str):
    (own / VERSION / name).write_bytes(b"altered")
    with pytest.raises(ModelUnavailable, match=name):
        load_classifier()


def test_readers_words_come_from_the_same_pass(
    two_view_models: Path, tmp_path: Path, settings: Settings, chest: Radiograph
):
    settings.MODELS_DIR = with_appearances(two_view_models, tmp_path / "models")
    found = {one.name: one.probability for one in load_classifier().classify(chest).findings}
    assert list(found) == ["typical", "indeterminate", "atypical", "negative"]
    assert found["atypical"] == max(found.values())
    file = settings.MODELS_DIR / VERSION / "appearances.npz"
    with np.load(file) as stored:
        np.savez_compressed(file, weights=stored["weights"], bias=-stored["bias"])
    with pytest.raises(ModelUnavailable, match=r"appearances\.npz of model .* is not the one that its card names"):
        load_classifier()


def test_a_version_without_them_has_no_findings(own: Path, chest: Radiograph):
    assert load_classifier().classify(chest).findings == ()


@pytest.mark.parametrize(("code", "correction"), [("turned", "turn-90"), ("inverted", "invert")])
def test_a_refusal_says_what_would_help(
    two_view_models: Path, tmp_path: Path, settings: Settings, chest: Radiograph, code, correction
):
    settings.MODELS_DIR = with_gate(two_view_models, tmp_path / "models", refused=[code])
    with pytest.raises(CorrectableRadiograph) as refused:
        load_classifier().classify(chest)
    assert (refused.value.code, refused.value.correction) == (code, correction)


def test_no_chest_is_refused(two_view_models: Path, tmp_path: Path, settings: Settings, chest: Radiograph):
    settings.MODELS_DIR = with_gate(two_view_models, tmp_path / "models", refused=["no chest", "no-chest"])
    with pytest.raises(RadiographRejected, match="does not look like a chest radiograph"):
        load_classifier().classify(chest)


def test_limited_quality_is_indeterminate(two_view_models: Path, tmp_path: Path, settings: Settings, chest: Radiograph):
    settings.MODELS_DIR = with_gate(two_view_models, tmp_path / "models", limited=["inverted"])
    answer = load_classifier().classify(chest)
    assert answer.quality
    assert (answer.prediction, answer.confidence, answer.quality.code) == (Prediction.INDETERMINATE, None, "inverted")


def test_a_mirrored_picture_is_answered_with_a_warning(
    two_view_models: Path, tmp_path: Path, settings: Settings, chest: Radiograph
):
    settings.MODELS_DIR = with_gate(two_view_models, tmp_path / "models", limited=["mirrored"])
    quality = load_classifier().classify(chest).quality
    assert quality
    assert (quality.verdict, quality.warnings) == (Verdict.OK, ("mirrored",))


def test_maps_lie_within_the_picture(own: Path, chest: Radiograph):
    answer = load_classifier().classify(chest)
    assert answer.opacities
    for values in (answer.heat_map, answer.opacities.map):
        assert np.isfinite(values).all()
        assert 0 <= values.min() <= values.max() <= 1
