"""Sends alerts by e-mail and to a webhook, whose addresses come from the settings and from nowhere else.

The webhook gets JSON with codes, sentences and numbers, signed with HMAC-SHA256 where a secret is set. It is tried
ATTEMPTS times; a redirect is not followed, so that nobody else decides where it goes, and no proxy is used.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from operations.alerts.conditions import Alert

logger = logging.getLogger(__name__)

ATTEMPTS = 3
PAUSE_SECONDS = 2.0
TIMEOUT_SECONDS = 10
SIGNATURE = "X-Covidxray-Signature"


def alerts_mailed(alerts: Sequence[Alert]) -> bool:
    """Whether the mail server took the message, or there is nobody to send it to."""
    if not settings.ALERT_EMAILS:
        return True
    text = "\n".join(alert.text for alert in alerts)
    message = EmailMessage(subject=f"covidxray: {len(alerts)} alerts", body=f"{text}\n", to=settings.ALERT_EMAILS)
    try:
        message.send()
    except (SMTPException, OSError):
        logger.exception("the alerts cannot be sent by e-mail")
        return False
    return True


def alerts_posted(alerts: Sequence[Alert]) -> bool:
    """Whether the webhook took the message, or there is none."""
    if not settings.ALERT_WEBHOOK:
        return True
    body = json.dumps({"alerts": [asdict(alert) for alert in alerts]}).encode()
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_SECONDS * attempt)
        if _posted(body):
            return True
    logger.error("the alerts cannot be sent to the webhook: given up after %d attempts", ATTEMPTS)
    return False


def _posted(body: bytes) -> bool:
    address = urlsplit(settings.ALERT_WEBHOOK)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", path, body=body, headers=_headers(body))
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        logger.warning("the webhook for alerts cannot be reached: %s", type(error).__name__)
        return False
    finally:
        connection.close()
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        logger.warning("the webhook for alerts answered %d", status)
    return status < HTTPStatus.MULTIPLE_CHOICES


def _headers(body: bytes) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "covidxray"}
    if secret := settings.ALERT_WEBHOOK_SECRET:
        headers[SIGNATURE] = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return headers
