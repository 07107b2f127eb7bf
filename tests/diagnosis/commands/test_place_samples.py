"""`manage.py place_samples`: what a newcomer finds in samples/ is real, and the same chest in every form."""

from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from diagnosis.imaging.radiograph import Radiograph, read_radiograph


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    call_command("place_samples", output=tmp_path / "samples")
    return tmp_path / "samples"


def read(path: Path) -> Radiograph:
    return read_radiograph(path.read_bytes())


@pytest.mark.parametrize("twin", ["chest-jpeg2000.dcm", "chest.png"])
def test_lossless_twins_are_equal(samples: Path, twin: str) -> None:
    np.testing.assert_array_equal(read(samples / twin).pixels, read(samples / "chest.dcm").pixels)


def test_the_jpeg_shows_nearly_the_same_chest(samples: Path) -> None:
    difference = read(samples / "chest.jpg").pixels.astype(int) - read(samples / "chest.dcm").pixels
    assert np.abs(difference).mean() < 1


def test_placing_them_again_replaces_a_damaged_one(samples: Path) -> None:
    (samples / "chest.png").write_bytes(b"damaged")
    call_command("place_samples", output=samples)
    assert read(samples / "chest.png").format == "PNG"


def test_the_leg_is_read_but_not_a_chest(samples: Path) -> None:
    details = read(samples / "leg-not-a-chest.dcm").dicom
    assert details is not None
    assert details.body_part == "EXTREMITY"
