"""The clinical role as a condition of a page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User

Parameters = ParamSpec("Parameters")


class SignedInRequest(HttpRequest):
    """What a view behind the sign-in gets."""

    user: User


SignedInView = Callable[Concatenate[SignedInRequest, Parameters], HttpResponseBase]


def radiographer_required(view: SignedInView[Parameters]) -> SignedInView[Parameters]:
    """Open a view to radiographers only: 403 for every other signed-in person, whatever the address names."""

    @wraps(view)
    def checked(request: SignedInRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponseBase:
        if not request.user.is_radiographer:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked
