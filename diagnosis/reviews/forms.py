"""The forms of a reading, a review and an outcome."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from diagnosis.form_fields import DayField, FreeTextField
from diagnosis.models import Outcome, OwnReading, ReviewState, Study

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

REASON_LENGTH = 2000
FIRST_SAMPLE = date(2019, 12, 1)
"""The month in which the first known patients fell ill: no RT-PCR for SARS-CoV-2 is older."""
TAKE_BACK = "none"


def _one_of(label: StrPromise, choices: list[tuple[str, Any]], missing: StrPromise) -> forms.ChoiceField:
    widget = forms.RadioSelect(attrs={"class": "form-check-input"})
    return forms.ChoiceField(label=label, choices=choices, widget=widget, error_messages={"required": missing})


class ReadingForm(forms.Form):
    """What a person sees in a radiograph before the model's answer is shown."""

    prefix = "reading"
    answer = _one_of(_("What do you see?"), OwnReading.Answer.choices, _("Choose what you see in the radiograph."))
    note = FreeTextField(
        _("Note"), rows=3, max_length=REASON_LENGTH, help_text=_("Optional. It is printed in reports.")
    )


class ReviewForm(forms.Form):
    """What a person says of a model's answer. A reason is needed for everything but agreement."""

    prefix = "review"
    verdict = _one_of(
        _("The model's answer"),
        [
            (ReviewState.AGREES, _("I agree")),
            (ReviewState.DISAGREES, _("I disagree")),
            (ReviewState.UNSURE, _("I cannot tell")),
        ],
        _("Choose whether you agree with the model's answer."),
    )
    reason = FreeTextField(
        _("Reason"),
        rows=3,
        max_length=REASON_LENGTH,
        help_text=_("Required unless you agree. It is printed in reports, except de-identified ones."),
    )

    def clean(self) -> None:
        verdict = self.cleaned_data.get("verdict")
        if verdict not in (None, ReviewState.AGREES) and not self.cleaned_data.get("reason", "?"):
            self.add_error("reason", _("Give a reason: a review that does not agree needs one."))


class OutcomeForm(forms.Form):
    """How a later RT-PCR test of the patient came out, and when the sample was taken."""

    prefix = "outcome"
    result = _one_of(_("RT-PCR"), [], _("Choose the result of the test."))
    sampled = DayField(_("Day of the sample"))

    def __init__(self, data: Any = None, *, study: Study) -> None:
        super().__init__(data, initial={"result": study.outcome, "sampled": study.outcome_date})
        choices = [(Outcome.Result.POSITIVE.value, _("Positive")), (Outcome.Result.NEGATIVE.value, _("Negative"))]
        if study.outcome:
            choices.append((TAKE_BACK, _("Take it back: no result is known")))
        self.fields["result"].choices = choices  # type: ignore[attr-defined]
        limits = {"min": FIRST_SAMPLE.isoformat(), "max": timezone.localdate().isoformat()}
        self.fields["sampled"].widget.attrs |= limits

    def clean(self) -> None:
        """A day that a sample can have; none where the result is taken back."""
        values = self.cleaned_data
        if values.get("result") == TAKE_BACK:
            values |= {"result": "", "sampled": None}
            self.errors.pop("sampled", None)
            return
        day: date | None = values.get("sampled")
        if day is None and "sampled" not in self.errors:
            self.add_error("sampled", _("Enter the day on which the sample was taken."))
        elif day and day > timezone.localdate():
            self.add_error("sampled", _("This date is in the future."))
        elif day and day < FIRST_SAMPLE:
            self.add_error("sampled", _("There was no RT-PCR test for COVID-19 on this date. Check the year."))
