"""The file of a report: written once, under the report's UUID, and read only if it is still the same."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from diagnosis.errors import DiagnosisError
from diagnosis.files.storing import files_and_rows
from diagnosis.models import Report

logger = logging.getLogger(__name__)


MISSING, ALTERED = "report-missing", "report-altered"


class ReportUnavailable(DiagnosisError):
    """The file of a report is missing (code MISSING) or is not the one that was made (code ALTERED)."""


@contextmanager
def report_file(report: Report, pdf: bytes) -> Iterator[None]:
    """Write `pdf`, describe it in `report`, and run the block, which saves it, in a transaction; all or nothing."""
    folder = f"reports/{report.uuid.hex[:2]}/{report.uuid}"
    report.sha256, report.size = hashlib.sha256(pdf).hexdigest(), len(pdf)
    with files_and_rows(folder, {"report.pdf": pdf}, Report.objects.filter(uuid=report.uuid)) as stored:
        report.pdf.name = stored["report.pdf"]
        yield


def read_report(report: Report) -> bytes:
    """The PDF as it was made. Raises ReportUnavailable when the stored file is not that one."""
    try:
        with report.pdf.open("rb") as file:
            pdf = file.read()
    except FileNotFoundError:
        message = _("The stored file of this report is missing. Make a new report, and tell an administrator.")
        raise _unavailable(report, MISSING, message) from None
    if hashlib.sha256(pdf).hexdigest() != report.sha256:
        message = _("The stored file of this report was altered. Make a new report, and tell an administrator.")
        raise _unavailable(report, ALTERED, message)
    return pdf


def _unavailable(report: Report, code: str, message: str) -> ReportUnavailable:
    logger.error("the stored file of report %s cannot be handed out: %s", report.uuid, code)
    return ReportUnavailable(message, code)
