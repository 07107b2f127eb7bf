"""The administration's forms of people and institutions: a role is required, and changes meanwhile are noticed."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User
from accounts.stale_forms import NoticesChanges

ROLES = ("is_radiographer", "is_staff")


class NewPersonForm(forms.ModelForm):
    """Somebody who is registered can do something: no account is without a role."""

    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007 - the administration names them

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if not any(self.cleaned_data.get(role) for role in ROLES):
            self.add_error(None, forms.ValidationError(_("Choose at least one role."), code="role"))
        return values


class PersonForm(NoticesChanges):
    class Meta:
        model = User
        fields = "__all__"


class InstitutionForm(NoticesChanges):
    class Meta:
        model = Institution
        fields = "__all__"
