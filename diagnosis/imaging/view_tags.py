"""What the tags say of view and body part: lateral, oblique, knee, hand … or what may be a frontal chest.

Only what is surely something else is named: a hospital's own word may mean the chest, and the picture decides.
"""

import re
import unicodedata
from dataclasses import dataclass

from pydicom.dataset import Dataset

from diagnosis.imaging.orientation import orientation_letters
from diagnosis.imaging.tag_texts import tag_text

VIEW_TAGS = (
    "ViewPosition",
    "ViewCodeSequence",
    "PatientOrientation",
    "BodyPartExamined",
    "AnatomicRegionSequence",
    "Laterality",
    "ImageLaterality",
    "SeriesDescription",
    "StudyDescription",
    "ProtocolName",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "AcquisitionDeviceProcessingDescription",
)
_OF_THE_PICTURE = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_OF_THE_STUDY = ("StudyDescription", "RequestedProcedureDescription", "PerformedProcedureStepDescription")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LATERAL = _listed("LL RL LAT LATERAL LATERALE LATERALES SEITLICH PROFIL PROFILE PERFIL LATERO LLAT RLAT SEITENBILD")
_OBLIQUE = _listed("OBL OBLIQUE OBLICUA OBLIQUA OBLIQUO SCHRAG SCHRAEG RAO LAO RPO LPO RLO LLO")
_FRONTAL = _listed("PA AP FRONTAL FRONT FACE DV VD POSTEROANTERIOR ANTEROPOSTERIOR")
_LATERAL_WITHIN = ("LATERAL", "SEITL", "側", "侧", "БОКОВ", "جانبي")
"""Within words, and in languages that write none of these letters between blanks."""
_SECOND_VIEW = re.compile(r"\b2\. ?EBENE\b")
_SEVERAL_VIEWS = re.compile(r"\b(2|TWO|3|THREE)\s*(V|VIEWS?|EBENEN|PROJ\w*)\b")

# CID 4010 of PS3.16, by their codes of SNOMED RT and CT: the meaning may be missing, or in any language.
_VIEW_CODES = (
    dict.fromkeys(_listed("R-10202 R-10206 R-10214 R-40888 399033003 399348003 272479007"), "FRONTAL")
    | dict.fromkeys(
        _listed("R-10232 R-10236 R-102CD R-10224 R-10228 399198007 399173006 399067008 399260004 399352003"), "LATERAL"
    )
    | dict.fromkeys(
        _listed(
            """
            R-10204 R-10208 R-10210 R-10212 R-10216 R-10220 R-10226 R-10230 R-10234 R-10238 R-102C1 R-40782 R-40783
            R-40985 399160007 399312000 399038007 399006002 399059000 399135007 399368009 399099002 399236003
            399184004 399182000 260426006 260427002 399356000
            """
        ),
        "OBLIQUE",
    )
)

# Beginnings of words, without accents: English, German, French, Spanish, Italian, Portuguese.
_CHEST = _listed("CHEST THORA TORA LUNG PULM BRUST PECHO POUMON POLMON CXR RIB COSTA CARDIO HEART HERZ MEDIASTIN")
_WITHIN = _listed(
    """
    SPINE SPINAL WIRBEL RACHIS COLUMNA COLONNA VERTEBR SKOLIO SCOLIO
    SCHENKEL SCHLUSSELBEIN SCHLUESSELBEIN NASENBEIN STEISSBEIN KREUZBEIN WHOLEBODY GANZKORPER GANZKOERPER
    """
)
"""Also within words, where the rest of them does not say the chest."""
_OTHER = _WITHIN | _listed(
    """
    KNEE KNIE GENOU RODILLA GINOCCHIO JOELHO PATELLA HAND MANO FINGER THUMB WRIST POIGNET MUNECA POLSO
    FOOT FEET FUSS PIED PIEDE CALCAN ANKLE SPRUNGGEL CHEVILLE TOBILLO CAVIGLIA TIBIA FIBULA LEG THIGH FEMUR
    TOOTH TEETH DENTAL ZAHN JAW MANDIB MAXILLA KIEFER PANORAM BITEWING
    SKULL SCHADEL CRAN HEAD KOPF SINUS ORBIT NASAL FACIAL NECK HALS CERVIC
    SHOULDER SCHULTER EPAULE HOMBRO SPALLA OMBRO CLAVIC SCAPULA HUMER OBERARM UNTERARM FOREARM
    ELBOW ELLBOGEN ELLENBOGEN COUDE CODO GOMITO COTOVELO RADIUS ULNA EXTREMIT LIMB
    STERNUM ZEHE FERSE SCHEDEL VOET HEUP PIERNA JAMBE
    PELVI BECKEN BASSIN BACINO HUFT HUEFT HANCHE CADERA SACRUM COCCYX LUMB
    ABDOM KUB BOWEL KIDNEY BREAST MAMMO PHANTOM
    """
)
_OTHER_WORDS = _listed("HIP ARM TOE EYE EAR CSPINE TSPINE LSPINE LWS HWS BWS ASP MAO PIE OPG OPT BEIN")


@dataclass(frozen=True)
class ViewTags:
    """What the file names that is no frontal chest; each empty where it names none."""

    other_view: str = ""
    """"LATERAL" or "OBLIQUE", or as the file says it."""
    other_part: str = ""
    """As the file says it."""


NO_TAGS = ViewTags()


def view_tags(dataset: Dataset) -> ViewTags:
    """Read the tags about view and body part."""
    return ViewTags(_other_view(dataset), _other_part(dataset))


def _other_view(dataset: Dataset) -> str:
    coded = _VIEW_CODES.get(_of_first_code(dataset, "ViewCodeSequence", "CodeValue").upper(), "")
    described = _named_view(_of_first_code(dataset, "ViewCodeSequence", "CodeMeaning"))
    for named in (_named_view(tag_text(dataset, "ViewPosition")), coded, described):
        if named:
            return "" if named == "FRONTAL" else named
    if named := _of_orientation(orientation_letters(dataset)):
        return named
    named = next(filter(None, (_named_view(tag_text(dataset, keyword)) for keyword in _OF_THE_PICTURE)), "")
    return "" if named == "FRONTAL" else named


def _of_orientation(letters: list[str]) -> str:
    """Rows or columns that run to the front or the back of the patient: a lateral; rows that partly do: an oblique."""
    if not letters:
        return ""
    if {letters[0][0], letters[1][0]} & set("AP"):
        return "LATERAL"
    return "OBLIQUE" if set(letters[0]) & set("AP") else ""


def _named_view(text: str) -> str:
    """FRONTAL, LATERAL or OBLIQUE where the words name just one of them, frontal where they name several."""
    plain = _plain(text)
    words = set(re.split(r"[^A-Z0-9]+", plain))
    if "OBLIQ" in plain or words & _OBLIQUE:
        return "OBLIQUE"
    if words & _FRONTAL or "ANTERO" in plain or "POSTERO" in plain or _SEVERAL_VIEWS.search(plain):
        return "FRONTAL"
    if "DECUB" in plain:
        return "FRONTAL"
    is_within = any(part in plain for part in _LATERAL_WITHIN)
    return "LATERAL" if is_within or words & _LATERAL or _SECOND_VIEW.search(plain) else ""


def _other_part(dataset: Dataset) -> str:
    """The body part by the first of these tags that says anything: its own, the region's code, descriptions."""
    parts = [tag_text(dataset, "BodyPartExamined"), _of_first_code(dataset, "AnatomicRegionSequence")]
    of_picture = " / ".join(filter(None, (tag_text(dataset, keyword) for keyword in _OF_THE_PICTURE)))
    of_study = " / ".join(filter(None, (tag_text(dataset, keyword) for keyword in _OF_THE_STUDY)))
    for text in (*parts, of_picture, of_study):
        verdict = _is_chest(text)
        if verdict is not None:
            return "" if verdict else text.upper()
    return _paired_part(dataset)


def _paired_part(dataset: Dataset) -> str:
    """Left or right of something that comes in pairs, and nothing says that it is the chest: a limb."""
    side = tag_text(dataset, "ImageLaterality") or tag_text(dataset, "Laterality")
    has_view = any(tag_text(dataset, keyword) for keyword in ("ViewPosition", "BodyPartExamined"))
    return side.upper() if side.upper() in ("L", "R") and not has_view else ""


def _is_chest(text: str) -> bool | None:
    """True for the chest, False for another part, None where the words name neither."""
    plain = _plain(text)
    words = set(re.split(r"[^A-Z0-9]+", plain))
    squeezed = re.sub(r"[^A-Z0-9]+", "", plain)
    if any(word in plain or word in squeezed for word in _WITHIN):
        return False
    if any(word in plain for word in _CHEST):
        return True
    if words & _OTHER_WORDS or any(re.search(rf"(?<![A-Z]){part}", plain) for part in _OTHER):
        return False
    return None


def _of_first_code(dataset: Dataset, keyword: str, part: str = "CodeMeaning") -> str:
    """The meaning, or another part, of the first code of a sequence."""
    try:
        items = list(dataset.get(keyword) or [])
        return tag_text(items[0], part) if items else ""
    except Exception:  # a damaged sequence raises anything at all: it counts as missing
        return ""


def _plain(text: str) -> str:
    """Capital letters without accents, for comparing."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.replace("ß", "ss"))  # ChestLat
    spread = unicodedata.normalize("NFKD", apart)
    return "".join(character for character in spread if not unicodedata.combining(character)).upper()
