"""The forms of a reading, a review and an outcome."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from diagnosis.form_fields import DayField, FreeTextField
from diagnosis.models import Conclusion, Diagnosis, Finding, Outcome, ReviewState, Study, agreement_of
from diagnosis.wording.numbers import number

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

REASON_LENGTH = 2000
FIRST_SAMPLE = date(2019, 12, 1)
"""The month in which the first known patients fell ill: no RT-PCR for SARS-CoV-2 is older."""
TAKE_BACK = "none"
FAR_DAYS = 14
"""As the scorecard counts: a sample from further away says nothing of the radiograph."""


def _one_of(label: StrPromise, choices: list[tuple[str, Any]], missing: StrPromise) -> forms.ChoiceField:
    widget = forms.RadioSelect(attrs={"class": "form-check-input"})
    return forms.ChoiceField(label=label, choices=choices, widget=widget, error_messages={"required": missing})


class ConclusionForm(forms.Form):
    """What a person concludes from the radiograph, and what else they see."""

    conclusion = _one_of(_("Your conclusion"), Conclusion.choices, _("Choose what you conclude from the radiograph."))
    findings = forms.MultipleChoiceField(
        label=_("What else do you see?"),
        required=False,
        choices=Finding.choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def clean_findings(self) -> list[str]:
        """Each once, in the order of the list, so that two reviews that say the same are equal."""
        ticked = set(self.cleaned_data["findings"])
        return [code for code in Finding.values if code in ticked]


def _words(help_text: StrPromise) -> FreeTextField:
    return FreeTextField(_("Remarks"), rows=3, max_length=REASON_LENGTH, help_text=help_text)


class ReadingForm(ConclusionForm):
    """The same before the model's answer is shown."""

    prefix = "reading"
    note = _words(_("Optional. They are printed in reports, except de-identified ones."))


class ReviewForm(ConclusionForm):
    """The same with the model's answer in view. One that disagrees says what was seen."""

    prefix = "review"
    reason = _words(_("They are printed in reports, except de-identified ones."))

    def __init__(self, data: Any = None, *, diagnosis: Diagnosis) -> None:
        super().__init__(data)
        self.diagnosis = diagnosis

    def clean(self) -> None:
        values = self.cleaned_data
        if not values.get("conclusion") or not {"findings", "reason"} <= values.keys():
            return
        agreement = agreement_of(self.diagnosis.prediction, values["conclusion"])
        if agreement == ReviewState.DISAGREES and not (values["findings"] or values["reason"]):
            self.add_error(
                "reason", _("This contradicts the model's answer: tick what you see, or describe it in a few words.")
            )


class OutcomeForm(forms.Form):
    """How a later test of the patient came out, and when the sample was taken.

    A day far from the study's is asked about: `asks_if_sure` says that it was, and a tick answers it.
    """

    prefix = "outcome"
    result = _one_of(_("Test result"), [], _("Choose the result of the test."))
    sampled = DayField(_("Date of the sample"))
    sure = forms.BooleanField(
        label=_("The date is right"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )
    asks_if_sure = False

    def __init__(self, data: Any = None, *, study: Study) -> None:
        super().__init__(data, initial={"result": study.outcome, "sampled": study.outcome_date})
        self.study = study
        choices = list(Outcome.Result.choices)
        if study.outcome:
            choices.append((TAKE_BACK, _("Take it back: no result is known")))
        self.fields["result"].choices = choices  # type: ignore[attr-defined]
        limits = {"min": FIRST_SAMPLE.isoformat(), "max": timezone.localdate().isoformat()}
        self.fields["sampled"].widget.attrs |= limits

    def clean(self) -> None:
        """A day that a sample can have; none where the result is taken back."""
        values = self.cleaned_data
        sure = values.pop("sure", False)
        if values.get("result") == TAKE_BACK:
            values |= {"result": "", "sampled": None}
            self.errors.pop("sampled", None)
            return
        day: date | None = values.get("sampled")
        if day is None and "sampled" not in self.errors:
            self.add_error("sampled", _("Enter the date on which the sample was taken."))
        elif day and day > timezone.localdate():
            self.add_error("sampled", _("This date is in the future."))
        elif day and day < FIRST_SAMPLE:
            self.add_error("sampled", _("There was no RT-PCR test for COVID-19 on this date. Check the year."))
        elif day and not sure and abs((day - self.study.day).days) > FAR_DAYS:
            self.asks_if_sure = True
            self.add_error("sampled", self._question(day))

    def _question(self, day: date) -> str:
        days = abs((day - self.study.day).days)
        return ngettext(
            "This is %(days)s day from the date of the radiograph, %(study)s. "
            "Check the date, or tick that it is right.",
            "This is %(days)s days from the date of the radiograph, %(study)s. "
            "Check the date, or tick that it is right.",
            days,
        ) % {"days": number(days), "study": date_format(self.study.day, "j M Y")}
