"""What the tags leave open, and the picture has to show: which way is up, which side is which, bright or dark.

A file whose field of view was turned or flipped need not lie wrong, since detectors are turned so that pictures hang
right (PS3.3 C.8.11.6). An intensity sign that makes dense tissue dark contradicts no other tag, and devices write it on
pictures that are bright where they should be. So neither is turned or inverted by the tag alone.
"""

from enum import StrEnum

from pydicom.dataset import Dataset

from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.orientation import orientation_letters
from diagnosis.imaging.presentation import is_dense_dark
from diagnosis.imaging.tag_numbers import tag_number
from diagnosis.imaging.tag_texts import tag_text


class Doubt(StrEnum):
    """Each is settled by the learned gate or by a person (`inference/gate/doubtful.py`)."""

    TURNED = "turned"
    FLIPPED = "flipped"
    INVERTED = "inverted"


_NOTES = {
    Doubt.TURNED: ReadingNote.FIELD,
    Doubt.FLIPPED: ReadingNote.FIELD,
    Doubt.INVERTED: ReadingNote.SIGN,
}


def doubts_of(dataset: Dataset, notes: list[ReadingNote]) -> tuple[Doubt, ...]:
    """The doubts about a grey radiograph, each of which adds its note."""
    found = [*_of_field(dataset), *([Doubt.INVERTED] if is_dense_dark(dataset) else [])]
    notes += dict.fromkeys(_NOTES[doubt] for doubt in found)
    return tuple(found)


def _of_field(dataset: Dataset) -> list[Doubt]:
    """The field of view was turned or flipped, and no Patient Orientation says where head and left are now."""
    if orientation_letters(dataset):
        return []
    turned = (tag_number(dataset, "FieldOfViewRotation") or 0) % 360
    flipped = tag_text(dataset, "FieldOfViewHorizontalFlip").upper() == "YES"
    return [*([Doubt.TURNED] if turned else []), *([Doubt.FLIPPED] if flipped else [])]
