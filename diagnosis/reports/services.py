"""Making a report, handing it out, erasing it."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Action
from diagnosis.errors import DiagnosisError
from diagnosis.history.recording import study_note, study_record
from diagnosis.models import Diagnosis, Report, Study, StudyEvent
from diagnosis.models.locking import locked
from diagnosis.reports.content import Origin, report_of
from diagnosis.reports.files import report_file
from diagnosis.reports.parts import ReportContent
from diagnosis.reports.pdf import report_pdf

logger = logging.getLogger(__name__)

SAME_PRINT = timedelta(hours=1)
_NO_CHANGE = (StudyEvent.Kind.REPORTED, StudyEvent.Kind.PRINTED)


class ReportRefused(DiagnosisError):
    """No report can be made of this result, and why."""


def report_create(*, user: User, diagnosis: Diagnosis, is_deidentified: bool, site: str) -> Report:
    """Print and store a report of `diagnosis` as it is now; the one of the same kind that was valid is superseded.

    All of it happens or nothing. `site` is the address of this site ("https://…"), at which the report says that it can
    be checked. Raises ReportRefused for a voided study and one whose picture is lost, and what the database or the
    storage raises.
    """
    newest_change = _newest_change(diagnosis.study_id)  # asked first: what is read after it is no older
    everything = Diagnosis.objects.select_related("study", "model_version", "requested_by")
    current = get_object_or_404(everything, pk=diagnosis.pk)  # it may have been erased
    _refuse_voided(current.study)
    report = Report(diagnosis=current, created_by=user, created=timezone.now(), is_deidentified=is_deidentified)
    address = site.rstrip("/") + reverse("diagnosis:verify", args=[report.code])
    origin = Origin(user, report.created, report.code, address)
    pdf = report_pdf(_content(current, origin, is_deidentified))
    with report_file(report, pdf):
        _store(report, newest_change)
    logger.info("report %s of diagnosis %s stored by %s", report.uuid, diagnosis.uuid, user.uuid)
    return report


def _content(diagnosis: Diagnosis, origin: Origin, is_deidentified: bool) -> ReportContent:
    try:
        return report_of(diagnosis, origin, is_deidentified=is_deidentified)
    except FileNotFoundError as error:
        logger.exception("the copy of study %s that pages show is missing", diagnosis.study.uuid)
        raise ReportRefused(
            _("The stored picture of this radiograph is missing: no report can be made. Tell an administrator.")
        ) from error


def _store(report: Report, newest_change: int | None) -> None:
    # Of two at the same moment the second waits here, and finds the first.
    study = locked(report.diagnosis.study)
    _refuse_voided(study)
    if _newest_change(study.pk) != newest_change:  # while the report was printed
        report.outdated = timezone.now()
    report.save()
    before = Report.objects.filter(diagnosis=report.diagnosis_id, is_deidentified=report.is_deidentified)
    before.filter(superseded_by=None).exclude(pk=report.pk).update(superseded_by=report)
    _note(report, report.created_by, StudyEvent.Kind.REPORTED)


def _newest_change(study_pk: int) -> int | None:
    """The newest event that may have changed what a report of the study prints."""
    changes = StudyEvent.objects.filter(study=study_pk).exclude(kind__in=_NO_CHANGE)
    newest: int | None = changes.aggregate(newest=Max("pk"))["newest"]
    return newest


def _refuse_voided(study: Study) -> None:
    if study.voided:
        raise ReportRefused(_("This study was voided: no report can be made of it."))


@transaction.atomic
def report_handed_out(*, report: Report, user: User) -> None:
    """Note that the person opens or saves the PDF: every time in the audit, in the study's history once an hour."""
    study = locked(report.diagnosis.study)
    recent = StudyEvent.objects.filter(study=study, actor=user, kind=StudyEvent.Kind.PRINTED)
    lately = (timezone.now() - SAME_PRINT, timezone.now() + SAME_PRINT)
    noted = recent.filter(created__range=lately).values_list("detail", flat=True)
    if str(report.uuid) not in {detail["report"] for detail in noted}:
        _note(report, user, StudyEvent.Kind.PRINTED)
    else:
        detail = {"report": report.uuid, "deidentified": report.is_deidentified}
        study_record(Action.REPORT_OPENED, study=report.diagnosis.study, actor=user, **detail)


def _note(report: Report, user: User, kind: StudyEvent.Kind) -> None:
    detail = {"report": str(report.uuid), "deidentified": report.is_deidentified}
    study_note(study=report.diagnosis.study, actor=user, kind=kind, detail=detail)
