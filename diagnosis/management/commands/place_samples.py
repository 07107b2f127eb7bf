"""Puts real radiographs into a folder, so that a newcomer has something to upload.

They come from the package pydicom-data (MIT licence); the pictures are drawn from its chest radiograph.
"""

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from data_store import DataStore
from django.conf import settings
from django.core.management.base import BaseCommand
from PIL import Image

from diagnosis.imaging.radiograph import read_radiograph

CHEST = "chest.dcm"
DICOM_SAMPLES = {
    CHEST: "RG1_UNCR.dcm",
    "chest-jpeg2000.dcm": "RG1_J2KR.dcm",
    "leg-not-a-chest.dcm": "RG3_UNCR.dcm",
}
PICTURE_SAMPLES = ("chest.png", "chest.jpg")
JPEG_QUALITY = 95


class Command(BaseCommand):
    help = "Place sample radiographs to try the site with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, default=settings.BASE_DIR / "samples", help="folder to write to")

    def handle(self, *args: Any, **options: Any) -> None:
        place_samples(options["output"])


def place_samples(folder: Path) -> None:
    """Write the chest as DICOM, uncompressed and as lossless JPEG 2000, and as pictures, and the leg as DICOM."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in DICOM_SAMPLES.items():
        shutil.copyfile(DataStore().get_path(source), folder / name)
    chest = Image.fromarray(read_radiograph((folder / CHEST).read_bytes()).pixels)
    for name in PICTURE_SAMPLES:
        chest.save(folder / name, quality=JPEG_QUALITY)
