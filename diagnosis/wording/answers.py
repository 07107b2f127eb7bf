"""Probabilities as words and as places on a scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydicom.uid import UID

if TYPE_CHECKING:
    from datetime import date

    from django.utils.functional import _StrPromise as StrPromise

    from diagnosis.errors import DiagnosisError
    from diagnosis.models import Diagnosis, Study

_MOST_DECIMALS = 2


@dataclass(frozen=True)
class Reading:
    """How one diagnosis is put to a person. Texts are per cents; places are per cents of the scale's width."""

    probability: str
    positive_from: str
    negative_below: str
    confidence: str | None
    is_improbable_positive: bool
    """Positive although the probability is below one half, because the operating point is: it needs an explanation."""
    has_band: bool
    time_taken: str
    probability_place: str
    probability_anchor: str
    operating_place: str
    negative_width: str
    band_place: str
    band_width: str
    positive_place: str
    positive_width: str


def error_text(error: DiagnosisError) -> str:
    """The sentence of an error in the person's language; English where it is not translated."""
    sentence = _(error.message)
    return sentence % error.values if error.values else sentence


def read_out(diagnosis: Diagnosis) -> Reading:
    """Word a diagnosis. The answer is Positive from the upper end of the band around the operating point."""
    low, high = diagnosis.indeterminate_low, diagnosis.indeterminate_high
    texts = percents(diagnosis.probability, high, low)
    return Reading(
        probability=texts[0],
        positive_from=texts[1],
        negative_below=texts[2],
        confidence=None if diagnosis.confidence is None else percents(diagnosis.confidence)[0],
        is_improbable_positive=diagnosis.probability < 0.5 and diagnosis.probability >= high,
        has_band=high > low,
        time_taken=_duration(diagnosis.milliseconds),
        probability_place=_place(diagnosis.probability),
        probability_anchor=_anchor(diagnosis.probability),
        operating_place=_place(diagnosis.operating_point),
        negative_width=_place(low),
        band_place=_place(low),
        band_width=_place(high - low),
        positive_place=_place(high),
        positive_width=_place(1 - high),
    )


def percents(*probabilities: float) -> list[str]:
    """Word probabilities (0..1) that stand side by side: with as few decimals as still tell different ones apart.

    A value short of certainty is never shown as 0 % or 100 %. The signs < and > turn round between letters that run
    from right to left, so such a language has words for them.
    """
    for decimals in range(_MOST_DECIMALS + 1):
        texts = [_percent(probability, decimals) for probability in probabilities]
        if len(set(texts)) == len(set(probabilities)):
            break
    return texts


def _percent(probability: float, decimals: int) -> str:
    step = 10.0**-decimals
    value = round(probability * 100, decimals)
    if value <= 0 < probability:
        return _unbroken(_("< %(percent)s") % {"percent": _number(step, decimals)})
    if value >= 100 > probability * 100:
        return _unbroken(_("> %(percent)s") % {"percent": _number(100 - step, decimals)})
    return _number(value, decimals)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _number(value: float, decimals: int) -> str:
    return f"{number_format(value, decimal_pos=decimals)}\N{NO-BREAK SPACE}%"


def _place(probability: float) -> str:
    """For an SVG attribute, so never with a decimal comma."""
    return f"{probability * 100:.2f}%"


def _anchor(probability: float) -> str:
    """Which end of its text stands at a place, so that no text leaves the scale."""
    if probability < 0.2:
        return "start"
    return "end" if probability > 0.8 else "middle"


def _duration(milliseconds: float) -> str:
    if milliseconds < 1000:
        return _("%(number)s ms") % {"number": number_format(milliseconds, decimal_pos=0)}
    return _("%(number)s s") % {"number": number_format(milliseconds / 1000, decimal_pos=1)}


IMAGE_NAMES = {
    "modality": gettext_lazy("Modality"),
    "body_part": gettext_lazy("Body part"),
    "view_position": gettext_lazy("View position"),
    "laterality": gettext_lazy("Laterality"),
    "photometric_interpretation": gettext_lazy("Photometric interpretation"),
    "transfer_syntax": gettext_lazy("Transfer syntax"),
}


def dicom_facts(details: dict[str, str | None] | None, names: Mapping[str, StrPromise]) -> list[tuple[str, str]]:
    """Those of the kept DICOM values that are there, each with its name for a person."""
    return [(str(name), UID(value).name) for key, name in names.items() if (value := (details or {}).get(key))]


def patient_facts(study: Study) -> list[tuple[str, str]]:
    """What is known of the patient of a study, and the study's own day and number, each with its name for a person."""
    patient = study.patient
    facts = [
        (_("Name"), patient.name if patient else ""),
        (_("Patient reference"), patient.reference if patient else ""),
        (_("Date of birth"), _day(patient.birth_date) if patient else ""),
        (_("Sex"), patient.get_sex_display() if patient else ""),
        (_("Study date"), _day(study.study_date)),
        (_("Accession number"), (study.dicom or {}).get("accession_number") or ""),
    ]
    return [(name, value) for name, value in facts if value]


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
