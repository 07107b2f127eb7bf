"""The shipped model itself, on the radiograph that everybody can have."""

from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.artifacts import GOLDEN, Artifact, built_precision, read_json
from diagnosis.inference.engines import KerasEngine, OpenVINOEngine, open_engine
from diagnosis.inference.examination import open_examiner
from diagnosis.inference.serving import load_classifier
from training.publishing.golden import TOLERANCES, golden_answers, golden_pictures
from training.publishing.quantise import map_correlations

INT8_DIFFERENCE = 0.05
"""Of a raw probability from that of float32."""


def test_it_gives_its_golden_answers(served_model: Artifact) -> None:
    expected = read_json(served_model.folder / GOLDEN)["probabilities"]
    assert golden_answers(open_examiner(served_model, OpenVINOEngine(served_model.folder))) == pytest.approx(
        expected, abs=1e-3
    )


def test_in_int8_it_gives_the_golden_answers_of_int8(served_model: Artifact) -> None:
    """Where the build left int8 out, with a sentence, there is nothing to check."""
    if built_precision(served_model.folder) != "int8":
        pytest.skip("this machine serves float32")
    expected, float32 = (read_json(served_model.folder / GOLDEN)[name] for name in ("int8", "probabilities"))
    answers = golden_answers(open_examiner(served_model, open_engine("openvino", served_model.folder)))
    assert answers == pytest.approx(expected, abs=TOLERANCES["int8"])
    assert answers == pytest.approx(float32, abs=INT8_DIFFERENCE)


def test_the_int8_map_is_the_float32_map(served_model: Artifact) -> None:
    if built_precision(served_model.folder) != "int8":
        pytest.skip("this machine serves float32")
    engines = [open_engine(f"openvino-{name}", served_model.folder) for name in ("float32", "int8")]
    one, other = (
        [open_examiner(served_model, engine).examine(pixels) for pixels in golden_pictures()] for engine in engines
    )
    likeness = map_correlations(np.stack([each.evidence for each in one]), np.stack([each.evidence for each in other]))
    assert len(likeness) == len(golden_pictures())
    assert likeness.min() > 0.98


@pytest.mark.slow
def test_engines_agree_on_golden_images(served_model: Artifact) -> None:
    by_keras = golden_answers(open_examiner(served_model, KerasEngine(served_model.folder)))
    assert golden_answers(open_examiner(served_model, OpenVINOEngine(served_model.folder))) == pytest.approx(
        by_keras, abs=1e-4
    )


def test_file_formats_get_the_same_answer(served_model: Artifact, dicom_samples: Path) -> None:
    """The same chest in another file format gets the same answer."""
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
