"""Form fields that several rooms use: a day, a past day, a line, free text, a choice or none; and a form that notices
concurrent changes.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from diagnosis.imaging.tag_texts import shown_line
from diagnosis.models import Patient, Study
from diagnosis.models.locking import changed_meanwhile

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

EARLIEST_DAY = date(1880, 1, 1)
_DAY_EXPECTED = _("Enter a date as year-month-day, such as 2026-03-31.")


class LineField(forms.CharField):
    """One line of text without invisible characters, as the tags of a DICOM file are cleaned."""

    def __init__(self, label: StrPromise, *, max_length: int, required: bool = False, **attrs: str) -> None:
        widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})
        super().__init__(label=label, required=required, max_length=max_length, widget=widget)

    def to_python(self, value: Any) -> str:
        line = super().to_python(value) or ""
        return shown_line(line) if len(line) <= (self.max_length or 0) else line


class DayField(forms.DateField):
    """A day as YYYY-MM-DD, which is also what a browser's own calendar sends."""

    first, last = date(1970, 1, 1), date(2199, 12, 31)

    def __init__(self, label: StrPromise, **attrs: str) -> None:
        super().__init__(
            label=label,
            required=False,
            input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control", **attrs}),
            error_messages={"invalid": _DAY_EXPECTED},
        )

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day and not self.first <= day <= self.last:
            raise forms.ValidationError(_DAY_EXPECTED, code="invalid")
        return day


class PastDayField(DayField):
    """A day in a person's lifetime; none of the future."""

    first = date(1, 1, 1)

    def __init__(self, label: StrPromise) -> None:
        super().__init__(label, autocomplete="off")

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        # Where the site's time zone is not the person's, today may be tomorrow.
        if day and not EARLIEST_DAY <= day <= timezone.localdate() + timedelta(days=1):
            raise forms.ValidationError(_("This date is in the future, or too long ago."), code="impossible-day")
        return day


class ChoiceOrNone(forms.ChoiceField):
    """One of the choices, or none."""

    def __init__(self, label: StrPromise, choices: Any) -> None:
        widget = forms.Select(attrs={"class": "form-select", "autocomplete": "off"})
        super().__init__(label=label, required=False, widget=widget, choices=[("", _("Not given")), *choices])


class FreeTextField(forms.CharField):
    """A few lines of text, counted as the browser counts them: a line's end is one character."""

    def __init__(self, label: StrPromise, *, rows: int, max_length: int, **options: Any) -> None:
        widget = forms.Textarea(attrs={"class": "form-control", "rows": rows, "autocomplete": "off"})
        super().__init__(label=label, max_length=max_length, widget=widget, **{"required": False, **options})

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class ChangeForm(forms.Form):
    """A form over some values of a row, which notices that somebody else has changed them since it was drawn."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, row: Patient | Study, **options: Any) -> None:
        names = [name for name in self.base_fields if name != "seen"]
        self.stored = {name: getattr(row, name) for name in names}
        self.row = row
        super().__init__(initial={**self.stored, "seen": _fingerprint(self.stored)}, label_suffix="", **options)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("seen") != _fingerprint(self.stored):
            raise forms.ValidationError(str(changed_meanwhile()), code="changed")
        return values

    @property
    def changes(self) -> dict[str, Any]:
        """The values that are no longer what is stored, of a form that is valid."""
        return {name: self.cleaned_data[name] for name, old in self.stored.items() if self.cleaned_data[name] != old}


def _fingerprint(values: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]
