"""Golden images: a real radiograph that everybody can have, and pictures made from it, with known answers."""

import numpy as np
from data_store import DataStore

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import CLASS_NAMES
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.artifacts import GOLDEN, Artifact, read_json
from diagnosis.inference.examination import Examiner
from training.data.augmentation import augmented

SAMPLE = "RG1_UNCR.dcm"
"""A chest radiograph of the package pydicom-data (MIT licence)."""
VIEWS = 8
TOLERANCES = {"probabilities": 1e-3, "int8": 0.02}
"""Largest difference of a raw probability from the golden one, by the name of the answers in golden.json.

float32 engines differ by less than 1e-4. In int8 a difference in the last digit can move a value to the next step.
"""


def golden_pictures() -> list[np.ndarray]:
    """The radiograph and its augmented views, each (height, width) uint8."""
    content = (DataStore().data_path / SAMPLE).read_bytes()
    pixels = read_radiograph(content).pixels
    return [augmented(pixels, SAMPLE, view) for view in range(VIEWS)]


def golden_answers(examiner: Examiner) -> list[float]:
    """Raw COVID probability of each golden picture, in order; with lungs then the mean opacity, then the findings.

    Of more classes than two, then the raw probabilities of the others.
    """
    examined = [examiner.examine(pixels) for pixels in golden_pictures()]
    seen = [one.seen for one in examined if one.seen]
    findings = [finding.probability for one in seen for finding in one.findings]
    classes = [float(share) for one in examined if len(one.all_raw) > len(CLASS_NAMES) for share in one.all_raw[1:]]
    return [one.raw for one in examined] + [one.opacity_mean for one in seen] + findings + classes


def check_golden(artifact: Artifact, examiner: Examiner, name: str = "probabilities") -> None:
    """Raise ModelUnavailable unless the version answers the golden pictures as it did when it was made.

    name: of the answers, a key of TOLERANCES.
    """
    answers = np.array(golden_answers(examiner))
    expected = golden_probabilities(artifact, len(answers), name)
    differences = np.abs(answers - expected)
    if not (differences <= TOLERANCES[name]).all():  # written so that what is not a number differs too
        raise ModelUnavailable(
            f"Model {artifact.version} does not give its golden answers on this machine: they differ by up to "
            f"{differences.max():.4f}. It was not installed."
        )


def golden_probabilities(artifact: Artifact, number: int, name: str) -> np.ndarray:
    """The answers kept with the version, (number,). Raises ModelUnavailable when they are not that many numbers."""
    try:
        expected = np.array(read_json(artifact.folder / GOLDEN)[name], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{GOLDEN} of model {artifact.version} is damaged: {error!r}.") from error
    if expected.shape != (number,):
        raise ModelUnavailable(f"{GOLDEN} of model {artifact.version} does not hold {number} answers.")
    return expected
