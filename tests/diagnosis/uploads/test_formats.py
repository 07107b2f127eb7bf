"""TIFF, BMP and WebP on their way through the site: classified, shown, handed out under their own ending."""

import io
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image

from accounts.models import User
from diagnosis.models import Patient, Study
from diagnosis.privacy import export
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_png, upload

ENDINGS = {"TIFF": "tif", "BMP": "bmp", "WEBP": "webp"}


@pytest.fixture
def client(alice: User, engine: ToyEngine, media_root: Path) -> Client:
    return client_of(alice)


def written(picture_format: str) -> bytes:
    stream = io.BytesIO()
    with Image.open(io.BytesIO(radiograph_png())) as image:
        image.save(stream, picture_format)
    return stream.getvalue()


@pytest.mark.parametrize("picture_format", ENDINGS)
def test_it_is_classified_shown_and_handed_out(client: Client, picture_format: str) -> None:
    content = written(picture_format)
    answer = upload(client, content, "chest.png", reference="P-1")
    assert "Positive" in client.get(answer["Location"]).content.decode()
    study = Study.objects.get()
    original = client.get(f"/studies/{study.uuid}/original")
    assert (study.format, b"".join(original)) == (picture_format, content)
    assert f".{ENDINGS[picture_format]}" in original["Content-Disposition"]
    assert Patient.objects.count() == 1
    assert export._ENDINGS[picture_format] == ENDINGS[picture_format]
