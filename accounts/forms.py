"""The forms of sign-in and of one's own profile."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.preferences import language_choices, time_zone_choices


class SignInForm(AuthenticationForm):
    """Django's form with Bootstrap's looks, and words that are true here: only the password minds the letter case."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("This user name and password do not belong together. Check both, and the Caps Lock key."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control form-control-lg"
        self.fields["username"].widget = forms.TextInput(
            attrs={**self.fields["username"].widget.attrs, "autocomplete": "username", "autocapitalize": "none"}
        )


class ProfileForm(forms.ModelForm):
    """What a person may change of himself. Roles and institution are an administrator's to give."""

    field_order = ["first_name", "last_name", "email", "shows_heat_map", "time_zone", "language"]

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "shows_heat_map"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, token in {"first_name": "given-name", "last_name": "family-name", "email": "email"}.items():
            self.fields[name].widget.attrs |= {"class": "form-control", "autocomplete": token}
        self.fields["shows_heat_map"].widget.attrs["class"] = "form-check-input"
        self._add_choice("time_zone", _("Time zone"), time_zone_choices())
        if len(settings.LANGUAGES) > 1:
            self._add_choice("language", _("Language"), language_choices())
        self.order_fields(self.field_order)

    def _add_choice(self, name: str, label: Any, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label,
            choices=choices,
            required=False,
            initial=getattr(self.instance, name),
            widget=forms.Select(attrs={"class": "form-select"}),
        )


class OwnPasswordForm(PasswordChangeForm):
    """Django's form with Bootstrap's looks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"
