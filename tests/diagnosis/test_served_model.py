"""The shipped model itself, on the radiograph that everybody can have."""

from pathlib import Path

import pytest

from diagnosis.artifacts import GOLDEN, Artifact, read_json
from diagnosis.classifier import load_classifier
from diagnosis.engines import KerasEngine, OpenVINOEngine
from diagnosis.errors import RadiographRejected
from diagnosis.radiograph import read_radiograph
from training.assembly import golden_answers


def test_it_gives_its_golden_answers(served_model: Artifact) -> None:
    expected = read_json(served_model.folder / GOLDEN)["probabilities"]
    assert golden_answers(served_model, OpenVINOEngine(served_model.folder)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_keras_and_openvino_agree_on_every_golden_image(served_model: Artifact) -> None:
    by_keras = golden_answers(served_model, KerasEngine(served_model.folder))
    assert golden_answers(served_model, OpenVINOEngine(served_model.folder)) == pytest.approx(by_keras, abs=1e-4)


def test_the_same_chest_in_another_file_format_gets_the_same_answer(
    served_model: Artifact, dicom_samples: Path
) -> None:
    model = load_classifier()
    answers = [
        model.classify(read_radiograph((dicom_samples / name).read_bytes()))
        for name in ("RG1_UNCR.dcm", "RG1_J2KR.dcm")
    ]
    assert answers[0].probability == pytest.approx(answers[1].probability, abs=1e-6)
    assert answers[0].heat_map.max() > 0


def test_a_leg_gets_a_reason_and_no_label(served_model: Artifact, dicom_samples: Path) -> None:
    with pytest.raises(RadiographRejected, match="EXTREMITY"):
        load_classifier().classify(read_radiograph((dicom_samples / "RG3_UNCR.dcm").read_bytes()))
