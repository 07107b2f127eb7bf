"""People, institutions, what was done to accounts, the tokens of programs, and identities from outside, as rows."""

from accounts.models.api_tokens import ApiToken, ApiUse
from accounts.models.events import AccountEvent
from accounts.models.identities import ExternalIdentity
from accounts.models.institutions import Institution
from accounts.models.people import User, UserManager

__all__ = [
    "AccountEvent",
    "ApiToken",
    "ApiUse",
    "ExternalIdentity",
    "Institution",
    "User",
    "UserManager",
]
