"""A result as a FHIR R4 DiagnosticReport, with all that it refers to inside it.

The codes are those of the structured report that goes into a PACS. Probabilities are of the unit 1 (UCUM). The texts
are in English, as the codes' own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from django.utils import timezone
from django.utils.translation import override
from pydicom.sr.coding import Code

from diagnosis.models import Diagnosis, Patient, Review
from diagnosis.wording.appearances import findings_of
from diagnosis.wording.pictures import not_looked_for
from pacs.objects import codes
from pacs.objects.common import OWN_SCHEME_UID
from pacs.objects.sources import Source

Resource = dict[str, Any]

NO_DIAGNOSIS = (
    "Decision support for research, not a certified medical device. No diagnosis may rest on this answer alone."
)
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_SYSTEMS = {"SCT": "http://snomed.info/sct", "DCM": _DICOM, codes.OWN_SCHEME: f"urn:oid:{OWN_SCHEME_UID}"}
_UCUM = "http://unitsofmeasure.org"
_INTERPRETATIONS = {"Positive": "POS", "Negative": "NEG", "Indeterminate": "IND"}
_GENDERS = {Patient.Sex.FEMALE.value: "female", Patient.Sex.MALE.value: "male", Patient.Sex.OTHER.value: "other"}
_REFERENCES = {"subject": {"reference": "#patient"}, "device": {"reference": "#model"}}


def diagnostic_report(diagnosis: Diagnosis, source: Source | None) -> Resource:
    """The whole report; `source` is the radiograph as its file names it, where that is DICOM."""
    observations = list(_observations(diagnosis))
    imaging = [_imaging_study(diagnosis, source)] if source else []
    conclusion = _conclusion(diagnosis)
    return _without_empty(
        {
            "resourceType": "DiagnosticReport",
            "id": str(diagnosis.uuid),
            "language": "en",
            "text": {"status": "generated", "div": _narrative(conclusion)},
            "contained": [_patient(diagnosis), _device(diagnosis), *imaging, *observations],
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{diagnosis.uuid}"}],
            "status": _status(diagnosis),
            "category": [_concept("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology")],
            "code": _concept("http://loinc.org", "30745-4", "XR Chest Views"),
            "subject": _REFERENCES["subject"],
            "effectiveDateTime": _day(diagnosis),
            "issued": _instant(diagnosis),
            "performer": [{"display": diagnosis.study.institution.name}],
            "result": [{"reference": f"#{each['id']}"} for each in observations],
            "imagingStudy": [{"reference": "#imaging"} for _ in imaging],
            "conclusion": conclusion,
        }
    )


def _status(diagnosis: Diagnosis) -> str:
    """Never final: that is for the person who is responsible for the finding to say."""
    return "entered-in-error" if diagnosis.study.voided else "preliminary"


def _conclusion(diagnosis: Diagnosis) -> str:
    if diagnosis.study.voided:
        return f"Withdrawn: do not use this answer. {NO_DIAGNOSIS}"
    version = diagnosis.model_version.version
    answer = codes.ANSWERS[_prediction(diagnosis)].meaning
    return f"{answer}: probability of COVID-19 {diagnosis.probability:.3f} by {version}. {NO_DIAGNOSIS}"


def _narrative(conclusion: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(conclusion)}</p></div>'


# --- What it contains -----------------------------------------------------------------------------------------------


def _patient(diagnosis: Diagnosis) -> Resource:
    patient = diagnosis.study.patient
    if patient is None:
        return {"resourceType": "Patient", "id": "patient"}
    return _without_empty(
        {
            "resourceType": "Patient",
            "id": "patient",
            "identifier": [{"value": patient.reference}] if patient.reference else [],
            "name": [{"text": patient.name}] if patient.name else [],
            "gender": _GENDERS.get(patient.sex, ""),
            "birthDate": patient.birth_date.isoformat() if patient.birth_date else "",
        }
    )


def _device(diagnosis: Diagnosis) -> Resource:
    version = diagnosis.model_version
    return {
        "resourceType": "Device",
        "id": "model",
        "identifier": [{"value": version.weights_sha256}],
        "manufacturer": "covidxray",
        "deviceName": [{"name": version.version, "type": "model-name"}],
        "version": [{"value": version.version}],
        "note": [{"text": f"Identified by the SHA-256 of its weights. {NO_DIAGNOSIS}"}],
    }


def _imaging_study(diagnosis: Diagnosis, source: Source) -> Resource:
    modality = str(source.header.get("Modality", "OT"))
    instance = {
        "uid": source.sop_instance_uid,
        "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{source.header.SOPClassUID}"},
    }
    series = {
        "uid": source.series_instance_uid,
        "modality": {"system": _DICOM, "code": modality},
        "instance": [instance],
    }
    accession = str(source.header.AccessionNumber)
    return {
        "resourceType": "ImagingStudy",
        "id": "imaging",
        "identifier": [
            {"system": "urn:dicom:uid", "value": f"urn:oid:{source.study_instance_uid}"},
            *([{"type": {"text": "Accession number"}, "value": accession}] if accession else []),
        ],
        "status": "available",
        "subject": _REFERENCES["subject"],
        "series": [series],
    }


def _observations(diagnosis: Diagnosis) -> Iterator[Resource]:
    """Answer and probability, and what the model or a reader said besides."""
    answer = codes.ANSWERS[_prediction(diagnosis)]
    interpretation = _concept(
        "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
        _INTERPRETATIONS[answer.meaning],
        answer.meaning,
    )
    coded = {"valueCodeableConcept": _coded(answer), "interpretation": [interpretation]}
    yield _observation(diagnosis, "answer", codes.ANSWER, **coded, note=[{"text": _not_looked_for(diagnosis)}])
    yield _observation(diagnosis, "probability", codes.PROBABILITY, **_probability(diagnosis))
    if diagnosis.opacities:
        value = _coded(codes.OPACITY_ANSWERS[diagnosis.opacities])
        yield _observation(diagnosis, "opacities", codes.OPACITIES, valueCodeableConcept=value)
    for finding in findings_of(diagnosis):
        code, value = codes.finding_probability(finding.name), _quantity(finding.probability)
        key = code.value if diagnosis.is_of_own_classes else f"appearance-{finding.name}"
        yield _observation(diagnosis, key, code, valueQuantity=value)
    if diagnosis.quality:
        value = _coded(codes.QUALITIES[diagnosis.quality])
        yield _observation(diagnosis, "quality", codes.QUALITY, valueCodeableConcept=value)
    if review := diagnosis.reviews.newest_first().first():
        yield from _reviewed(diagnosis, review)


def _not_looked_for(diagnosis: Diagnosis) -> str:
    with override("en"):
        return not_looked_for(diagnosis)


def _probability(diagnosis: Diagnosis) -> Resource:
    """Above `high` the answer is Positive, below `low` Negative."""
    return {
        "valueQuantity": _quantity(diagnosis.probability),
        "component": [
            {"code": _coded(code), "valueQuantity": _quantity(value)}
            for code, value in (
                (codes.OPERATING_POINT, diagnosis.operating_point),
                (codes.INDETERMINATE_FROM, diagnosis.indeterminate_low),
                (codes.POSITIVE_FROM, diagnosis.indeterminate_high),
            )
        ],
    }


def _observation(diagnosis: Diagnosis, key: str, code: Code, **value: Any) -> Resource:
    return _without_empty(
        {
            "resourceType": "Observation",
            "id": key,
            "status": _status(diagnosis),
            "code": _coded(code),
            **_REFERENCES,
            "effectiveDateTime": _day(diagnosis),
            "issued": _instant(diagnosis),
            **value,
        }
    )


def _reviewed(diagnosis: Diagnosis, review: Review) -> Iterator[Resource]:
    """What a person said, and no device: of the radiograph, with findings and remarks, and so of the answer."""
    if review.conclusion:
        seen = [_coded(codes.finding(value)) for value in review.findings]
        details = {
            "note": [{"text": review.reason}] if review.reason else [],
            "component": [{"code": _coded(codes.FINDING), "valueCodeableConcept": value} for value in seen],
        }
        yield _said(diagnosis, review, "conclusion", codes.CONCLUSION, codes.CONCLUSIONS[review.conclusion], **details)
    yield _said(diagnosis, review, "verdict", codes.VERDICT, codes.VERDICTS[review.verdict])


def _said(diagnosis: Diagnosis, review: Review, key: str, name: Code, value: Code, **details: Any) -> Resource:
    made = _observation(diagnosis, key, name, valueCodeableConcept=_coded(value), **details)
    made |= {"issued": _moment(review.created), "performer": [{"display": review.reviewer.display_name}]}
    del made["device"]
    return made


# --- Values ---------------------------------------------------------------------------------------------------------


def _prediction(diagnosis: Diagnosis) -> Any:
    return next(answer for answer in codes.ANSWERS if answer.value == diagnosis.prediction)


def _coded(code: Code) -> Resource:
    return _concept(_SYSTEMS[code.scheme_designator], code.value, code.meaning)


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _quantity(value: float) -> Resource:
    return {"value": round(value, 6), "unit": "1", "system": _UCUM, "code": "1"}


def _day(diagnosis: Diagnosis) -> str:
    return diagnosis.study.study_date.isoformat() if diagnosis.study.study_date else ""


def _instant(diagnosis: Diagnosis) -> str:
    return _moment(diagnosis.created)


def _moment(when: Any) -> str:
    return str(timezone.localtime(when).isoformat(timespec="seconds"))


def _without_empty(resource: Resource) -> Resource:
    """FHIR knows no empty text and no empty list."""
    return {name: value for name, value in resource.items() if value not in ("", [])}
