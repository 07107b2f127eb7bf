"""The forms of a reader study: its design, how many cases, who reads, and what a reader says of a case."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from diagnosis.form_fields import LineField
from diagnosis.models import Conclusion
from diagnosis.reviews.forms import ConclusionForm
from reader_studies.choosing import ENOUGH_OF_EACH, MOST_CASES, Wanted
from reader_studies.models import Reader, ReaderStudy, Suspicion
from reader_studies.models.reader_studies import MOST_DAYS
from reader_studies.services import possible_readers


class StudyForm(forms.Form):
    """A new reader study."""

    name = LineField(_("Name"), max_length=100, required=True)
    design = forms.ChoiceField(
        label=_("Design"),
        choices=ReaderStudy.Design.choices,
        initial=ReaderStudy.Design.CROSSOVER,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    washout_days = forms.IntegerField(
        label=_("Days between the two sessions"),
        min_value=0,
        max_value=MOST_DAYS,
        initial=28,
        help_text=_("So that readers forget the cases: four weeks are usual. Without the answer there is one session."),
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )


class _Number(forms.IntegerField):
    def __init__(self, label: Any) -> None:
        widget = forms.NumberInput(attrs={"class": "form-control"})
        super().__init__(label=label, min_value=0, max_value=MOST_CASES, required=False, widget=widget)

    def clean(self, value: Any) -> int:
        return int(super().clean(value) or 0)


class CasesForm(forms.Form):
    """How many of the radiographs that the filter found are drawn, by reference standard."""

    prefix = "draw"
    positive = _Number(_("RT-PCR positive"))
    negative = _Number(_("RT-PCR negative"))
    unknown = _Number(_("Without RT-PCR"))

    def __init__(self, data: Any = None, *, available: Wanted) -> None:
        most = {name: min(number, ENOUGH_OF_EACH) for name, number in vars(available).items() if name != "unknown"}
        super().__init__(data, initial={**most, "unknown": 0})
        self.available = available

    def clean(self) -> None:
        for name, most in vars(self.available).items():
            if self.cleaned_data.get(name, 0) > most:
                self.add_error(name, _("There are only %(most)d of them.") % {"most": most})

    @property
    def wanted(self) -> Wanted:
        return Wanted(**self.cleaned_data)


class ReadersForm(forms.Form):
    """Who is asked to read."""

    readers = forms.MultipleChoiceField(
        label=_("Who reads the cases?"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def __init__(self, data: Any = None, *, reader_study: ReaderStudy) -> None:
        chosen = Reader.objects.filter(reader_study=reader_study).values_list("person__uuid", flat=True)
        super().__init__(data, initial={"readers": [str(uuid) for uuid in chosen]})
        self.people = {str(person.uuid): person for person in possible_readers(reader_study)}
        names = [(key, person.display_name) for key, person in self.people.items()]
        self.fields["readers"].choices = names  # type: ignore[attr-defined]


class CaseForm(ConclusionForm):
    """What a reader says of a case. Conclusion and suspicion may not contradict each other."""

    prefix = "case"
    suspicion = forms.TypedChoiceField(
        label=_("How likely is COVID?"),
        choices=Suspicion.choices,
        coerce=int,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": _("Choose how likely COVID is.")},
    )
    field_order = ("conclusion", "suspicion", "findings")

    def clean(self) -> None:
        conclusion, suspicion = (self.cleaned_data.get(name) for name in ("conclusion", "suspicion"))
        if not conclusion or not suspicion:
            return
        contradicts = (conclusion == Conclusion.LIKELY and suspicion < Suspicion.OPEN) or (
            conclusion == Conclusion.UNLIKELY and suspicion > Suspicion.OPEN
        )
        if contradicts:
            self.add_error("suspicion", _("This contradicts your conclusion. Change one of the two."))
