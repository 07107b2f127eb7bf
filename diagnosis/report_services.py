"""Making a report: print, store, supersede."""

import logging

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from diagnosis.models import Diagnosis
from diagnosis.report import report_pdf
from diagnosis.report_content import Origin, report_of
from diagnosis.report_models import Report
from diagnosis.report_storage import report_file

logger = logging.getLogger(__name__)


def report_create(*, user: User, diagnosis: Diagnosis, is_deidentified: bool, site: str) -> Report:
    """Print and store a report of `diagnosis`; the one of the same kind that was valid is superseded.

    All of it happens or nothing. `site` is the address of this site ("https://…"), at which the report says that it can
    be checked. Raises what the database or the storage raises.
    """
    report = Report(diagnosis=diagnosis, created_by=user, created=timezone.now(), is_deidentified=is_deidentified)
    address = site.rstrip("/") + reverse("diagnosis:verify", args=[report.code])
    origin = Origin(user, report.created, report.code, address)
    pdf = report_pdf(report_of(diagnosis, origin, is_deidentified=is_deidentified))
    # As with a study's files: the file encloses the transaction, whose last step, the commit, may fail too.
    with report_file(report, pdf), transaction.atomic():
        _store(report)
    logger.info("report %s of diagnosis %s stored by %s", report.uuid, diagnosis.uuid, user.uuid)
    return report


def _store(report: Report) -> None:
    # Of two at the same moment the second waits here, and finds the first.
    Diagnosis.objects.select_for_update().get(pk=report.diagnosis_id)
    report.save()
    before = Report.objects.filter(diagnosis=report.diagnosis_id, is_deidentified=report.is_deidentified)
    before.filter(superseded_by=None).exclude(pk=report.pk).update(superseded_by=report)
