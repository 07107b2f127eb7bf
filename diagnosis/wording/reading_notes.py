"""What of a file could not be used, although its picture could: a sentence for each note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from diagnosis.imaging.notes import ReadingNote
from diagnosis.models import Study

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

READING_NOTES: dict[ReadingNote, StrPromise] = {
    ReadingNote.MODALITY_TABLE: gettext_lazy("The file’s modality look-up table cannot be used and was left out."),
    ReadingNote.RESCALE: gettext_lazy("The file’s rescale slope is not a number and was left out."),
    ReadingNote.DISPLAY_TABLE: gettext_lazy("The file’s display table (VOI LUT) cannot be used and was left out."),
    ReadingNote.WINDOW: gettext_lazy("The file’s window cannot be used: grey levels were chosen automatically."),
    ReadingNote.NO_HEADER: gettext_lazy("The DICOM file has no header: its encoding was recognised by its content."),
    ReadingNote.ORIENTATION: gettext_lazy("The file’s patient orientation makes no sense: the picture is as stored."),
    ReadingNote.TURNED: gettext_lazy(
        "The picture is shown turned or mirrored, as the file’s Patient Orientation says. Compare with the side marker."
    ),
    ReadingNote.FIELD: gettext_lazy(
        "The file says that its picture was turned or flipped, but not which way is up: it is shown as stored. "
        "Compare with the side marker."
    ),
    ReadingNote.SIGN: gettext_lazy(
        "The file’s tags disagree on whether dense tissue is bright or dark: the picture is shown as its photometric "
        "interpretation says."
    ),
    ReadingNote.ASPECT: gettext_lazy("The file’s pixel spacing makes no sense: the picture’s shape is as stored."),
    ReadingNote.SECOND_PICTURE: gettext_lazy("The file holds smaller previews as well, which were left out."),
}


def reading_notes(study: Study) -> list[str]:
    """The sentences for a study's page; a note that this version does not know is left out."""
    known = {note.value: text for note, text in READING_NOTES.items()}
    return [str(known[note]) for note in study.reading_notes if note in known]
