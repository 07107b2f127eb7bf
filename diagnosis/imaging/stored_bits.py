"""Which bits of a DICOM file's samples count: the one place that decides (BitsStored, HighBit, PixelRepresentation).

The header says where a sample's bits lie in its word, and whether the highest one is a sign (PS3.5 8.1.1); a compressed
stream has a precision and a sign of its own. Where the two leave one reading, it is taken: bits outside it (overlays,
copies of the sign) are masked. Where they contradict each other the picture itself tells: values read with the wrong
bits jump by half of their range between neighbours, so that a smoother rival reading means that the header is wrong.
The file is refused then, because nobody can say what else in it is.
"""

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.tag_numbers import whole_number

_SAMPLE_SIDE = 256
_SMOOTHER_WHOLE, _SMOOTHER_SIGN = 1.1, 1.5
"""How many times smoother a rival reading must be to prove the header wrong: of all bits, and with the other sign."""


@dataclass(frozen=True)
class StoredBits:
    """What the header says of each sample's word."""

    allocated: int
    stored: int
    high: int
    """Number of the highest bit that counts, from 0."""
    is_signed: bool

    @property
    def shift(self) -> int:
        """How far the lowest bit that counts lies above bit 0; negative where the header is impossible."""
        return self.high + 1 - self.stored


@dataclass(frozen=True)
class Samples:
    """Decoded samples before anything was made of them."""

    words: np.ndarray
    """(rows, columns) or (rows, columns, 3) uint8 or uint16: patterns, a negative number as its two's complement."""
    bits: int
    """How many bits of a word the stream can fill: its precision, or the bits allocated without compression."""


def contradiction() -> RadiographRejected:
    return RadiographRejected(
        gettext_noop(
            "The DICOM file contradicts itself: its header and its picture disagree on which bits count. "
            "Export it again."
        ),
        code="dicom-contradiction",
    )


def stored_bits(dataset: Dataset) -> StoredBits:
    """What the header says; what it leaves out follows from the rest."""
    allocated = whole_number(dataset, "BitsAllocated") or 0
    high = whole_number(dataset, "HighBit")
    stored = whole_number(dataset, "BitsStored") or (high + 1 if high is not None else allocated)
    if not 1 <= stored <= allocated or (high is not None and not 0 <= high < allocated):
        raise contradiction()
    is_signed = (whole_number(dataset, "PixelRepresentation") or 0) == 1
    return StoredBits(allocated, stored, stored - 1 if high is None else high, is_signed)


def used_values(samples: Samples, declared: StoredBits) -> np.ndarray:
    """The samples' numbers, as uint8, uint16, int8 or int16 of the same shape; raises RadiographRejected."""
    shift, width = _place(samples, declared)
    if samples.words.ndim == 3:
        return _read(samples.words, shift, width, is_signed=False)
    _refuse_unused_top(samples, shift)
    _refuse_smoother_rivals(samples, shift, width, declared.is_signed)
    return _read(samples.words, shift, width, declared.is_signed)


def _place(samples: Samples, declared: StoredBits) -> tuple[int, int]:
    """Where the bits that count begin in the words, and how many they are."""
    if samples.bits <= declared.stored:
        return 0, samples.bits
    has_whole_words = samples.bits == declared.allocated or samples.bits == declared.high + 1
    if declared.shift >= 0 and declared.high < samples.bits and has_whole_words:
        return declared.shift, declared.stored
    # The header does not fit these words; that is harmless where no word has more bits than either number allows.
    most = min(declared.stored, declared.high + 1)
    if int(samples.words.max()) >= 1 << (most - int(declared.is_signed)):
        raise contradiction()
    return 0, most


def _refuse_unused_top(samples: Samples, shift: int) -> None:
    """Values that begin at bit 0 although the header says higher: the bits below it vary, the highest are empty."""
    if shift and int(samples.words.max()) < 1 << (samples.bits - shift) and (samples.words & ((1 << shift) - 1)).any():
        raise contradiction()


def _refuse_smoother_rivals(samples: Samples, shift: int, width: int, is_signed: bool) -> None:
    step = max(1, max(samples.words.shape) // _SAMPLE_SIDE)
    words = samples.words[::step, ::step]
    extreme = (words == 0) | (words == (1 << samples.bits) - 1)
    taken = _roughness(_read(words, shift, width, is_signed), extreme)
    other_sign = _roughness(_read(words, shift, width, not is_signed), extreme)
    whole = [_roughness(_read(words, 0, samples.bits, sign), extreme) / 2**shift for sign in (False, True)]
    has_smoother_whole = width < samples.bits and min(whole) * _SMOOTHER_WHOLE < taken
    if has_smoother_whole or other_sign * _SMOOTHER_SIGN < taken:
        raise contradiction()


def _read(words: np.ndarray, shift: int, width: int, is_signed: bool) -> np.ndarray:
    """Take `width` bits from bit `shift` on; two's complement where they are signed."""
    room = 8 * words.dtype.itemsize
    if not is_signed:
        whole = shift == 0 and width == room
        return words if whole else (words >> shift) & words.dtype.type((1 << width) - 1)
    raised = words << words.dtype.type(room - shift - width)
    return raised.view(f"i{words.dtype.itemsize}") >> (room - width)


def _roughness(values: np.ndarray, extreme: np.ndarray) -> float:
    """Mean step between neighbours, without those of which one is all zeros or all ones: borders, padding, labels."""
    wide = values.astype(np.int32)
    across = np.abs(np.diff(wide, axis=1))[~(extreme[:, 1:] | extreme[:, :-1])]
    down = np.abs(np.diff(wide, axis=0))[~(extreme[1:] | extreme[:-1])]
    steps = len(across) + len(down)
    return float(across.sum() + down.sum()) / steps if steps else 0.0
