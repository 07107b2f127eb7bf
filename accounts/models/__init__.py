"""People, institutions, what was done to accounts, and the tokens of programs, as rows."""

from accounts.models.api_tokens import ApiToken, ApiUse
from accounts.models.events import AccountEvent
from accounts.models.institutions import Institution
from accounts.models.people import User, UserManager

__all__ = [
    "AccountEvent",
    "ApiToken",
    "ApiUse",
    "Institution",
    "User",
    "UserManager",
]
