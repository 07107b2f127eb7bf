"""Everything that is stored, as rows; one module for each kind of thing."""

from diagnosis.models.erasure import FileToErase
from diagnosis.models.history import StudyEvent, StudyEventQuerySet
from diagnosis.models.patients import Patient, PatientQuerySet
from diagnosis.models.refusals import Refusal, RefusalQuerySet
from diagnosis.models.reports import ErasedReport, Report, ReportQuerySet
from diagnosis.models.results import AnswerHidden, Diagnosis, DiagnosisQuerySet, ModelVersion, Standing
from diagnosis.models.reviews import Outcome, OwnReading, Review, ReviewQuerySet, ReviewState
from diagnosis.models.statistics import DayFigures, ResultChange
from diagnosis.models.studies import Study, StudyQuerySet
from diagnosis.models.uploads import UploadRecord, UploadRecordQuerySet

__all__ = [
    "AnswerHidden",
    "DayFigures",
    "Diagnosis",
    "DiagnosisQuerySet",
    "ErasedReport",
    "FileToErase",
    "ModelVersion",
    "Outcome",
    "OwnReading",
    "Patient",
    "PatientQuerySet",
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
    "UploadRecord",
    "UploadRecordQuerySet",
]
