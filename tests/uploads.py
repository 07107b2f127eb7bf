"""Files that people upload, and how the tests upload them."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pydicom
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from diagnosis.models import Diagnosis, Study
from diagnosis.uploads.services import diagnosis_create


def radiograph_png(seed: int = 0, *, width: int = 320, height: int = 256) -> bytes:
    """A smooth grey picture that the gate lets through; another seed is another file."""
    across, down = np.meshgrid(np.linspace(0, 3, width), np.linspace(0, 3, height))
    pixels = 127 + 90 * np.sin(across + seed / 10) * np.cos(down)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def radiograph_dicom(samples: Path, **tags: str) -> bytes:
    """The sample chest radiograph with other values in its tags. Other values are another radiograph, as in life."""
    dataset = pydicom.dcmread(samples / "RG1_UNCR.dcm")
    if tags:
        words = np.frombuffer(dataset.PixelData, np.uint16).copy()
        words[: 8 * 32] = np.frombuffer(hashlib.sha256(repr(tags).encode()).digest() * 8, np.uint8)
        dataset.PixelData = words.tobytes()
        dataset.SOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[repr(tags)])
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def upload(client: Client, content: bytes, name: str = "chest.png", **extra: str):
    """Post one file to the upload page as a browser does."""
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("diagnosis:upload"), {"radiograph": file, **extra})


def upload_named(client: Client, content: bytes, name: bytes):
    """Post one file under a name that a browser would never send, byte for byte."""
    head = b'--part\r\nContent-Disposition: form-data; name="radiograph"; filename="' + name + b'"\r\n\r\n'
    body = head + content + b"\r\n--part--\r\n"
    return client.post(reverse("diagnosis:upload"), body, content_type="multipart/form-data; boundary=part")


def diagnosed(user: User, seed: int = 0, name: str = "chest.png") -> Diagnosis:
    """A stored diagnosis of a picture that the person uploaded."""
    return diagnosis_create(user=user, content=radiograph_png(seed), file_name=name).diagnosis


def unanswered(user: User) -> Study:
    """A study of a picture that the model refused, and that was stored without an answer."""
    strip = radiograph_png(width=900, height=160)
    return diagnosis_create(user=user, content=strip, file_name="leg.png", without_answer=True).study


def stored_files(media_root: Path) -> list[Path]:
    return [path for path in media_root.rglob("*") if path.is_file()]
