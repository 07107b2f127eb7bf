"""The UIDs of what is sent: the same result always gets the same ones, so that sending it again adds nothing."""

from __future__ import annotations

import uuid
from enum import StrEnum

_NAMESPACE = uuid.UUID("7f0f7a52-35c1-5b0e-9f7c-64e9a0f6b1d4")


class Kind(StrEnum):
    """The three objects that one result becomes."""

    REPORT = "sr"
    """Enhanced SR, for programs."""
    PICTURE = "sc"
    """Secondary capture, for people."""
    DOCUMENT = "pdf"
    """The report as an encapsulated PDF."""


def derived_uid(*parts: str) -> str:
    """A UID made from the parts alone, as a UUID of version 5 (PS3.5, B.2)."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(parts)).int}"


def object_uid(sop_instance_uid: str, weights_sha256: str, kind: Kind, revision: str = "") -> str:
    """Of one object. `revision` is empty for the first that is sent of a result, and names what changed after that."""
    return derived_uid("object", sop_instance_uid, weights_sha256, kind, *filter(None, [revision]))


def series_uid(sop_instance_uid: str, weights_sha256: str, kind: Kind) -> str:
    """Of the series that holds one kind of object, in all its revisions."""
    return derived_uid("series", sop_instance_uid, weights_sha256, kind)


def device_uid(weights_sha256: str) -> str:
    """Of the model version as the device that observed."""
    return derived_uid("device", weights_sha256)
