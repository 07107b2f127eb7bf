"""Stored DICOM values to grey levels: modality LUT, VOI LUT or window, padding, MONOCHROME1.

A table or window that cannot be used is left out, with a note, and does not cost the picture.
"""

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from diagnosis.imaging.levels import levels_applied
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.palette import table_words
from diagnosis.imaging.presentation import is_inverted
from diagnosis.imaging.stretch import stretched, value_counts
from diagnosis.imaging.tag_numbers import tag_number, tag_numbers
from diagnosis.imaging.tag_texts import tag_text

_LEAST_CONTRAST = 0.06
"""Between the 5th and the 95th percentile of the pixels, of 0..1: what shows less shows no radiograph."""
_HALF = 1 << 15


def shaded(stored: np.ndarray, dataset: Dataset, notes: list[ReadingNote]) -> np.ndarray:
    """Turn (rows, columns) integer stored values into (rows, columns) uint8, bright = dense tissue.

    Every possible stored value is shaded once and looked up, so 40 MP need no floating-point copy of the picture.
    What could not be used is added to the notes. Raises RadiographRejected where the tags contradict each other.
    """
    inverted = is_inverted(dataset)
    lowest, highest = int(stored.min()), int(stored.max())
    values = np.arange(lowest, highest + 1)
    padding = is_padding(values, dataset)
    counts = value_counts(stored, lowest, highest) * ~padding
    shown = _shown(modality_values(values, dataset, notes), counts, dataset, notes)
    if inverted:
        shown = 1.0 - shown
    levels = np.where(padding, 0, np.rint(shown.clip(0.0, 1.0) * 255)).astype(np.uint8)
    return levels_applied(stored, lowest, levels)


def is_padding(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Of each stored value: whether it fills what the detector did not see."""
    first, last = tag_number(dataset, "PixelPaddingValue"), tag_number(dataset, "PixelPaddingRangeLimit")
    if first is None:
        return np.zeros(values.shape, bool)
    ends = [_with_sign(end, dataset) for end in (first, first if last is None else last)]
    return (values >= min(ends)) & (values <= max(ends))


def _with_sign(number: float, dataset: Dataset) -> float:
    """A negative number of 16 bits that was written as one without a sign."""
    is_signed = tag_number(dataset, "PixelRepresentation") == 1
    return number - 2 * _HALF if is_signed and number >= _HALF else number


def modality_values(values: np.ndarray, dataset: Dataset, notes: list[ReadingNote]) -> np.ndarray:
    """The values in the device's own unit; a slope of nothing and a table without entries are absent."""
    if table_items(dataset, "ModalityLUTSequence"):
        for table in tables(dataset, "ModalityLUTSequence", values):
            return table
        notes.append(ReadingNote.MODALITY_TABLE)
    slope, intercept = tag_number(dataset, "RescaleSlope"), tag_number(dataset, "RescaleIntercept")
    if slope == 0 or (slope is None and _is_written(dataset, "RescaleSlope")):
        notes.append(ReadingNote.RESCALE)
    return values * float(slope or 1) + float(intercept or 0)


def _shown(measured: np.ndarray, counts: np.ndarray, dataset: Dataset, notes: list[ReadingNote]) -> np.ndarray:
    """0..1 by the file's first usable VOI LUT, else by its first usable window, else by the stretch of all files."""
    for table in tables(dataset, "VOILUTSequence", measured):
        shown = table / white_of(table.max(), dataset)
        if has_contrast(shown, counts):
            return shown
    if table_items(dataset, "VOILUTSequence"):
        notes.append(ReadingNote.DISPLAY_TABLE)
    for window in windows(dataset):
        shown = window.applied(measured)
        if has_contrast(shown, counts):
            return shown
    if _is_written(dataset, "WindowCenter") or _is_written(dataset, "WindowWidth"):
        notes.append(ReadingNote.WINDOW)
    return stretched(measured, counts)


def _is_written(dataset: Dataset, keyword: str) -> bool:
    return bool(tag_numbers(dataset, keyword)) and tag_text(dataset, keyword) != ""


def has_contrast(shown: np.ndarray, counts: np.ndarray) -> bool:
    """Whether a radiograph is to be seen at these levels, of which each has so many pixels."""
    order = np.argsort(shown, kind="stable")
    share = np.cumsum(counts[order])
    if not share[-1]:
        return True
    dark, bright = (shown[order][np.searchsorted(share, edge * share[-1])] for edge in (0.05, 0.95))
    return bool(min(bright, 1) - max(dark, 0) >= _LEAST_CONTRAST)


@dataclass(frozen=True)
class Window:
    """Which values are black and which are white. `place`: the how manyth of the file it is, from 0."""

    centre: float
    width: float
    function: str
    place: int = 0

    def applied(self, values: np.ndarray) -> np.ndarray:
        """0..1, and beyond it outside: PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (EXACT)."""
        if self.function == "SIGMOID":
            return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - self.centre) / self.width, -700, 700)))
        if self.function == "LINEAR_EXACT" or self.width < 1:
            return (values - self.centre) / self.width + 0.5
        return (values - (self.centre - 0.5)) / max(self.width - 1.0, 1e-6) + 0.5


def windows(dataset: Dataset) -> list[Window]:
    """The first usable windows of the file."""
    function = tag_text(dataset, "VOILUTFunction").upper() or "LINEAR"
    pairs = zip(tag_numbers(dataset, "WindowCenter"), tag_numbers(dataset, "WindowWidth"), strict=False)
    usable = [
        Window(centre, width, function, place)
        for place, (centre, width) in enumerate(pairs)
        if centre is not None and width is not None and width > 0
    ]
    return usable[:4]


def table_items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The tables of a sequence, usable or not."""
    try:
        found = dataset.get(keyword)
        return [item for item in found or [] if isinstance(item, Dataset)][:4]
    except Exception:  # a damaged sequence raises anything at all: it counts as missing
        return []


def tables(dataset: Dataset, keyword: str, values: np.ndarray) -> list[np.ndarray]:
    """The values looked up in each usable table of the sequence."""
    found = (looked_up(values, item, dataset) for item in table_items(dataset, keyword))
    return [table for table in found if table is not None]


def looked_up(values: np.ndarray, item: Dataset, dataset: Dataset) -> np.ndarray | None:
    """Apply one LUT item (PS3.3 C.11.1.1.1): values below its first entry take the first, above its last the last.

    None where it has no entries, far fewer than it says, or only one level.
    """
    descriptor = tag_numbers(item, "LUTDescriptor")
    data = item.get("LUTData")
    if len(descriptor) < 2 or None in descriptor[:2] or data is None or len(np.atleast_1d(data)) == 0:
        return None
    count = int(descriptor[0] or 0) & 0xFFFF or 2 * _HALF
    raw = data if isinstance(data, bytes) else np.atleast_1d(data)
    table = table_words(raw, count, is_little_endian=bool(dataset.original_encoding[1]))[:count].astype(np.float64)
    if len(table) < max(2, count // 2) or table.min() == table.max():
        return None
    first = _first_value(int(descriptor[1] or 0), len(table), values)
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, len(table) - 1)
    return table[index]


def _first_value(first: int, entries: int, values: np.ndarray) -> int:
    """Of the two numbers that 16 bits may mean, the one at which the table meets the values."""
    readings = [first, first - 2 * _HALF if first >= _HALF else first + 2 * _HALF if first < 0 else first]

    def shared(start: int) -> float:
        return min(start + entries, float(values.max())) - max(start, float(values.min()))

    return max(readings, key=shared)


def white_of(largest: float, dataset: Dataset) -> float:
    """White, of a display table: the most that its bits can hold; where they do not fit its entries, its largest."""
    for item in table_items(dataset, "VOILUTSequence"):
        bits = next(iter(tag_numbers(item, "LUTDescriptor")[2:]), None)
        if bits and 8 <= bits <= 16 and 2 ** (bits - 1) <= largest < 2**bits:
            return 2.0**bits - 1
    return max(float(largest), 1.0)
