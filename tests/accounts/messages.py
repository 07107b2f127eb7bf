"""Reading what the site sent by e-mail."""

import re

from django.core import mail
from django.core.mail import EmailMessage

from accounts.mail import wait_for_messages


def sent() -> list[EmailMessage]:
    """What has been sent, once everything that was to be sent later is."""
    wait_for_messages()
    return mail.outbox


def link_in_newest_message() -> str:
    """The path of the link in the message that was sent last."""
    (link,) = re.findall(r"https?://[^/\s]+(/\S+)", str(sent()[-1].body))
    return link
