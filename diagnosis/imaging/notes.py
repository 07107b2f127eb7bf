"""ReadingNote: what of a file could not be used, although its picture could."""

from enum import StrEnum


class ReadingNote(StrEnum):
    """Stored with the study and shown on its page (`wording.reading_notes`)."""

    MODALITY_TABLE = "modality-table"
    RESCALE = "rescale"
    DISPLAY_TABLE = "display-table"
    WINDOW = "window"
    NO_HEADER = "no-header"
    ORIENTATION = "orientation"
    TURNED = "turned"
    FIELD = "field"
    SIGN = "sign"
    ASPECT = "aspect"
    SECOND_PICTURE = "second-picture"
