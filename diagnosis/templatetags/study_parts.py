"""Parts of a page about a study that ask the database themselves, so that any page can hold them."""

from typing import Any

from django import template

from diagnosis.models import Report, Study
from diagnosis.patients.mix_ups import mix_ups
from diagnosis.studies.services import last_move

register = template.Library()


@register.inclusion_tag("diagnosis/studies/_banner.html")
def study_banner(study: Study) -> dict[str, Any]:
    """What has to be seen before the answer: voided, moved, or a file that names another patient."""
    return {"study": study, "move": last_move(study), "mix_ups": mix_ups(study)}


@register.inclusion_tag("diagnosis/studies/_details.html")
def study_details(study: Study) -> dict[str, Any]:
    """Whose the study is, its date, projection and notes, and what may be changed about it."""
    return {"study": study}


@register.inclusion_tag("diagnosis/reports/_notice.html")
def report_notice(report: Report) -> dict[str, Any]:
    """On a report's page: that its study was moved since, or voided."""
    study = report.diagnosis.study
    move = last_move(study)
    is_before = bool(move and report.created <= move.event.created and not report.is_deidentified)
    return {"study": study, "move": move if is_before else None}
