"""The one-time links of invitations."""

from django.contrib.auth.tokens import PasswordResetTokenGenerator

from accounts.models import User


class InvitationTokens(PasswordResetTokenGenerator):
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


invitation_tokens = InvitationTokens()
