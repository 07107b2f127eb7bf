"""The forms of sign-in, of one's own profile, and of the links that are sent by e-mail."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.forms import otp_verification_failed

from accounts.mail import mail_link_later
from accounts.models import User
from accounts.normalise import normalised
from accounts.outside import LetInNowhere
from accounts.preferences import language_choices, time_zone_choices
from accounts.second_factor import blocked_until, code_without_spaces, device_for, is_right
from accounts.services import invitation_accept, password_set
from accounts.sessions import is_fresh
from accounts.stale_forms import NoticesChanges

PASSWORD_LENGTH = 256
"""Characters of a password that are taken: far more than anyone types, and few enough to hash."""


def bounded(form: forms.Form) -> None:
    """Give every text of a form of Django's that has no limit one, which is checked before anything looks at the text.

    AuthenticationForm tells its user name's length to the browser only.
    """
    for field in form.fields.values():
        if isinstance(field, forms.CharField):
            field.max_length = field.max_length or PASSWORD_LENGTH
            if not any(isinstance(each, MaxLengthValidator) for each in field.validators):
                field.validators.append(MaxLengthValidator(field.max_length))


class SignInForm(AuthenticationForm):
    """Django's form with Bootstrap's looks, and words that are true here: only the password minds the letter case."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The user name or the password is wrong. Check both, and the Caps Lock key."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bounded(self)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control form-control-lg"
        self.fields["username"].widget = forms.TextInput(
            attrs={**self.fields["username"].widget.attrs, "autocomplete": "username", "autocapitalize": "none"}
        )

    def clean(self) -> dict[str, Any]:
        """With a sentence where the hospital's directory took the password and the person is let in nowhere."""
        try:
            return super().clean()
        except LetInNowhere as error:
            raise forms.ValidationError(str(error), code=error.code) from None


class ProfileForm(NoticesChanges):
    """The own profile of a person. Roles and institution are given by an administrator."""

    field_order = ["first_name", "last_name", "email", "shows_heat_map", "reads_blind", "time_zone", "language"]

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "shows_heat_map", "reads_blind"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, token in {"first_name": "given-name", "last_name": "family-name", "email": "email"}.items():
            self.fields[name].widget.attrs |= {"class": "form-control", "autocomplete": token}
        for name in ("shows_heat_map", "reads_blind"):
            self.fields[name].widget.attrs["class"] = "form-check-input"
        self._add_choice("time_zone", _("Time zone"), time_zone_choices())
        if len(settings.LANGUAGES) > 1:
            self._add_choice("language", _("Language"), language_choices())
        self.order_fields(self.field_order)
        self.note_present()

    def _add_choice(self, name: str, label: Any, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label,
            choices=choices,
            required=False,
            initial=getattr(self.instance, name),
            widget=forms.Select(attrs={"class": "form-select"}),
        )


def _dress(form: forms.Form) -> None:
    """Bootstrap's looks, and a limit of every text."""
    bounded(form)
    for field in form.fields.values():
        field.widget.attrs["class"] = "form-control"


class OwnPasswordForm(PasswordChangeForm):
    """Django's form with Bootstrap's looks. A wrong old password counts towards the lock-out."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        person: Any = request.user
        super().__init__(person, *args, **kwargs)
        self.request = request
        _dress(self)

    def clean_old_password(self) -> str:
        old: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=old) is None:
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old

    def save(self, commit: bool = True) -> User:
        password_set(person=self.user, password=self.cleaned_data["new_password1"], is_reset=False)
        return self.user


class ForgottenPasswordForm(PasswordResetForm):
    """Django's form, which finds an address whatever its letter case and writes to active people only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self)

    def get_users(self, email: str) -> list[User]:
        people = User.objects.filter(email_key=normalised(email), status=User.Status.ACTIVE)
        return [person for person in people if person.has_usable_password()]

    def send_mail(self, subject_template_name: str, email_template_name: str, context: Any, *_: Any, **__: Any) -> None:
        subject = " ".join(render_to_string(subject_template_name, context).split())
        body = render_to_string(email_template_name, context)
        mail_link_later(person=context["user"], subject=subject, body=body)


class NewPasswordForm(SetPasswordForm):
    """Django's form for the link of a forgotten password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self)

    def save(self, commit: bool = True) -> User:
        password_set(person=self.user, password=self.cleaned_data["new_password1"], is_reset=True)
        return self.user


class InvitationForm(SetPasswordForm):
    """Name and password of somebody who was invited."""

    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150)
    field_order = ["first_name", "last_name", "new_password1", "new_password2"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        for name, token in {"first_name": "given-name", "last_name": "family-name"}.items():
            self.fields[name].initial = getattr(user, name)
            self.fields[name].widget.attrs["autocomplete"] = token
        _dress(self)

    def clean(self) -> dict[str, Any] | None:
        # The password is compared with the name that is being given, too.
        self.user.first_name = self.cleaned_data.get("first_name", "")
        self.user.last_name = self.cleaned_data.get("last_name", "")
        return super().clean()

    def save(self, commit: bool = True) -> User:
        values = self.cleaned_data
        invitation_accept(
            person=self.user,
            first_name=values["first_name"],
            last_name=values["last_name"],
            password=values["new_password1"],
        )
        return self.user


def _code_field(**attributes: str) -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "class": "form-control form-control-lg", **attributes}
    return forms.CharField(label=_("Code"), max_length=20, widget=forms.TextInput(attrs=attributes))


class CodeForm(forms.Form):
    """The second step of signing in: a code of the app, or a recovery code."""

    code = _code_field(autofocus="", autocapitalize="none", spellcheck="false")

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_code(self) -> str:
        """Use the code up; `device` then holds what it belongs to."""
        code = code_without_spaces(self.cleaned_data["code"])
        self.device = device_for(self.person, code)
        if self.device and (until := blocked_until(self.device)):
            seconds = max(1, round((until - timezone.now()).total_seconds()))
            message = _("Too many wrong codes. Wait %(seconds)d seconds, then enter a new code.") % {"seconds": seconds}
            raise forms.ValidationError(message, code="blocked")
        if not self.device or not is_right(self.device, self.person, code):
            otp_verification_failed.send(sender=type(self), user=self.person)
            raise forms.ValidationError(_("This code is wrong or has been used. Enter the newest one."), code="wrong")
        return code


class OwnPasswordNeeded(forms.Form):
    """What changes how one signs in needs the password once more. A wrong one counts towards the lock-out."""

    password = forms.CharField(
        label=_("Your password"),
        max_length=PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "form-control"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        if not self._has_password:
            del self.fields["password"]

    @property
    def _has_password(self) -> bool:
        """People whom the hospital's sign-in lets in have none here: that they signed in just now stands for it."""
        return bool(cast("User", self.request.user).has_usable_password())

    def clean(self) -> dict[str, Any] | None:
        if not self._has_password and not is_fresh(self.request):
            raise forms.ValidationError(_("Sign out and in again first: you signed in too long ago."), code="old")
        return super().clean()

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        username = self.request.user.get_username()
        if authenticate(self.request, username=username, password=password) is None:
            raise forms.ValidationError(_("This is not your password."), code="password")
        return password


class EnrolmentForm(OwnPasswordNeeded):
    """The first code of a new app. The view checks it, after the password."""

    code = _code_field(inputmode="numeric")
    field_order = ["code", "password"]

    def clean_code(self) -> str:
        return code_without_spaces(self.cleaned_data["code"])
