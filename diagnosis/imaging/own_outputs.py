"""What this site made, recognised when somebody uploads it: heat maps, pages of reports, objects sent to an archive.

Pictures are marked where their file is kept as it is; a heat map is recognised by its colours too, however it was
saved. A DICOM object names this program as its manufacturer.
"""

from functools import cache

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.tag_texts import tag_text

_KEY, _MARK = "Software", "covidxray"
OWN_MANUFACTURER = "covidxray"
"""The Manufacturer (0008,0070) of every DICOM object that this site makes."""
# Colours of Matplotlib's "plasma" (CC0): lightness rises all the way, so that the order is seen with any colour vision.
_RED = [13, 83, 139, 184, 219, 244, 254, 240]
_GREEN = [8, 2, 10, 50, 92, 136, 189, 249]
_BLUE = [135, 163, 165, 137, 104, 73, 42, 33]
_OPAQUE_FROM = 0.6

_SAMPLE_SIDE = 224
_COLOURED = 40
"""Spread of the channels from which a pixel is coloured."""
_LEAST_SHARE = 0.002
"""Of all pixels, that must be coloured before their colours say anything."""
_NEAR, _MOST_NEAR = 20, 0.9
"""How far from the heat map's colours a pixel may be, and how many of the coloured ones must be as near."""
_TINTED = 24
"""Spread of the channels from which a pixel over grey has a hue."""
_SAME_HUE = 0.97
"""Cosine between two directions from grey."""
_SEVERAL_HUES, _MANY_HUES = 4, 12


def own_mark() -> PngInfo:
    """What a PNG of ours says of itself."""
    info = PngInfo()
    info.add_text(_KEY, _MARK)
    return info


@cache
def heat_palette() -> tuple[bytes, bytes]:
    """Red, green and blue of each of 256 levels of a heat map, and the opacity of each."""
    values = np.linspace(0, 1, 256)
    stops = np.linspace(0, 1, len(_RED))
    channels = [np.interp(values, stops, levels) for levels in (_RED, _GREEN, _BLUE)]
    opacities = np.clip(values / _OPAQUE_FROM, 0, 1) * 255
    return np.stack(channels, axis=-1).astype(np.uint8).tobytes(), opacities.astype(np.uint8).tobytes()


def refuse_own_output(image: Image.Image) -> None:
    """Raise RadiographRejected for a loaded picture that this site made of a radiograph, or wrote about one."""
    if image.info.get(_KEY) == _MARK or _has_heat_colours(image):
        raise _own_output()


def refuse_own_object(dataset: Dataset) -> None:
    """The same for a DICOM object: report, secondary capture or PDF that was sent to an archive and came back."""
    if tag_text(dataset, "Manufacturer").lower() == OWN_MANUFACTURER:
        raise _own_output()


def _own_output() -> RadiographRejected:
    return RadiographRejected(
        gettext_noop(
            "This is a heat map or a page of a report that this site made, not a radiograph. Upload the radiograph."
        ),
        code="own-output",
    )


def _has_heat_colours(image: Image.Image) -> bool:
    """Whether all that is coloured has the heat map's colours: on black, on white, by itself or over a radiograph."""
    if image.mode in ("1", "L", "LA") or image.mode.startswith("I"):
        return False
    small = image.convert("RGBA")
    small.thumbnail((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.NEAREST)
    pixels = np.asarray(small).reshape(-1, 4)
    shown = pixels[pixels[:, 3] > 0, :3].astype(np.int16)
    spread = shown.max(axis=1, initial=0) - shown.min(axis=1, initial=255)
    least = max(8, _LEAST_SHARE * len(pixels))
    return _are_heat_colours(shown[spread > _COLOURED], least) or _are_heat_hues(shown[spread > _TINTED], least)


def _are_heat_colours(coloured: np.ndarray, least: float) -> bool:
    """Whether (pixels, 3) are colours of a heat map by itself. One hue alone is a coloured marker."""
    if len(coloured) < least:
        return False
    distances = np.abs(coloured[:, None, :] - _heat_colours()[None]).max(axis=2).min(axis=1)
    return bool((distances <= _NEAR).mean() >= _MOST_NEAR) and _hue_range(coloured)[1] >= _SEVERAL_HUES


def _are_heat_hues(tinted: np.ndarray, least: float) -> bool:
    """Whether (pixels, 3) have the heat map's hues, many of them, whatever grey lies below."""
    if len(tinted) < least:
        return False
    share, width = _hue_range(tinted)
    return share >= _MOST_NEAR and width >= _MANY_HUES


def _hue_range(coloured: np.ndarray) -> tuple[float, int]:
    """Which share has a hue of the heat map, and how many of its 64 hues lie between the first and the last tenth.

    Laid over grey, a colour keeps the direction in which it differs from grey.
    """
    likeness = _directions(coloured.astype(np.float32)) @ _hues().T
    places = np.sort(likeness.argmax(axis=1))
    return float((likeness.max(axis=1) >= _SAME_HUE).mean()), int(
        places[-1 - len(places) // 10] - places[len(places) // 10]
    )


def _directions(colours: np.ndarray) -> np.ndarray:
    chroma = colours - colours.mean(axis=1, keepdims=True)
    return chroma / np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-6)


@cache
def _hues() -> np.ndarray:
    """(64, 3) directions, from grey, of the heat map's colours."""
    return _directions(np.frombuffer(heat_palette()[0], np.uint8).reshape(-1, 3)[::4].astype(np.float32))


@cache
def _heat_colours() -> np.ndarray:
    """(levels, 3) colours of a heat map as it looks by itself, on black and on white; every fourth level."""
    colours, opacities = (np.frombuffer(part, np.uint8).astype(np.float32) for part in heat_palette())
    plain, opacity = colours.reshape(-1, 3)[::4], opacities[::4, None] / 255
    return np.concatenate([plain, plain * opacity, plain * opacity + 255 * (1 - opacity)]).astype(np.int16)
