"""The messages that the site sends."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from smtplib import SMTPException

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.errors import MailUnavailable
from accounts.link_tokens import invitation_tokens
from accounts.models import User

logger = logging.getLogger(__name__)

ONE_LINK_EVERY_SECONDS = 120
"""How many e-mails an address gets, so that no one can fill another person's inbox. Counted in each process."""
# Needs no database. A process that ends first sends the messages that are left, each for EMAIL_TIMEOUT at most.
_postman = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def mail_invitation(*, person: User, site: str) -> None:
    """Send the person the link of the newest invitation. `site` is the address of the site, without a final slash.

    Raises MailUnavailable where the mail server does not take the message.
    """
    path = reverse("accounts:invitation", args=[uid_of(person), invitation_tokens.make_token(person)])
    context = {"person": person, "link": f"{site}{path}", "hours": settings.PASSWORD_RESET_TIMEOUT // 3600}
    with override(person.language or settings.LANGUAGE_CODE):
        subject = _("Your account at covidxray")
        _send(person, subject, render_to_string("accounts/mail/invitation.txt", context))


def mail_link_later(*, person: User, subject: str, body: str) -> None:
    """Send a forgotten password's link after the answer: the time that a mail server takes would tell who exists."""
    if cache.add(f"accounts.mail.link:{person.uuid}", True, ONE_LINK_EVERY_SECONDS):
        _send_later(person, subject, body)


def mail_address_changed(*, person: User, former: str) -> None:
    """Tell the former address, so that a person at somebody else's open session cannot take the account over unseen."""
    with override(person.language or settings.LANGUAGE_CODE):
        subject = _("Your e-mail address at covidxray was changed")
        _send_later(person, subject, render_to_string("accounts/mail/address_changed.txt", {"person": person}), former)


def mail_later(*, person: User, subject: str, body: str) -> None:
    """Send another message after the answer. One that the mail server does not take is logged and counted."""
    _send_later(person, subject, body)


def wait_for_messages() -> None:
    """Return when every message of this process that was to be sent later has been sent, or refused."""
    _postman.submit(int).result()


def _send_later(person: User, subject: str, body: str, address: str = "") -> None:
    _postman.submit(copy_context().run, _send_or_log, person, subject, body, address)


def _send_or_log(person: User, subject: str, body: str, address: str) -> None:
    with suppress(MailUnavailable):  # it is logged already
        _send(person, subject, body, address)


def uid_of(person: User) -> str:
    return urlsafe_base64_encode(force_bytes(person.pk))


def _send(person: User, subject: str, body: str, address: str = "") -> None:
    """To the person's address, or to that other one."""
    try:
        EmailMessage(subject, body, to=[address or person.email]).send()
    except (OSError, SMTPException, ValueError) as error:
        logger.warning("the mail server took no message for person %s: %s", person.uuid, type(error).__name__)
        message = _("The message to %(address)s could not be sent: the mail server did not accept it.")
        raise MailUnavailable(message % {"address": person.email}) from error
