"""A study's history in words: who did what, when, and why.

Each kind of event has words for what its `detail` holds; a kind without them is named, with its reason if it has one.
A name of a patient is never written into an event, and so is never here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.wording import listed
from diagnosis.models import Conclusion, Finding, Outcome, ReviewState, Study, StudyEvent

Detail = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One event as a page shows it. `when` is a moment, which the page puts into the person's time zone."""

    when: datetime
    who: str
    what: str
    detail: str
    reason: str
    address: str


def history_of(study: Study) -> list[Line]:
    """Everything that happened to the study, oldest first. One query."""
    return lines_of(study.events.in_order())


def lines_of(events: Iterable[StudyEvent]) -> list[Line]:
    return [_line(event) for event in events]


def _line(event: StudyEvent) -> Line:
    words = _WORDS.get(event.kind)
    return Line(
        when=event.created,
        who=event.actor.display_name,
        what=event.get_kind_display(),
        detail=words(event.detail) if words else "",
        reason=str(event.detail.get("reason") or ""),
        address=_address(event.detail),
    )


def _address(detail: Detail) -> str:
    return reverse("diagnosis:report", args=[detail["report"]]) if detail.get("report") else ""


def _uploaded(detail: Detail) -> str:
    how = _label(Study.Correction.choices, detail.get("correction"))
    return listed([how, _("without an answer") if detail.get("refusal") else ""])


def _classified(detail: Detail) -> str:
    model = detail.get("model") or detail.get("model_version")
    return _("by the model %s") % model if model else ""


def _read(detail: Detail) -> str:
    return _concluded(detail)


def _reviewed(detail: Detail) -> str:
    verdict, model = _label(ReviewState.choices, detail.get("verdict")), detail.get("model")
    said = _("%(verdict)s (answer of %(model)s)") % {"verdict": verdict, "model": model} if model else verdict
    return "; ".join(part for part in (_concluded(detail), said) if part)


def _concluded(detail: Detail) -> str:
    seen = [_label(Finding.choices, code) for code in detail.get("findings") or ()]
    return listed([_label(Conclusion.choices, detail.get("conclusion")), *seen])


def _outcome(detail: Detail) -> str:
    if not detail.get("result"):
        return _("Taken back: no result is known")
    result = _label(Outcome.Result.choices, detail["result"])
    return _("%(result)s, sample taken %(day)s") % {"result": result, "day": _day(detail.get("sampled"))}


def _edited(detail: Detail) -> str:
    before = detail.get("before") or {}
    return "; ".join(_edited_field(name, before) for name in detail.get("fields") or before)


def _edited_field(name: str, before: Detail) -> str:
    field = str(_FIELDS.get(name, name))
    if name not in before:
        return field
    value = _label(Study.Projection.choices, before[name]) if name == "projection" else before[name]
    return _("%(field)s, before: %(value)s") % {"field": field, "value": value or _("nothing")}


def _report(detail: Detail) -> str:
    return _("de-identified") if detail.get("deidentified") else ""


_WORDS: dict[str, Callable[[Detail], str]] = {
    StudyEvent.Kind.UPLOADED: _uploaded,
    StudyEvent.Kind.CLASSIFIED: _classified,
    StudyEvent.Kind.READ: _read,
    StudyEvent.Kind.REVIEWED: _reviewed,
    StudyEvent.Kind.OUTCOME: _outcome,
    StudyEvent.Kind.EDITED: _edited,
    StudyEvent.Kind.REPORTED: _report,
    StudyEvent.Kind.PRINTED: _report,
}
_FIELDS = {
    "study_date": gettext_lazy("Study date"),
    "projection": gettext_lazy("Projection"),
    "notes": gettext_lazy("Clinical notes"),
}


def _label(choices: Iterable[tuple[str, Any]], value: Any) -> str:
    """The words of a choice, or its stored value where the choice no longer exists."""
    return str(dict(choices).get(value, value or ""))


def _day(text: str | None) -> str:
    try:
        return date_format(date.fromisoformat(text or ""), "j M Y")
    except ValueError:
        return text or ""
