"""Window and level: the samples that a viewer gets are the file's own values, and its first window is the picture."""

import json
import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from diagnosis.errors import RadiographRejected
from diagnosis.imaging import samples as module
from diagnosis.imaging.decoding import samples_of_untrusted
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.imaging.samples import packed, read_samples
from tests.diagnosis.imaging import dicom_files as make
from tests.uploads import radiograph_png

VALUES = (np.arange(90 * 100, dtype=np.uint16).reshape(90, 100) * 7 % 4000).astype(np.uint16)


def unpacked(body: bytes) -> tuple[dict[str, Any], bytes, np.ndarray]:
    """As the viewer's script does it: the head, what lies before the samples, the samples."""
    (length,) = struct.unpack_from("<I", body)
    head = json.loads(body[4 : 4 + length])
    data = zlib.decompress(body[4 + length :])
    size = head["width"] * head["height"]
    planes = np.frombuffer(data[-size * head["bytes"] :], np.uint8).astype(np.uint32).reshape(head["bytes"], size)
    words = planes[0] + (planes[1] << 8 if head["bytes"] == 2 else 0)
    pixels = np.cumsum(words) % (1 << 8 * head["bytes"])
    return head, data[: -size * head["bytes"]], pixels.reshape(head["height"], head["width"])


def test_samples_come_back_whole() -> None:
    head, before, pixels = unpacked(samples_of_untrusted(make.dicom(VALUES, RescaleSlope="2", RescaleIntercept="-5")))
    assert before == b""
    assert (pixels == VALUES).all()
    assert (head["valueAt0"], head["step"], head["values"]) == (-5, 2, int(VALUES.max()) + 1)


@pytest.mark.parametrize("tags", [{}, {"WindowCenter": ["2000", "900"], "WindowWidth": ["4000", "500"]}])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_first_window_is_the_picture(tags: dict[str, Any], photometric: str) -> None:
    content = make.dicom(VALUES, PhotometricInterpretation=photometric, **tags)
    samples = read_samples(content)
    window = samples.looks[samples.first].window
    assert window is not None
    shown = window.applied(samples.values).clip(0, 1)
    levels = np.rint(255 * (1 - shown if samples.is_inverted else shown))
    assert np.abs(levels[samples.pixels] - read_radiograph(content).pixels).max() <= 1
    assert len(samples.looks) == 1 + len(tags.get("WindowCenter", []))


def test_it_lies_as_the_picture_does() -> None:
    """Turned upright by its orientation, and once more by the person who corrected it; the spacing turns along."""
    content = make.dicom(VALUES, PatientOrientation=["F", "L"], ImagerPixelSpacing=["0.2", "0.201"])
    samples = read_samples(content)
    assert samples.pixels.shape == read_radiograph(content).pixels.shape == (100, 90)
    assert samples.spacing
    assert (samples.spacing.across, samples.spacing.down, samples.spacing.source) == (0.2, 0.201, "ImagerPixelSpacing")
    turned = read_samples(content, "turn-90")
    assert (turned.pixels == np.rot90(samples.pixels, -1)).all()
    assert turned.spacing
    assert turned.spacing.across == 0.201
    assert read_samples(content, "invert").is_inverted


@pytest.mark.parametrize(
    ("pixel", "imager", "source"),
    [
        (["0.1", "0.1"], None, "PixelSpacing"),
        (["0.1", "0.1"], ["0.1", "0.1"], "ImagerPixelSpacing"),
        (["0", "0"], None, ""),
    ],
)
def test_the_spacing_that_counts(pixel: list[str], imager: list[str] | None, source: str) -> None:
    """The same in both tags means that nothing was corrected; nought means that it is not known."""
    tags = {"PixelSpacing": pixel} | ({"ImagerPixelSpacing": imager} if imager else {})
    spacing = read_samples(make.dicom(VALUES, **tags)).spacing
    assert (spacing.source if spacing else "") == source


def test_pictures_have_samples_too() -> None:
    eight = read_samples(radiograph_png())
    assert (eight.pixels == np.asarray(Image.open(BytesIO(radiograph_png())))).all()
    buffer = BytesIO()
    Image.fromarray(VALUES).save(buffer, "PNG")
    sixteen = read_samples(buffer.getvalue())
    assert (sixteen.values[sixteen.pixels] == VALUES).all()


def test_a_huge_picture_is_sent_in_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SAMPLES", 3000)
    samples = read_samples(make.dicom(VALUES))
    assert (samples.every, samples.pixels.shape) == (2, (45, 50))
    assert samples.pixels[0, 0] == np.rint(VALUES[:2, :2].mean())
    assert unpacked(packed(samples))[0]["every"] == 2


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(RadiographRejected):
        samples_of_untrusted(make.dicom(VALUES)[:-3000])


def test_tables_of_the_file_are_sent() -> None:
    item = Dataset()
    item.LUTDescriptor, item.LUTExplanation = [4096, 0, 12], "SOFT"
    item.LUTData = (np.arange(4096, dtype="<u2")[::-1]).tobytes()
    head, before, _pixels = unpacked(samples_of_untrusted(make.dicom(VALUES, VOILUTSequence=[item])))
    assert [(look["kind"], look["name"]) for look in head["looks"]] == [("table", "SOFT"), ("window", "")]
    table = np.frombuffer(before, np.uint8)
    assert len(table) == head["values"]
    assert (table[0], int(table[2048])) == (255, 127)
