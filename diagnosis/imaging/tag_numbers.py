"""Numbers out of DICOM tags: decimal commas, blanks, several values, nonsense. What cannot be read is absent (None)."""

import math
import re
from collections.abc import Sequence

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_MOST_VALUES = 64
"""Windows and spacings have one or two; only look-up tables have more, and they are read elsewhere."""
_LARGEST = 1e15


def tag_numbers(dataset: Dataset, keyword: str) -> tuple[float | None, ...]:
    """All values of a tag in their order, each None where it is no finite number; () where the tag is absent."""
    element: object = dataset.get_item(keyword)
    if element is None:
        return ()
    if isinstance(element, RawDataElement) and isinstance(element.value, bytes) and _is_text(element, dataset, keyword):
        values: Sequence[object] = element.value.decode("latin-1").split("\\")
    else:
        values = _listed(_converted(dataset, keyword))
    return tuple(parsed_number(value) for value in values[:_MOST_VALUES])


def tag_number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a tag as a number, or None."""
    return next(iter(tag_numbers(dataset, keyword)), None)


def whole_number(dataset: Dataset, keyword: str) -> int | None:
    """The first value of a tag as a whole number, or None."""
    number = tag_number(dataset, keyword)
    return int(number) if number is not None and number == int(number) else None


def parsed_number(value: object) -> float | None:
    """One value as a finite number, or None: "4096,0" is 4096, and "NaN", "1e999", "" and "12 mm" are absent."""
    if isinstance(value, int | float):
        number = float(value)
    else:
        text = str("" if value is None else value).strip(" \0\t\r\n")
        if not _NUMBER.fullmatch(text) or len(text) > 40:
            return None
        number = float(text.replace(",", "."))
    return number if math.isfinite(number) and abs(number) <= _LARGEST else None


def _is_text(element: RawDataElement, dataset: Dataset, keyword: str) -> bool:
    """Whether the element's bytes are a decimal or an integer string (of UN elements only the text can be read)."""
    vr = element.VR
    return vr in ("DS", "IS", "UN", "CS", "LO", "SH") or (vr is None and _dictionary_vr(keyword) in ("DS", "IS"))


def _dictionary_vr(keyword: str) -> str:
    from pydicom.datadict import dictionary_VR

    return dictionary_VR(keyword)


def _converted(dataset: Dataset, keyword: str) -> object:
    try:
        return dataset.get(keyword)
    except Exception:  # pydicom raises anything at all for a value that does not suit its type: it is absent
        return None


def _listed(value: object) -> Sequence[object]:
    if value is None or isinstance(value, bytes | str):
        return [value] if isinstance(value, str) else []
    return list(value) if hasattr(value, "__iter__") else [value]
