"""Everything that is stored, as rows; one module for each kind of thing."""

from diagnosis.models.embargoes import Embargo, EmbargoQuerySet
from diagnosis.models.erasure import FileToErase
from diagnosis.models.findings import ModelFinding, findings_read
from diagnosis.models.history import StudyEvent, StudyEventQuerySet
from diagnosis.models.operating_points import OperatingPoint, OperatingPointQuerySet
from diagnosis.models.patients import Patient, PatientMerge, PatientQuerySet
from diagnosis.models.refusals import Refusal, RefusalQuerySet
from diagnosis.models.reports import ErasedReport, Report, ReportQuerySet
from diagnosis.models.results import AnswerHidden, Diagnosis, DiagnosisQuerySet, ModelVersion, Standing
from diagnosis.models.reviews import (
    Conclusion,
    Finding,
    Outcome,
    OwnReading,
    Review,
    ReviewQuerySet,
    ReviewState,
    agreement_of,
)
from diagnosis.models.statistics import DayFigures, ResultChange
from diagnosis.models.studies import Study, StudyQuerySet
from diagnosis.models.uploads import UploadRecord, UploadRecordQuerySet
from diagnosis.models.words import PatientWord, StudyWord
from diagnosis.models.worklist import Claim, ClaimQuerySet

__all__ = [
    "AnswerHidden",
    "Claim",
    "ClaimQuerySet",
    "Conclusion",
    "DayFigures",
    "Diagnosis",
    "DiagnosisQuerySet",
    "Embargo",
    "EmbargoQuerySet",
    "ErasedReport",
    "FileToErase",
    "Finding",
    "ModelFinding",
    "ModelVersion",
    "OperatingPoint",
    "OperatingPointQuerySet",
    "Outcome",
    "OwnReading",
    "Patient",
    "PatientMerge",
    "PatientQuerySet",
    "PatientWord",
    "Refusal",
    "RefusalQuerySet",
    "Report",
    "ReportQuerySet",
    "ResultChange",
    "Review",
    "ReviewQuerySet",
    "ReviewState",
    "Standing",
    "Study",
    "StudyEvent",
    "StudyEventQuerySet",
    "StudyQuerySet",
    "StudyWord",
    "UploadRecord",
    "UploadRecordQuerySet",
    "agreement_of",
    "findings_read",
]
