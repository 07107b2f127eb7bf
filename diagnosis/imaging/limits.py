"""How large a file and a picture may be, and the refusals that say so (size, pixels, scans)."""

import re
from itertools import islice

from diagnosis.errors import RadiographRejected, gettext_noop

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SCANS = 100
"""Progressive JPEGs have about ten."""

_SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]")


def refuse_size(size: int) -> None:
    """Raise RadiographRejected where a file of `size` bytes is not worth reading: it is empty or too large."""
    if not size:
        raise RadiographRejected(
            gettext_noop("This file is empty. Export it again from the device or the archive, then upload it."),
            code="empty",
        )
    if size > MAX_FILE_BYTES:
        raise RadiographRejected(
            gettext_noop("This file is larger than %(megabytes)d MB. Export it smaller or compressed, then upload it."),
            code="too-large",
            megabytes=MAX_FILE_BYTES // 1024**2,
        )


def refuse_oversize(width: int, height: int) -> None:
    """Raise RadiographRejected where a picture of this declared size must not be decoded."""
    if width * height > MAX_PIXELS:
        raise RadiographRejected(
            gettext_noop(
                "The picture is %(width)d x %(height)d pixels; at most %(megapixels)d megapixels can be read."
            ),
            code="too-many-pixels",
            width=width,
            height=height,
            megapixels=MAX_PIXELS // 1_000_000,
        )


def refuse_many_scans(jpeg: bytes) -> None:
    """Raise RadiographRejected where a JPEG makes the decoder go over all its pixels again and again.

    A scan of 65 bytes costs 80 ms at 40 megapixels: without a limit a file of 50 MB could hold a processor for hours.
    """
    if sum(1 for _ in islice(_SCAN.finditer(jpeg), MAX_SCANS + 1)) > MAX_SCANS:
        raise RadiographRejected(
            gettext_noop("The JPEG was made to keep a computer busy; export it again."), code="many-scans"
        )
