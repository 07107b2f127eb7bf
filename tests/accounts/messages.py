"""Reading what the site sent by e-mail."""

import re

from django.core import mail


def link_in_newest_message() -> str:
    """The path of the link in the message that was sent last."""
    (link,) = re.findall(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    return link
