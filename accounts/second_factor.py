"""The second factor: six digits of an authenticator app, or a recovery code. django-otp checks and counts."""

from base64 import b32encode
from datetime import datetime

import segno
from django.db import transaction
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User

RECOVERY_CODES = 10
_DIGITS = 6


def authenticator_of(user: User) -> TOTPDevice | None:
    """The app that the person has set up, if there is one."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def authenticator_to_confirm(user: User) -> TOTPDevice:
    """The app that the person is setting up: the same until its first code has been given.

    Of two pages at the same moment the second waits for the person's row: nothing else keeps them from making two.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        waiting = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("pk").first()
        return waiting or TOTPDevice.objects.create(user=user, confirmed=False, name="app")


def recovery_codes_of(user: User) -> list[str]:
    """Those that are left, as they are shown."""
    tokens = StaticDevice.objects.filter(user=user).values_list("token_set__token", flat=True)
    return [f"{token[:4]}-{token[4:]}" for token in tokens.order_by("token_set__pk") if token]


def device_for(user: User, code: str) -> Device | None:
    """The one device that a code of this shape can belong to. Trying all would count as a failure of the others."""
    if len(code) == _DIGITS and code.isdecimal():
        return authenticator_of(user)
    return StaticDevice.objects.filter(user=user).first()


def code_without_spaces(text: str) -> str:
    return "".join(text.split()).replace("-", "").lower()


def is_right(device: Device, user: User, code: str) -> bool:
    """Whether the code is right now; it is used up with this. A wrong one makes the next try wait."""
    return verify_token(user, device.persistent_id, code) is not None


def blocked_until(device: Device) -> datetime | None:
    """The moment before which no code is accepted, after wrong ones."""
    is_allowed, details = device.verify_is_allowed()
    return None if is_allowed else details["locked_until"]


def qr_code(device: TOTPDevice) -> str:
    """The picture that an authenticator app reads, as SVG for a page."""
    code = segno.make(device.config_url, error="m", micro=False)
    return code.svg_inline(
        scale=5, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr-code", lineclass=None
    )


def key_to_type(device: TOTPDevice) -> str:
    """The same secret for people who cannot scan: base32 in groups of four (RFC 4648, as apps read it)."""
    key = b32encode(device.bin_key).decode()
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))
