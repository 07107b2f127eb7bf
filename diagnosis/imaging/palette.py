"""PALETTE COLOR: index values to red, green, blue; tables plain or segmented, of either byte order (C.7.6.3.1.5)."""

import numpy as np
from pydicom.dataset import Dataset

from diagnosis.imaging.tag_numbers import tag_numbers

_COLOURS = ("Red", "Green", "Blue")
_MOST_ENTRIES = 2**16


def palette_applied(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Look the index values up, to (rows, columns, 3) uint8; raises ValueError where a table is missing or damaged."""
    tables = [_table(dataset, colour) for colour in _COLOURS]
    if len({first for first, _ in tables}) != 1:
        raise ValueError("palettes that begin at different values")
    brightest = max(int(table.max()) for _, table in tables)
    levels = [(table >> 8 if brightest > 255 else table).astype(np.uint8) for _, table in tables]
    first = tables[0][0]
    places = np.clip(stored.astype(np.int32) - first, 0, min(len(level) for level in levels) - 1)
    return np.stack([level[places] for level in levels], axis=-1)


def _table(dataset: Dataset, colour: str) -> tuple[int, np.ndarray]:
    descriptor = tag_numbers(dataset, f"{colour}PaletteColorLookupTableDescriptor")
    if len(descriptor) != 3 or None in descriptor:
        raise ValueError("no palette")
    entries, first, bits = (int(number or 0) for number in descriptor)
    count = entries & 0xFFFF or _MOST_ENTRIES
    plain = dataset.get(f"{colour}PaletteColorLookupTableData")
    if plain:
        table = table_words(plain, count, is_little_endian=_is_little_endian(dataset))
    else:
        segments = dataset.get(f"Segmented{colour}PaletteColorLookupTableData") or b""
        table = _expanded(segments, bits, is_little_endian=_is_little_endian(dataset))
    if len(table) < count:
        raise ValueError("a palette ends early")
    return first, table[:count]


def _is_little_endian(dataset: Dataset) -> bool:
    return bool(dataset.original_encoding[1])


def table_words(data: object, count: int, *, is_little_endian: bool) -> np.ndarray:
    """The entries of a look-up table as uint16: of 16 bits, or of 8 bits packed where there are just as many bytes."""
    if not isinstance(data, bytes):
        words = np.atleast_1d(np.asarray(data, np.int64)).astype(np.uint16)
        if _is_packed(2 * len(words), count):
            return words.astype("<u2").view(np.uint8).astype(np.uint16)
        return words
    if _is_packed(len(data), count):
        packed = np.frombuffer(data, np.uint8)
        swapped = packed[: len(packed) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
        return (packed if is_little_endian else swapped).astype(np.uint16)
    return np.frombuffer(data[: len(data) // 2 * 2], "<u2" if is_little_endian else ">u2").astype(np.uint16)


def _is_packed(length: int, count: int) -> bool:
    """So many bytes for so many entries, but for the one that makes their number even: fewer are a table cut short."""
    return 0 < count <= length <= count + 1


def _expanded(data: object, bits: int, *, is_little_endian: bool) -> np.ndarray:
    """Segments (C.7.9.2): 0 discrete values, 1 a straight line from the value before, 2 segments said once already."""
    if not isinstance(data, bytes):
        raise ValueError("no palette")
    if bits > 8:
        words = np.frombuffer(data[: len(data) // 2 * 2], "<u2" if is_little_endian else ">u2")
    else:
        words = np.frombuffer(data, np.uint8)
    values: list[int] = []
    _append_segments(values, words.tolist(), 0, len(words), bytes_each=words.itemsize)
    return np.asarray(values, np.uint16)


def _append_segments(
    values: list[int], words: list[int], place: int, segments: int, *, bytes_each: int, is_nested: bool = False
) -> None:
    done = 0
    while done < segments and place + 1 < len(words) and len(values) <= _MOST_ENTRIES:
        kind, length = words[place], words[place + 1]
        if kind == 0:
            values.extend(words[place + 2 : place + 2 + length])
            place += 2 + length
        elif kind == 1 and values:
            line = np.linspace(values[-1], words[place + 2], length + 1)[1:]
            values.extend(int(level) for level in np.rint(line))
            place += 3
        elif kind == 2 and not is_nested:
            parts = words[place + 2 : place + 2 + 4 // bytes_each]
            offset = sum(part << (8 * bytes_each * number) for number, part in enumerate(parts)) // bytes_each
            _append_segments(values, words, offset, length, bytes_each=bytes_each, is_nested=True)
            place += 2 + len(parts)
        else:
            raise ValueError("a palette of unknown segments")
        done += 1
