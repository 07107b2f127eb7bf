"""How much a DICOM file may hold besides its picture: lengths of elements, items of sequences, memory of its pixels.

pydicom makes an object of every item, and of every value between two backslashes. `wanted_elements` bounds the number
of elements, and reads no other than the wanted ones.
"""

import struct
from itertools import count

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.limits import refuse_memory

MAX_TEXT_BYTES = 4096
"""Of a wanted element. The longest that the standard allows is a name of 3 x 64 characters, of up to 8 bytes each."""
MAX_TABLE_BYTES = 128 * 1024
"""Of a look-up table: 65,536 values of 16 bits."""
MAX_SEQUENCE_BYTES = 512 * 1024
MAX_ITEMS = 100
"""Of a sequence. Radiographs with tables of grey levels have one to five."""
MAX_META_ELEMENTS = 50
"""Of the file meta information; the standard knows seventeen."""
MAX_META_BYTES = 64 * 1024
_HEAD_BYTES = 12
_ITEMS = (struct.pack("<2H", 0xFFFE, 0xE000), struct.pack(">2H", 0xFFFE, 0xE000))
_LIMITS_BY_VR = {"SQ": MAX_SEQUENCE_BYTES, "OW": MAX_TABLE_BYTES, "US or OW": MAX_TABLE_BYTES}

_COPIES, _COPIES_OF_COLOUR, _BYTES_OF_PALETTE = 3, 4, 17
"""Of the stored samples, at the peak: what the decoder returns, pydicom's bytes and its array. The last: of a pixel."""


class EndOfMeta:
    """pydicom's `stop_when` for the file meta information: stops at the first other element, and refuses too much."""

    def __init__(self) -> None:
        self._number = count(1)

    def __call__(self, tag: BaseTag, _vr: str | None, length: int) -> bool:
        if tag.group != 2:
            return True
        if next(self._number) > MAX_META_ELEMENTS or length > MAX_META_BYTES:
            raise too_much()
        return False


def refuse_long_element(tag: int, element: bytes) -> None:
    """Raise RadiographRejected where a wanted element, with its head, is longer than its kind ever needs."""
    kind = dictionary_VR(tag)
    if len(element) > _LIMITS_BY_VR.get(kind, MAX_TEXT_BYTES) + _HEAD_BYTES:
        raise too_much()
    if kind == "SQ" and max(map(element.count, _ITEMS)) > MAX_ITEMS:
        raise too_much()


def refuse_costly_pixels(dataset: Dataset) -> None:
    """Raise RadiographRejected where the picture that the dataset declares takes too much memory, decoded."""
    pixels = int(dataset.Rows) * int(dataset.Columns)
    stored = pixels * int(dataset.SamplesPerPixel) * (int(dataset.BitsAllocated) // 8)
    refuse_memory(stored * (_COPIES if dataset.SamplesPerPixel == 1 else _COPIES_OF_COLOUR))
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        refuse_memory(pixels * _BYTES_OF_PALETTE)


def too_much() -> RadiographRejected:
    """The refusal of a file that holds far more elements, or longer ones, than a radiograph."""
    return RadiographRejected(
        gettext_noop("The DICOM file holds far more than a radiograph; export only the picture."), code="dicom-elements"
    )
