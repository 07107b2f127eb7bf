"""Stored DICOM values to grey levels: modality LUT, VOI LUT or window, padding, MONOCHROME1 inverted (PS3.3 C.11)."""

import numpy as np
from pydicom.dataset import Dataset

from diagnosis.imaging.grey import levels_applied, row_blocks

_AUTOMATIC_RANGE = (0.005, 0.995)


def shaded(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Turn (rows, columns) integer stored values into (rows, columns) uint8, bright = dense tissue.

    Every possible stored value is shaded once and looked up, so 40 MP need no floating-point copy of the picture.
    Raises ValueError where the file's grey scale makes no sense.
    """
    lowest, highest = int(stored.min()), int(stored.max())
    values = np.arange(lowest, highest + 1)
    padding = _is_padding(values, dataset)
    measured = _modality(values, dataset)
    shown = _voi(measured, dataset)
    if shown is None:
        shown = _automatic(measured, _counts(stored, lowest, highest) * ~padding)
    if not (np.isfinite(measured).all() and np.isfinite(shown).all()):
        raise ValueError("grey scale is not finite")
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shown = 1.0 - shown
    levels = np.where(padding, 0, np.rint(shown.clip(0.0, 1.0) * 255)).astype(np.uint8)
    return levels_applied(stored, lowest, levels)


def _is_padding(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    first = dataset.get("PixelPaddingValue")
    if first is None:
        return np.zeros(values.shape, bool)
    last = dataset.get("PixelPaddingRangeLimit")
    first, last = int(first), int(first if last is None else last)
    return (values >= min(first, last)) & (values <= max(first, last))


def _counts(stored: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    counts = np.zeros(highest - lowest + 1, np.int64)
    for rows in row_blocks(stored):
        counts += np.bincount(stored[rows].ravel().astype(np.intp) - lowest, minlength=len(counts))
    return counts


def _modality(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    if dataset.get("ModalityLUTSequence"):
        return _looked_up(values, dataset.ModalityLUTSequence[0], dataset)[0]
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    return values * float(1 if slope is None else slope) + float(intercept or 0)


def _voi(values: np.ndarray, dataset: Dataset) -> np.ndarray | None:
    """Shade by the file's first VOI LUT or window to 0..1; None where it has neither, or a window without a width."""
    if dataset.get("VOILUTSequence"):
        output, bits = _looked_up(values, dataset.VOILUTSequence[0], dataset)
        return output / (2**bits - 1)
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if centre is None or width is None or width < 1:
        return None
    return _windowed(values, centre, width, str(dataset.get("VOILUTFunction") or "LINEAR").upper())


def _windowed(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    """PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID) and C.11.2.1.3.2 (LINEAR_EXACT)."""
    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -700, 700)))
    if function == "LINEAR_EXACT":
        return (values - centre) / width + 0.5
    return (values - (centre - 0.5)) / max(width - 1.0, 1e-6) + 0.5


def _automatic(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Stretch between the outermost half per cents: one burnt-in marker must not flatten the lungs."""
    share = np.cumsum(counts) / max(int(counts.sum()), 1)
    first, last = (int(np.searchsorted(share, edge)) for edge in _AUTOMATIC_RANGE)
    low, high = values[min(first, len(values) - 1)], values[min(last, len(values) - 1)]
    low, high = min(low, high), max(low, high)
    return (values - low) / (high - low) if high > low else np.zeros(values.shape)


def _first(value: object) -> float | None:
    if value is None or value == "":
        return None
    return float(value[0]) if hasattr(value, "__getitem__") else float(value)  # type: ignore[arg-type]


def _looked_up(values: np.ndarray, item: Dataset, dataset: Dataset) -> tuple[np.ndarray, int]:
    """Apply one LUT item (PS3.3 C.11.1.1.1): values below its first entry take the first, above its last the last."""
    entries, first, bits = (int(number) for number in item.LUTDescriptor)
    if not 8 <= bits <= 16:
        raise ValueError("LUT of an unknown depth")
    if dataset.PixelRepresentation == 1 and first > 2**15 - 1:
        first -= 2**16
    table = item.LUTData
    if isinstance(table, bytes):
        table = np.frombuffer(table, "<u2" if dataset.original_encoding[1] else ">u2")
    table = np.atleast_1d(np.asarray(table, np.float64))[: entries or 2**16]
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, len(table) - 1)
    return table[index], bits
