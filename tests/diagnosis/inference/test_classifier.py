"""A radiograph in, a classification out: decision, heat map, refusals, and one load for everybody."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from diagnosis.errors import ContractMismatch, ModelUnavailable, RadiographRejected
from diagnosis.findings import Prediction
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.inference import serving as module
from diagnosis.inference.artifacts import read_artifact, set_current_version
from diagnosis.inference.classifier import Classifier, confidence_of
from diagnosis.inference.engines import ENGINES, Engine, EngineOutput
from diagnosis.inference.preprocessing import preprocess
from diagnosis.inference.serving import (
    classifier_status,
    get_classifier,
    load_classifier,
    loaded_version,
)
from tests.toy import RULE, ToyEngine, write_toy_model
from tests.trained import VERSION
from tests.uploads import radiograph_png


@pytest.fixture(scope="session")
def chest(dicom_samples: Path) -> Radiograph:
    return read_radiograph((dicom_samples / "RG1_UNCR.dcm").read_bytes())


@pytest.fixture
def leg(dicom_samples: Path) -> Radiograph:
    return read_radiograph((dicom_samples / "RG3_UNCR.dcm").read_bytes())


@pytest.mark.parametrize(
    ("raw", "prediction", "confidence"),
    [
        (0.0, "Negative", 1.0),
        (0.1, "Negative", 0.9),
        (0.1999, "Negative", 0.8001),
        (0.2001, "Indeterminate", None),
        (0.24, "Indeterminate", None),
        (0.2799, "Indeterminate", None),
        (0.2801, "Positive", 0.2801),
        (0.9, "Positive", 0.9),
        (1.0, "Positive", 1.0),
    ],
)
def test_confidence_is_that_of_the_label(engine, chest, raw, prediction, confidence):
    """The probability decides and confidence is that of the label."""
    engine.probability = raw
    answer = get_classifier().classify(chest)
    assert answer.prediction == prediction
    assert answer.confidence == (None if confidence is None else pytest.approx(confidence, abs=1e-6))
    assert answer.probability == pytest.approx(raw, abs=1e-6)
    assert (answer.operating_point, answer.indeterminate_low, answer.indeterminate_high) == (
        RULE.operating_point,
        RULE.indeterminate_low,
        RULE.indeterminate_high,
    )


def test_no_label_has_no_confidence():
    assert confidence_of(Prediction.INDETERMINATE, 0.24) is None
    assert confidence_of(Prediction.POSITIVE, 0.3) == 0.3
    assert confidence_of(Prediction.NEGATIVE, 0.3) == 0.7


def test_a_real_model_answers_in_full(own_models, settings, chest):
    settings.INFERENCE_ENGINE = "openvino"
    answer = get_classifier().classify(chest)
    artifact = get_classifier().artifact
    assert answer.probability == pytest.approx(float(artifact.decision.calibration.apply(answer.raw_probability)))
    assert answer.prediction is artifact.decision.rule.predict(answer.probability)
    assert (answer.model_version, answer.engine) == (VERSION, "openvino-float32")
    assert answer.weights_sha256 == artifact.card["network"]["weights_sha256"]
    assert answer.milliseconds > 0
    assert answer.heat_map.shape == (7, 7)
    assert answer.heat_map.dtype == np.float32
    assert 0 <= answer.heat_map.min() <= answer.heat_map.max() <= 1


def test_the_heat_map_has_the_cards_scale(toy_models, chest):
    """The heat map is the evidence in units of the card s scale."""
    artifact = read_artifact(toy_models)
    scaled = replace(artifact, decision=replace(artifact.decision, evidence_scale=0.5))
    evidence = ToyEngine().run(np.zeros((1, 224, 224, 3))).evidence[0]
    np.testing.assert_allclose(Classifier(artifact, ToyEngine()).classify(chest).heat_map, evidence)
    np.testing.assert_allclose(Classifier(scaled, ToyEngine()).classify(chest).heat_map, np.minimum(2 * evidence, 1))


def test_unassessable_never_reaches_the_model(engine, leg):
    with pytest.raises(RadiographRejected):
        get_classifier().classify(leg)
    assert engine.runs == 0


@pytest.mark.parametrize("spoilt", ["probability", "evidence"])
def test_what_is_not_a_number_is_no_answer(engine, chest, monkeypatch, spoilt):
    probabilities, evidence = np.array([[0.3, 0.7]], np.float32), np.ones((1, 7, 7), np.float32)
    (probabilities if spoilt == "probability" else evidence)[0, 0] = np.nan
    monkeypatch.setattr(engine, "run", lambda images: EngineOutput(probabilities, evidence))
    with pytest.raises(ModelUnavailable, match="not a number"):
        get_classifier().classify(chest)


def test_sixteen_at_once_share_one_load(own_models, settings, monkeypatch):
    """Sixteen people at once get their own answers from one load."""
    settings.INFERENCE_ENGINE = "openvino"
    loads: list[Path] = []
    real = ENGINES["openvino"]

    def counted(folder: Path) -> Engine:
        loads.append(folder)
        return real(folder)

    monkeypatch.setitem(ENGINES, "openvino", counted)
    radiographs = [read_radiograph(radiograph_png(seed)) for seed in range(16)]
    start = threading.Barrier(16)

    def classify(radiograph: Radiograph) -> float:
        start.wait(30)
        return get_classifier().classify(radiograph).raw_probability

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(classify, radiographs))
    assert len(loads) == 1
    alone = load_classifier()
    expected = [alone.classify(radiograph).raw_probability for radiograph in radiographs]
    assert answers == pytest.approx(expected, abs=1e-6)
    assert len({round(answer, 9) for answer in answers}) > 8


@pytest.mark.parametrize("missing", ["current.json", f"{VERSION}/serving.bin", f"{VERSION}/model_card.json"])
def test_a_repaired_folder_works_without_a_restart(own_models, settings, chest, missing):
    settings.INFERENCE_ENGINE = "openvino"
    content = (own_models / missing).read_bytes()
    (own_models / missing).unlink()
    left = sorted(own_models.rglob("*"))
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            classifier_status()
    assert sorted(own_models.rglob("*")) == left
    assert loaded_version() is None
    (own_models / missing).write_bytes(content)
    classifier_status()
    assert get_classifier().classify(chest).model_version == VERSION


def test_a_model_of_another_program_is_not_loaded(own_models, engine_never_opened):
    card = own_models / VERSION / "model_card.json"
    card.write_text(card.read_text().replace('"image_size": 224', '"image_size": 299'))
    with pytest.raises(ContractMismatch, match="image_size 299"):
        get_classifier()


def test_a_swapped_file_is_never_opened(own_models, engine_never_opened):
    (own_models / VERSION / "model.keras").write_bytes(b"another network")
    with pytest.raises(ModelUnavailable, match=r"model\.keras of model trained-1 is missing or damaged"):
        load_classifier(engine="keras")


@pytest.fixture
def engine_never_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> Engine:
        raise AssertionError("the files were opened")

    monkeypatch.setattr(module, "open_engine", lambda name, folder: fail(folder))


def test_without_a_model_there_is_a_sentence(settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "nowhere"
    with pytest.raises(ModelUnavailable, match="No model is in use"):
        get_classifier()
    assert loaded_version() is None


def test_a_new_choice_is_followed(engine, toy_models):
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    set_current_version(toy_models, "toy-1")
    assert get_classifier().model_version == "toy-1"
    set_current_version(toy_models, "toy-2")
    assert get_classifier().model_version == loaded_version() == "toy-2"
    second = get_classifier()
    set_current_version(toy_models, "toy-2")
    assert get_classifier() is second


def test_a_version_and_an_engine_can_be_named(engine, toy_models):
    write_toy_model(toy_models, "toy-2")
    set_current_version(toy_models, "toy-1")
    assert load_classifier("toy-2").model_version == "toy-2"
    with pytest.raises(ModelUnavailable, match="no engine 'abacus'"):
        load_classifier(engine="abacus")


def test_the_preprocessing_is_the_one_of_the_card(toy_models, chest, monkeypatch):
    seen: list[np.ndarray] = []

    class Looking(ToyEngine):
        def run(self, images: np.ndarray) -> EngineOutput:
            seen.append(images)
            return super().run(images)

    artifact = read_artifact(toy_models)
    for equalise in (False, True):
        preprocessing = replace(artifact.preprocessing, equalise=equalise)
        Classifier(replace(artifact, preprocessing=preprocessing), Looking()).classify(chest)
        np.testing.assert_array_equal(seen[-1][0], preprocess(chest.pixels, preprocessing))
    assert np.any(seen[0] != seen[1])


def test_a_model_belongs_to_folder_and_engine(engine, toy_models, settings: Settings, tmp_path):
    first = get_classifier()
    write_toy_model(tmp_path / "elsewhere", "toy-1")
    settings.MODELS_DIR = tmp_path / "elsewhere"
    assert get_classifier() is not first
    settings.MODELS_DIR = toy_models
    assert get_classifier() is first
