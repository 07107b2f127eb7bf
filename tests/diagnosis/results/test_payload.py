"""What a full page of results costs to send: the page and its fifty thumbnails."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from accounts.models import User
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.imaging.rendering import THUMBNAIL_BYTES, thumbnail_jpeg
from diagnosis.models import Diagnosis
from diagnosis.results.search import PAGE_ROWS
from tests.cast import client_of
from tests.rows import page_of, stored_result

MOST_BYTES = 300_000


@pytest.fixture
def client(alice: User) -> Client:
    for number in range(PAGE_ROWS):
        name = f"1.2.840.113619.2.55.3.604688119.969.1268071029.{number:03}.dcm"
        stored_result(
            alice,
            file_name=name,
            patient_id=f"P{number:07}",
            patient_name="Łukaszewicz-Nowak Anna Maria",
            review="disagrees",
            outcome="positive",
        )
    return client_of(alice)


def test_fifty_rows_stay_under_the_limit(client: Client) -> None:
    """Fifty rows with the largest thumbnails stay under the limit."""
    text = page_of(client)
    assert text.count("thumbnail.jpg") == PAGE_ROWS
    assert len(text.encode()) + PAGE_ROWS * THUMBNAIL_BYTES < MOST_BYTES


@pytest.mark.slow
def test_fifty_real_radiographs_stay_under_the_limit(client: Client, shared_data: Path) -> None:
    """Fifty different ones, of every collection, as the site stores and sends them."""
    found = sorted((shared_data / "cxr").rglob("*.*g"))
    files = found[:: max(1, len(found) // PAGE_ROWS)][:PAGE_ROWS]
    for file, row in zip(files, Diagnosis.objects.select_related("study"), strict=True):
        picture = thumbnail_jpeg(read_radiograph(file.read_bytes()).pixels)
        row.study.thumbnail = default_storage.save(f"{row.study.uuid}.jpg", ContentFile(picture))
        row.study.save()
    sent = len(page_of(client).encode())
    for row in Diagnosis.objects.select_related("study"):
        sent += len(client.get(f"/studies/{row.study.uuid}/thumbnail.jpg").getvalue())

    assert sent < MOST_BYTES
