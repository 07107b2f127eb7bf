"""Folders of radiographs for tests: real chest pixels that anybody can have, varied into many different "people"."""

import io
from functools import cache
from pathlib import Path

import numpy as np
from data_store import DataStore
from PIL import Image

from diagnosis.findings import CLASS_NAMES
from diagnosis.imaging.radiograph import read_radiograph


@cache
def chest() -> Image.Image:
    """The chest radiograph of pydicom-data, at a size that tests decode quickly."""
    content = (DataStore().data_path / "RG1_UNCR.dcm").read_bytes()
    return Image.fromarray(read_radiograph(content).pixels).resize((320, 384), Image.Resampling.LANCZOS)


def person(number: int) -> Image.Image:
    """A radiograph that is the chest above with an anatomy of its own: a smooth random deformation and shading."""
    rng = np.random.default_rng(number)
    smooth = [Image.fromarray(rng.normal(size=(7, 6)).astype(np.float32)).resize((320, 384), 3) for _ in range(3)]
    shift_y, shift_x, shade = (np.asarray(field) for field in smooth)
    rows, columns = np.mgrid[:384, :320]
    pixels = np.asarray(chest(), dtype=np.float32)
    y, x = np.clip(rows + 9 * shift_y, 0, 383).astype(int), np.clip(columns + 9 * shift_x, 0, 319).astype(int)
    return Image.fromarray(np.clip(pixels[y, x] + 20 * shade, 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=quality)
    return content.getvalue()


def write_people(folder: Path, numbers: range) -> None:
    """One JPEG for each number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"person-{number:03}.jpg").write_bytes(jpeg(person(number)))


def write_dataset(root: Path, per_class: int = 7, test_per_class: int = 0) -> Path:
    """Train and, if asked for, Test, each with both classes; every image is another person."""
    folders = [("Train", per_class), ("Test", test_per_class)]
    first = 0
    for part, number in folders:
        for name in CLASS_NAMES if number else ():
            write_people(root / part / name, range(first, first + number))
            first += number
    return root
