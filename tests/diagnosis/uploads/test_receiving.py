"""Where a large upload waits: in a file without a name, which goes with the process."""

import os
from pathlib import Path
from typing import cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.core.files.uploadhandler import StopUpload
from django.test import RequestFactory
from pytest_django import Settings

from diagnosis.uploads.receiving import NamelessFileUploadHandler

LARGE = os.urandom(3 * 1024**2)


def test_a_large_upload_has_no_name_on_disk(rf: RequestFactory, settings: Settings, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    request = rf.post("/upload/", {"radiograph": SimpleUploadedFile("chest.png", LARGE, "image/png")})
    file = cast(UploadedFile, request.FILES["radiograph"])
    assert (file.name, file.size, file.content_type) == ("chest.png", len(LARGE), "image/png")
    assert list(tmp_path.iterdir()) == []
    assert os.fstat(file.fileno()).st_size == len(LARGE), "it waits on the disk, and not in memory"
    assert file.read() == LARGE
    request.close()


def test_one_that_breaks_off_is_let_go_of(rf: RequestFactory) -> None:
    class BreaksOff(NamelessFileUploadHandler):
        def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
            super().receive_data_chunk(raw_data, start)
            raise StopUpload(connection_reset=True)

    request = rf.post("/upload/", {"radiograph": SimpleUploadedFile("chest.png", LARGE)})
    handler = BreaksOff(request)
    request.upload_handlers = [handler]
    assert not request.FILES
    with pytest.raises(ValueError, match="closed"):
        handler.file.read()


def test_one_that_never_began_needs_nothing() -> None:
    NamelessFileUploadHandler().upload_interrupted()
