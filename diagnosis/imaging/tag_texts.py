"""Text out of DICOM tags: one clean line, also of names in UTF-8 that no character set declares."""

import unicodedata

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_MAX_TEXT = 300
_MOST_READ, _MOST_VALUES = 4096, 64
"""Characters of a text, and values of a list, that are looked at at all."""
_BIDIRECTIONAL_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_ONE_BYTE_SETS = {
    "",
    "ISO_IR 6",
    "ISO_IR 13",
    *(f"ISO_IR {number}" for number in (100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203)),
    *(f"ISO 2022 IR {number}" for number in (6, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203)),
}
_UTF8 = "ISO_IR 192"


def tag_text(dataset: Dataset, keyword: str) -> str:
    """The tag as one clean line, or nothing; its bytes are UTF-8 where they can only be that, whatever is declared."""
    raw = dataset.get_item(keyword)
    found = _as_written(raw.value, _declared(dataset)) if _has_bytes(raw) else None
    if found is None:
        try:
            found = dataset.get(keyword)
        except Exception:  # pydicom raises anything at all for a value that does not suit its type: it is absent
            found = None
    return shown_line(found)


def _has_bytes(raw: object) -> bool:
    return isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) and any(byte > 127 for byte in raw.value)


def _declared(dataset: Dataset) -> list[str]:
    """The declared character sets, the first one first; [""] where there is none."""
    declared = dataset.get("SpecificCharacterSet") or ""
    return [str(name).strip() for name in ([declared] if isinstance(declared, str) else declared)]


def _as_written(value: bytes, declared: list[str]) -> str | None:
    """The text where the bytes tell their encoding better than the tag does; None where the tag is to be believed."""
    is_one_byte = all(name in _ONE_BYTE_SETS for name in declared) or not _is_known(declared)
    if is_one_byte and b"\x1b" not in value:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1") if declared == [""] else None
    if declared == [_UTF8]:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("cp1252", "replace")
    return None


def _is_known(declared: list[str]) -> bool:
    from pydicom.charset import python_encoding

    return all(name in python_encoding for name in declared)


def shown_line(value: object) -> str:
    """One line of at most 300 characters without control, bidirectional-override or unassigned characters."""
    if isinstance(value, MultiValue | list):  # a backslash separates values in DICOM, but these tags have one each
        value = "\\".join(str(each)[:_MOST_READ] for each in value[:_MOST_VALUES])
    text = str("" if value is None else value)[:_MOST_READ]
    shown = "".join(character if _is_shown(character) else " " for character in text)
    return " ".join(shown.split())[:_MAX_TEXT].strip()


def _is_shown(character: str) -> bool:
    if unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
        return False
    return unicodedata.bidirectional(character) not in _BIDIRECTIONAL_CONTROLS
