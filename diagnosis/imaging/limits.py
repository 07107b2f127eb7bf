"""How large a file and a picture may be: file size limit, pixels, sides, memory, parts, and the refusals that say so.

Each limit is compared with what a file's headers promise, before a decoder believes them.
"""

from diagnosis.errors import RadiographRejected, gettext_noop

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 30_000
"""Pixels. The longest radiographs, whole legs and spines put together from several, have about 15,000."""
MAX_DECODING_BYTES = 360_000_000
"""What decoding may take besides the file itself. 40 megapixels take 190 MB in grey and 310 MB in colour.

Each format says how many bytes of a pixel it takes at its peak: measured, not computed, with pictures of 40 megapixels
(tests/diagnosis/imaging/test_costs.py holds them to it)."""


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
    if max(width, height) > MAX_SIDE:
        raise RadiographRejected(
            gettext_noop("The picture is %(width)d x %(height)d pixels; no side may have more than %(side)d."),
            code="too-long-side",
            width=width,
            height=height,
            side=MAX_SIDE,
        )


def refuse_memory(needed: int) -> None:
    """Raise RadiographRejected where a decoder would need so many bytes for what the headers promise."""
    if needed > MAX_DECODING_BYTES:
        raise too_costly()


def too_costly() -> RadiographRejected:
    """The refusal of a file that takes, or would take, far more memory or time than a radiograph."""
    return RadiographRejected(
        gettext_noop(
            "Reading the file takes more memory or time than a radiograph needs; export it again, as a grey picture."
        ),
        code="too-costly",
    )


def refuse_parts(number: int, limit: int) -> None:
    """Raise RadiographRejected where a file consists of more chunks, segments or elements than the limit."""
    if number > limit:
        raise RadiographRejected(
            gettext_noop("The file holds far more than a radiograph; export only the picture."), code="too-many-parts"
        )
