"""What goes wrong with accounts. Each error is one sentence for the person who asked."""


class AccountError(Exception):
    """This cannot be done to this account now."""


class MailUnavailable(AccountError):
    """The mail server did not take a message."""
