"""An uploaded file's bytes to a radiograph: grey pixels and the few DICOM values that are kept."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.dicom import read_dicom
from diagnosis.imaging.dicom_details import DicomDetails
from diagnosis.imaging.dicom_head import is_dicom
from diagnosis.imaging.doubts import Doubt
from diagnosis.imaging.jpeg_png import read_picture
from diagnosis.imaging.limits import MAX_FILE_BYTES, MAX_PIXELS, refuse_size, too_costly
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.other_formats import pillow_format, read_other, unknown_format
from diagnosis.imaging.view_tags import NO_TAGS, ViewTags

__all__ = ["MAX_FILE_BYTES", "MAX_PIXELS", "DicomDetails", "Radiograph", "read_radiograph"]


@dataclass(frozen=True)
class Radiograph:
    """A decoded radiograph, whatever file it came in."""

    pixels: np.ndarray
    """(height, width) uint8, upright, windowed, bright = dense tissue, read-only."""
    format: str
    """"JPEG", "PNG", "TIFF", "BMP", "WEBP" or "DICOM"."""
    sha256: str
    """Hexadecimal SHA-256 of the original bytes."""
    colourfulness: float
    """Mean channel spread of the decoded picture, 0..255; 0 for grey."""
    dicom: DicomDetails | None
    """The kept tags; None for other files."""
    view: ViewTags = NO_TAGS
    """What the tags name that is no frontal chest."""
    sop_instance_uid: str = ""
    """The name of this very picture in all archives; empty where the file has none."""
    notes: tuple[ReadingNote, ...] = ()
    """What of the file could not be used, although its picture could."""
    decoded_sha256: str = ""
    """Hexadecimal SHA-256 of a DICOM file's stored values, whatever its window; empty for other files."""
    doubts: tuple[Doubt, ...] = ()
    """What its tags leave open."""

    @cached_property
    def pixels_sha256(self) -> str:
        """Hexadecimal SHA-256 of the picture's size and pixels: the same however the file is written."""
        height, width = self.pixels.shape
        digest = hashlib.sha256(f"{height}x{width}:".encode())
        digest.update(np.ascontiguousarray(self.pixels).data)
        return digest.hexdigest()


def read_radiograph(content: bytes, *, sha256: str | None = None) -> Radiograph:
    """Decode a DICOM, JPEG, PNG, TIFF, BMP or WebP file, told apart by its content and never by its name.

    Raises RadiographRejected, and nothing else, for any bytes that are not a whole and safe picture. What a stranger
    may have sent is read by `decoding.read_untrusted`, which does this in a process of its own and knows the `sha256`.
    """
    refuse_size(len(content))
    kind = sniffed_format(content)
    try:
        return _read(content, kind, hashlib.sha256(content).hexdigest() if sha256 is None else sha256)
    except RadiographRejected:
        raise
    except MemoryError as error:
        raise too_costly() from error
    except Exception as error:  # decoders raise anything at all on hostile bytes, and none of it may reach a person
        raise damaged(kind) from error


def damaged(kind: str) -> RadiographRejected:
    """The refusal of a file that no decoder gets to its end; `kind` is its format."""
    return RadiographRejected(
        gettext_noop("The %(format)s file is damaged or incomplete and could not be read; export it again."),
        code="damaged",
        format=kind,
    )


def _read(content: bytes, kind: str, digest: str) -> Radiograph:
    if kind != "DICOM":
        picture = read_picture(content) if kind in ("JPEG", "PNG") else read_other(content, kind)
        return Radiograph(picture.pixels, kind, digest, picture.colourfulness, None, notes=picture.notes)
    found = read_dicom(content)
    return Radiograph(
        found.picture.pixels,
        kind,
        digest,
        found.picture.colourfulness,
        found.details,
        found.view,
        found.sop_instance_uid,
        found.notes,
        found.decoded_sha256,
        found.doubts,
    )


def sniffed_format(content: bytes) -> str:
    """The format by the first bytes. Raises RadiographRejected where they are of none that is read."""
    if is_dicom(content):
        return "DICOM"
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if kind := pillow_format(content):
        return kind
    raise unknown_format(content)
