"""Forms over a row that notice when somebody else has changed it since the page was drawn (lost update, stale form)."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.errors import AccountError
from accounts.wording import listed


class _Seen(forms.CharField):
    """A fingerprint of the values that the page was drawn from. It is never a change by itself."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, required=False, max_length=64)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class NoticesChanges(forms.ModelForm):
    """A form that stores nothing over what somebody else has stored in the meantime, the first time.

    What was typed stays in the form, which names the fields; saving it again is a decision.
    """

    seen = _Seen()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.note_present()

    def note_present(self) -> None:
        """To be called again by a form that adds fields after this."""
        names = [name for name in self.fields if name != "seen"]
        self.before = {name: self.get_initial_for_field(self.fields[name], name) for name in names}
        if self.instance.pk is None:
            self.fields.pop("seen", None)
        self.initial["seen"] = _fingerprint(self.before)

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if self.cleaned_data.get("seen") not in (None, "", self.initial["seen"]):
            self._show_present()
        return values

    def _show_present(self) -> None:
        """Refuse once: the page that says so bears the fingerprint of the present values."""
        differing = [str(self.fields[name].label or name) for name in self.changed_data]
        data: Any = self.data
        self.data = data.copy()
        self.data[self.add_prefix("seen")] = self.initial["seen"]  # type: ignore[index]  # the copy can be changed
        self.add_error(None, forms.ValidationError(changed_meanwhile(differing), code="changed"))

    def present(self, names: list[str]) -> dict[str, Any]:
        """What was stored in these fields when this form was made, for the comparison under the lock."""
        return {name: self.before[name] for name in names}


def changed_meanwhile(fields: list[str]) -> str:
    """What a person is told whose form is older than what is stored; `fields` are those that differ from it."""
    text = _(
        "Somebody else has changed this in the meantime, and nothing was stored yet. What you entered is kept below. "
        "Save again to store it, or reload the page to see the present values."
    )
    differing = _("It differs from what is stored in: %(fields)s.") % {"fields": listed(fields)}
    return f"{text} {differing}" if fields else text


def refuse_changed(row: Any, before: dict[str, Any]) -> None:
    """Raise AccountError where the locked row no longer has these values; foreign keys are given by their number."""
    for name, value in before.items():
        field = row._meta.get_field(name)
        if getattr(row, field.attname) != value:
            raise AccountError(changed_meanwhile([str(field.verbose_name)]))


def _fingerprint(values: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]
