"""What is looked for in an archive: archive, patient number, name, accession number, days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from diagnosis.form_fields import DayField, LineField
from pacs.models import Instance, Peer
from pacs.queries import StudyQuery


class SearchForm(forms.Form):
    """Reads an address; at least one thing must be looked for, so that no archive is asked for everything."""

    archive = forms.ModelChoiceField(
        label=_("Archive"),
        queryset=Peer.objects.none(),
        to_field_name="uuid",
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    number = LineField(_("Patient ID"), max_length=64)
    name = LineField(_("Patient name"), max_length=64)
    accession = LineField(_("Accession number"), max_length=16)
    since = DayField(_("Taken on or after"))
    until = DayField(_("Taken on or before"))

    def __init__(self, user: User, **options: Any) -> None:
        super().__init__(label_suffix="", **options)
        archives = Peer.objects.searched_by(user)
        self.fields["archive"].queryset = archives  # type: ignore[attr-defined]
        if len(archives) == 1:
            self.fields["archive"].widget = forms.HiddenInput()
            self.fields["archive"].initial = archives[0].uuid

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and self.query.is_empty:
            raise forms.ValidationError(_("Fill in at least one field."), code="nothing")
        return values

    @property
    def query(self) -> StudyQuery:
        asked = self.cleaned_data
        return StudyQuery(
            patient_number=asked["number"],
            patient_name=asked["name"],
            accession_number=asked["accession"],
            first_day=asked["since"],
            last_day=asked["until"],
        )

    @property
    def asked(self) -> list[str]:
        """Which fields were used, for the audit; not for what."""
        return [name for name, value in self.cleaned_data.items() if value and name != "archive"]


_SHOWN = {
    "": (_("All"), list(Instance.State)),
    "waiting": (_("Waiting"), list(Instance.OPEN)),
    "stopped": (_("Refused or failed"), [Instance.State.REFUSED, Instance.State.DEAD]),
}


class ReceivedForm(forms.Form):
    """Which of the radiographs from the PACS are listed."""

    shown = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[(key, label) for key, (label, _states) in _SHOWN.items()],
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    @property
    def states(self) -> list[str]:
        """Those asked for; all where nothing that is known was."""
        key = self.cleaned_data.get("shown", "") if self.is_valid() else ""
        return [str(state) for state in _SHOWN[key][1]]


def begins_before(asked: Mapping[str, str]) -> int | None:
    """The number that a page of a list begins before; None on the first one, and for what is no number."""
    text = asked.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
