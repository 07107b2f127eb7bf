"""shown_file_name: a file name that is safe to show, made once for each upload."""

from __future__ import annotations

import unicodedata

from accounts.normalise import with_few_marks

FILE_NAME_LENGTH = 120
_LOOKED_AT = 4 * FILE_NAME_LENGTH


def shown_file_name(name: str) -> str:
    """A file's name as the person's computer has it, safe to show: no folders, nothing invisible, cut in the middle.

    It is shown and offered for download, and no file is ever stored under it.
    """
    last = name[-_LOOKED_AT:].replace("\\", "/").rsplit("/", 1)[-1]
    composed = unicodedata.normalize("NFC", with_few_marks(last))
    visible = "".join(character for character in composed if character.isprintable()).strip()
    if len(visible) > FILE_NAME_LENGTH:
        visible = visible[: FILE_NAME_LENGTH - 21] + "…" + visible[-20:]
    return visible or "radiograph"
