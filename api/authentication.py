"""Who asks the API: the person whose token is in the header. Cookies mean nothing here."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import TokenAuthentication as RestTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from accounts.api_tokens import KEYWORD, token_in_force
from accounts.models import ApiToken, User


class TokenAuthentication(RestTokenAuthentication):
    """Django REST framework's reading of the header `Authorization: Bearer TOKEN`, over our own tokens."""

    keyword = KEYWORD
    model = ApiToken

    def authenticate_credentials(self, key: str) -> tuple[User, Any]:
        token = token_in_force(key)
        if token is None:
            raise AuthenticationFailed
        return token.person, token
