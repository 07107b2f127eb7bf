"""A result as an Enhanced SR (TID 1500): probability, answer, quality, opacities, model and reader, as codes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.utils.translation import override
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import EnhancedSRStorage

from diagnosis.wording.appearances import findings_of
from diagnosis.wording.pictures import not_looked_for
from pacs.objects import codes
from pacs.objects.common import MANUFACTURER, complete
from pacs.objects.identifiers import Kind, derived_uid, device_uid, object_uid, series_uid
from pacs.objects.sources import Source
from pacs.objects.statements import Reviewed, Statement

if TYPE_CHECKING:
    from highdicom import sr

# highdicom logs UIDs, and warns of a name by quoting it: none of it may reach a log.
logging.getLogger("highdicom").setLevel(logging.CRITICAL)

_SERIES_NUMBER = 9701
_DEVICE_NAME = "covidxray"


def structured_report(source: Source, statement: Statement) -> Dataset:
    """The report, ready to be written; the same for the same statement, byte for byte."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it quotes names that it finds odd
        report = _report(source, statement)
    complete(report, source, statement)
    return report


def _report(source: Source, statement: Statement) -> Dataset:
    from highdicom import sr

    uid = statement.uid(source.sop_instance_uid, Kind.REPORT)
    report: Dataset = sr.EnhancedSR(
        evidence=[source.header],
        content=_content(source, statement)[0],
        series_instance_uid=series_uid(source.sop_instance_uid, statement.weights_sha256, Kind.REPORT),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=uid,
        instance_number=statement.number,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        previous_versions=[_earlier(source, each.weights_sha256, each.revision) for each in statement.replaces] or None,
        series_description="COVID-19 classification",
    )
    return report


def _content(source: Source, statement: Statement) -> sr.MeasurementReport:
    from highdicom import sr

    return sr.MeasurementReport(
        observation_context=_observers(statement),
        procedure_reported=codes.CHEST_RADIOGRAPHY,
        imaging_measurements=list(_groups(source, statement)),
    )


def _observers(statement: Statement) -> sr.ObservationContext:
    """The model version as the device, and the reader where there is a review."""
    from highdicom import sr
    from pydicom.sr.codedict import codes as dicom

    device = sr.DeviceObserverIdentifyingAttributes(
        uid=device_uid(statement.weights_sha256),
        name=_DEVICE_NAME,
        manufacturer_name=MANUFACTURER,
        model_name=statement.diagnosis.model_version.version,
        serial_number=statement.weights_sha256,
    )
    person = None
    if statement.review:
        name = statement.review.reader.replace("^", " ").replace("=", " ")
        attributes = sr.PersonObserverIdentifyingAttributes(name=f"{name}^")
        person = sr.ObserverContext(dicom.DCM.Person, attributes)
    return sr.ObservationContext(
        observer_person_context=person, observer_device_context=sr.ObserverContext(dicom.DCM.Device, device)
    )


def _groups(source: Source, statement: Statement) -> Iterator[sr.MeasurementsAndQualitativeEvaluations]:
    """What the model said, and apart from it what the reader did."""
    yield _model_group(source, statement)
    if statement.review and not statement.is_withdrawn:
        yield _reader_group(source, statement.review)


def _model_group(source: Source, statement: Statement) -> sr.MeasurementsAndQualitativeEvaluations:
    from highdicom import sr

    version = statement.diagnosis.model_version.version
    tracking = derived_uid("tracking", source.sop_instance_uid, statement.weights_sha256)
    group = _group(
        source,
        sr.TrackingIdentifier(uid=tracking, identifier=f"{_DEVICE_NAME} {version}"),
        _evaluated(statement),
        finding_type=codes.COVID_19,
        finding_sites=[sr.FindingSite(codes.LUNGS)],
        algorithm_id=sr.AlgorithmIdentification(
            name=_DEVICE_NAME, version=version, parameters=[f"SHA-256 of the weights: {statement.weights_sha256}"]
        ),
        measurements=[
            sr.Measurement(name=name, value=value, unit=codes.NO_UNITS) for name, value in _measured(statement)
        ],
    )
    if not statement.is_withdrawn:
        with override("en"):  # as the codes
            text = not_looked_for(statement.diagnosis)
        limits = sr.TextContentItem(codes.NOT_LOOKED_FOR, text, sr.RelationshipTypeValues.CONTAINS)
        group[0].ContentSequence.append(limits)
    return group


def _reader_group(source: Source, review: Reviewed) -> sr.MeasurementsAndQualitativeEvaluations:
    """Conclusion, findings and remarks; and what follows from them for the model's answer."""
    from highdicom import sr

    tracking = derived_uid("reader", source.sop_instance_uid)
    group = _group(source, sr.TrackingIdentifier(uid=tracking, identifier="Reader"), _concluded(review))
    if review.remarks:
        remarks = sr.TextContentItem(codes.COMMENT, review.remarks, sr.RelationshipTypeValues.CONTAINS)
        group[0].ContentSequence.append(remarks)
    return group


def _concluded(review: Reviewed) -> Iterator[tuple[Code, Code]]:
    if review.conclusion:
        yield codes.CONCLUSION, codes.CONCLUSIONS[review.conclusion]
    for value in review.findings:
        yield codes.FINDING, codes.finding(value)
    yield codes.VERDICT, codes.VERDICTS[review.verdict]


def _group(
    source: Source, tracking: sr.TrackingIdentifier, evaluated: Iterable[tuple[Code, Code]], **values: Any
) -> sr.MeasurementsAndQualitativeEvaluations:
    """What is said of this radiograph."""
    from highdicom import sr

    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking,
        qualitative_evaluations=[sr.QualitativeEvaluation(name, value) for name, value in evaluated],
        source_images=[sr.SourceImageForMeasurementGroup(source.header.SOPClassUID, source.sop_instance_uid)],
        **values,
    )


def _measured(statement: Statement) -> Iterator[tuple[Code, float]]:
    """Probabilities, 0 to 1; none of a withdrawn answer."""
    if statement.is_withdrawn:
        return
    diagnosis = statement.diagnosis
    yield codes.PROBABILITY, diagnosis.probability
    yield codes.OPERATING_POINT, diagnosis.operating_point
    yield codes.INDETERMINATE_FROM, diagnosis.indeterminate_low
    yield codes.POSITIVE_FROM, diagnosis.indeterminate_high
    if diagnosis.opacity_probability is not None:
        yield codes.OPACITY_PROBABILITY, diagnosis.opacity_probability
    for finding in findings_of(diagnosis):
        yield codes.finding_probability(finding.name), finding.probability


def _evaluated(statement: Statement) -> Iterator[tuple[Code, Code]]:
    yield codes.USE, codes.NO_DIAGNOSIS
    if statement.replaces:
        yield codes.STATE, codes.WITHDRAWN if statement.is_withdrawn else codes.REPLACES
    elif statement.is_withdrawn:
        yield codes.STATE, codes.WITHDRAWN
    if statement.is_withdrawn:
        return
    diagnosis = statement.diagnosis
    yield codes.ANSWER, codes.ANSWERS[statement.prediction]
    if diagnosis.quality:
        yield codes.QUALITY, codes.QUALITIES[diagnosis.quality]
    if diagnosis.opacities:
        yield codes.OPACITIES, codes.OPACITY_ANSWERS[diagnosis.opacities]


def _earlier(source: Source, weights_sha256: str, revision: str) -> Dataset:
    """How a report that this one replaces is named."""
    earlier = Dataset()
    earlier.SOPClassUID = EnhancedSRStorage
    earlier.SOPInstanceUID = object_uid(source.sop_instance_uid, weights_sha256, Kind.REPORT, revision)
    earlier.StudyInstanceUID = source.study_instance_uid
    earlier.SeriesInstanceUID = series_uid(source.sop_instance_uid, weights_sha256, Kind.REPORT)
    return earlier
