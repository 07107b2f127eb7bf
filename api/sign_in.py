"""Signing in and out: a user name and a password, and a code where there is a second factor, for a token."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_tokens import KEYWORD, token_create, token_end
from accounts.audit_records import wrong_code_record
from accounts.forms import CodeForm, SignInForm
from accounts.models import User
from accounts.second_factor import authenticator_of
from api.errors import Problem, invalid
from api.requests import SignInRequest
from api.schema import answers
from api.throttles import SignInsFromAddress
from api.views import ApiView, text_fields

_CHALLENGE = {"WWW-Authenticate": KEYWORD}


class TokenSerializer(serializers.Serializer):
    token = serializers.CharField(help_text="For the header Authorization: Bearer …. It is told only this once.")
    expires = serializers.DateTimeField()


@method_decorator(sensitive_post_parameters(), name="dispatch")
class SignInView(ApiView):
    """The form of the sign-in page, with its lock-out, its words and its entries in the audit."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (SignInsFromAddress,)

    @extend_schema(
        operation_id="sign_in", request=SignInRequest, responses=answers({201: TokenSerializer}, 400, 415, 422), auth=[]
    )
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        """Sign in."""
        given = text_fields(request)
        person = _person_with_password(request, given)
        has_code = _code_is_given(person, given.get("code", ""))
        key, token = token_create(person=person, has_second_factor=has_code)
        return Response(TokenSerializer({"token": key, "expires": token.expires}).data, status=HTTPStatus.CREATED)


def _person_with_password(request: Request, given: dict[str, str]) -> User:
    """Raises Problem. Where it is locked out, django-axes' middleware answers instead."""
    form = SignInForm(request._request, data=given)
    if form.is_valid():
        return form.get_user()
    if form.non_field_errors():
        raise Problem(401, "wrong-password", form.non_field_errors()[0], headers=_CHALLENGE)
    raise invalid(form)


def _code_is_given(person: User, code: str) -> bool:
    """Whether the person has given the code of a second factor; False where there is none and need not be one."""
    if authenticator_of(person):
        _check_code(person, code)
        return True
    if person.needs_second_factor:
        raise Problem(403, "second-factor-needed", _("Set up a second factor first: sign in to the pages of the site."))
    return False


def _check_code(person: User, code: str) -> None:
    if not code:
        raise Problem(401, "code-needed", _("Enter the code of your second factor too."), headers=_CHALLENGE)
    form = CodeForm(person, {"code": code})
    if not form.is_valid():
        wrong_code_record(person)
        raise Problem(401, "wrong-code", form.errors["code"][0], headers=_CHALLENGE)


class SignOutView(ApiView):
    """The end of the token that asks for it."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="sign_out", request=None, responses=answers({204: None}))
    def post(self, request: Request) -> Response:
        """Sign out: this token ends."""
        token_end(token=request.auth)
        return Response(status=HTTPStatus.NO_CONTENT)
