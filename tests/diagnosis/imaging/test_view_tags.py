"""Tags that name another view or another part of the body, and words that may mean the chest."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.gate import check_assessable
from tests.diagnosis.imaging import dicom_files as make

pytestmark = pytest.mark.filterwarnings("ignore:::pydicom")

PIXELS = make.chest_like()


def meaning(text: str, **code: str) -> Sequence:
    item = Dataset()
    item.CodeMeaning = text
    for keyword, value in code.items():
        setattr(item, keyword, value)
    return Sequence([item])


def code_of(**tags: object) -> str:
    """The code with which a radiograph with these tags is refused, or nothing."""
    try:
        check_assessable(read_radiograph(make.loosely(PIXELS, SpecificCharacterSet="ISO_IR 192", **tags)))
    except RadiographRejected as refusal:
        return refusal.code
    return ""


NO_PART = {"BodyPartExamined": None}
OTHER_VIEWS: dict[str, dict[str, object]] = {
    **{name: {"ViewPosition": name} for name in ("LL", "RL", "LATERAL", "LAT", "RAO", "LPO", "OBLIQUE")},
    "coded left lateral": {"ViewCodeSequence": meaning("left lateral")},
    "coded without words": {"ViewCodeSequence": meaning("", CodeValue="R-10236", CodingSchemeDesignator="SRT")},
    "coded in other words": {"ViewCodeSequence": meaning("de lado", CodeValue="399198007")},
    "coded oblique": {"ViewCodeSequence": meaning("antero-posterior oblique")},
    "rows to the front": {"PatientOrientation": ["A", "F"]},
    "rows to the back": {"PatientOrientation": ["P", "F"]},
    "rows half to the front": {"PatientOrientation": ["LA", "F"]},
    "described as lateral": {"SeriesDescription": "W Chest Lat."},
    "described in German": {"ProtocolName": "Thorax seitlich"},
    "described in short": {"SeriesDescription": "Thorax seitl."},
    "described without a blank": {"SeriesDescription": "ChestLat"},
    "described in Chinese": {"SeriesDescription": "胸部側面"},
}


@pytest.mark.parametrize("case", OTHER_VIEWS)
def test_another_view_is_refused(case: str) -> None:
    assert code_of(**OTHER_VIEWS[case]) == "view"


FRONTAL: dict[str, dict[str, object]] = {
    "PA": {"ViewPosition": "PA"},
    "AP": {"ViewPosition": "AP"},
    "coded": {"ViewCodeSequence": meaning("postero-anterior")},
    "coded in other words": {"ViewCodeSequence": meaning("de atrás", CodeValue="R-10214")},
    "two views of the study": {"StudyDescription": "CHEST PA AND LATERAL", "SeriesDescription": "CHEST 2 VIEWS"},
    "both in one": {"SeriesDescription": "Chest PA/LAT"},
    "PA although described otherwise": {"ViewPosition": "PA", "SeriesDescription": "LATERAL"},
    "left to foot": {"PatientOrientation": ["L", "F"]},
}


@pytest.mark.parametrize("case", FRONTAL)
def test_a_frontal_view_is_accepted(case: str) -> None:
    assert code_of(**FRONTAL[case]) == ""


OTHER_PARTS: dict[str, dict[str, object]] = {
    **{
        part: {"BodyPartExamined": part}
        for part in ("KNEE", "HAND", "TEETH", "HIP", "C-SPINE", "RODILLA", "BECKEN", "Oberschenkel")
    },
    "thoracic spine": {"BodyPartExamined": "THORACIC SPINE"},
    "coded hand": NO_PART | {"AnatomicRegionSequence": meaning("Hand")},
    "series of a knee": NO_PART | {"SeriesDescription": "KNEE LATERAL"},
    "study of a foot": NO_PART | {"StudyDescription": "Fuß in 2 Ebenen"},
    "protocol of teeth": NO_PART | {"ProtocolName": "TEETH PANORAMIC"},
    "unknown part, series of a shoulder": {"BodyPartExamined": "UNKNOWN", "SeriesDescription": "SHOULDER AP"},
    "left of something": NO_PART | {"ImageLaterality": "L"},
}


@pytest.mark.parametrize("case", OTHER_PARTS)
def test_another_part_is_refused(case: str) -> None:
    assert code_of(**OTHER_PARTS[case]) == "body-part"


@pytest.mark.parametrize(
    "part",
    ["TÓRAX", "TORACE", "LUNG", "LUNGS", "THORACIC", "UNKNOWN", "OTHER", "-", "RIBS", "BRUSTKORB", "PORTABLE", None],
)
def test_what_may_be_a_chest_is_accepted(part: str | None) -> None:
    assert code_of(BodyPartExamined=part, ViewPosition="PA") == ""


def test_the_refusal_names_the_view() -> None:
    radiograph = read_radiograph(make.dicom(PIXELS, ViewPosition="LL"))
    with pytest.raises(RadiographRejected, match="LATERAL"):
        check_assessable(radiograph)
    assert np.array_equal(radiograph.pixels, read_radiograph(make.dicom(PIXELS)).pixels)
