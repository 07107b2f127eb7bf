"""The one-time links of invitations and forgotten passwords.

A link that seems to come from the future was made before the clock was set back: it would last longer by as much.
"""

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import base36_to_int

from accounts.clock import TOLERANCE
from accounts.models import User


class PastTokens(PasswordResetTokenGenerator):
    """Django's, of a moment that is over by this machine's clock."""

    def check_token(self, user: User | None, token: str | None) -> bool:
        return super().check_token(user, token) and self._age(str(token)) >= -TOLERANCE

    def _age(self, token: str) -> int:
        """In seconds; Django writes the moment in front of the hash."""
        return self._num_seconds(self._now()) - base36_to_int(token.partition("-")[0])


class ResetTokens(PastTokens):
    """Of a forgotten password: the salt is that of Django's own."""

    key_salt = PasswordResetTokenGenerator.key_salt


class InvitationTokens(PastTokens):
    """Django's, bound to the state of an invitation.

    A link stops working when it was used, when a newer one was sent, when the address was corrected, or after
    PASSWORD_RESET_TIMEOUT. Only an invited person has one.
    """

    key_salt = "accounts.tokens.InvitationTokens"  # a constant and no path: to change it would void every link

    def check_token(self, user: User | None, token: str | None) -> bool:
        is_invited = user is not None and user.status == User.Status.INVITED
        return is_invited and super().check_token(user, token)

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk}:{user.status}:{user.invitations}:{user.password}:{user.email}:{timestamp}"


invitation_tokens, reset_tokens = InvitationTokens(), ResetTokens()
