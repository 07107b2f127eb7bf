"""The sign-in form."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """Django's form with Bootstrap's looks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control form-control-lg"
        self.fields["username"].widget = forms.TextInput(
            attrs={**self.fields["username"].widget.attrs, "autocomplete": "username", "autocapitalize": "none"}
        )
