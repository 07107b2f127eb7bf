"""The wanted elements of a DICOM data set, and nothing else: all others are stepped over without being read.

A private sequence of any size costs only the steps. Bounded are the number of elements, how deep sequences lie in each
other, and the length of each value that is read.
"""

import struct
from collections.abc import Container
from dataclasses import dataclass, field

from pydicom.tag import Tag

from diagnosis.imaging.dicom_limits import refuse_long_element, too_much

_MOST_ELEMENTS = 200_000
"""About one for each element, one for each fragment of a compressed picture."""
_DEEPEST = 64
_PIXEL_DATA = int(Tag("PixelData"))
_LONG_LENGTH = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


def wanted_elements(
    content: bytes, start: int, *, is_implicit: bool, is_little_endian: bool, wanted: Container[int]
) -> bytes:
    """The bytes of the wanted elements of the outermost level, up to the picture, as they are in the file.

    Raises RadiographRejected for far too many elements or too long a value, ValueError or struct.error where the file
    ends inside an element or is nested deeper than any radiograph.
    """
    walk = _Walk(content, start, "<" if is_little_endian else ">", [is_implicit])
    whole, parts = memoryview(content), list[memoryview]()
    while walk.position + 8 <= len(content):
        begun = walk.position
        tag = walk.step()
        while len(walk.levels) > 1:
            walk.step()
        if tag in wanted:
            parts.append(whole[begun : walk.position])
            if tag != _PIXEL_DATA:
                refuse_long_element(tag, bytes(parts[-1]))
        if tag == _PIXEL_DATA:
            break
    return b"".join(parts)


@dataclass
class _Walk:
    """A place in the data set, and the levels of undefined length around it: for each, whether it is implicit."""

    content: bytes
    position: int
    order: str
    levels: list[bool]
    steps: int = field(default=0)

    def step(self) -> int:
        """Go to the next element, or into a sequence or an item of undefined length, or out of it; return the tag."""
        self.steps += 1
        if self.steps > _MOST_ELEMENTS:
            raise too_much()
        if len(self.levels) > _DEEPEST:
            raise ValueError("nested too deeply")
        group, element = struct.unpack_from(self.order + "2H", self.content, self.position)
        tag = group << 16 | element
        is_implicit, length = self._length(tag)
        if tag in (_ITEM_END, _SEQUENCE_END):
            self.levels.pop()
            if not self.levels:
                raise ValueError("an end without a beginning")
        elif length == _UNDEFINED:
            self.levels.append(is_implicit)
        else:
            self.position += length
            if self.position > len(self.content):
                raise ValueError("the file ends inside an element")
        return tag

    def _length(self, tag: int) -> tuple[bool, int]:
        """Read the rest of the element's head; whether what it holds is implicit, and how many bytes that takes."""
        vr = self.content[self.position + 4 : self.position + 6]
        is_explicit = not self.levels[-1] and vr.isalpha() and vr.isupper() and tag >> 16 != 0xFFFE
        if not is_explicit:
            (length,) = struct.unpack_from(self.order + "L", self.content, self.position + 4)
            self.position += 8
            return self.levels[-1], length
        if vr not in _LONG_LENGTH:
            (length,) = struct.unpack_from(self.order + "H", self.content, self.position + 6)
            self.position += 8
            return False, length
        (length,) = struct.unpack_from(self.order + "L", self.content, self.position + 8)
        self.position += 12
        return vr == b"UN", length  # what is unknown and of undefined length is implicit (PS3.5 6.2.2)
