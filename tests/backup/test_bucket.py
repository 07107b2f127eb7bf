"""Backup from a bucket (S3), and restore into one: what was on a disk comes into a bucket, and back into an archive."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from diagnosis.models import Study
from tests.backup.conftest import is_empty
from tests.buckets import client_of, names_in, stored_in
from tests.diagnosis.files.test_object_storage import denied

pytestmark = pytest.mark.django_db(transaction=True)


def files_of(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        members = [member for member in opened.getmembers() if member.name.startswith("files/")]
        return {member.name: opened.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def test_from_a_disk_into_a_bucket(
    small_archive: Path,
    s3_server: str,
    bucket: str,
    settings: Settings,
    empty_machine: Callable[[], None],
    tmp_path: Path,
) -> None:
    """All of it, or nothing where the bucket refuses one file."""
    empty_machine()
    (name,) = [default_storage.save("left-by-someone", ContentFile(b"x"))]
    with pytest.raises(CommandError, match=f"There are files in the bucket {bucket}/xray"):
        call_command("restore", small_archive)
    default_storage.delete(name)
    denied(s3_server, bucket, "PutObject", "*/thumbnail.jpg")
    with pytest.raises(CommandError, match=r"The storage refuses access .* Nothing was restored\."):
        call_command("restore", small_archive)
    assert names_in(s3_server, bucket) == []
    assert is_empty(settings.MEDIA_ROOT)

    client_of(s3_server).delete_bucket_policy(Bucket=bucket)
    call_command("restore", small_archive)
    assert Study.objects.count() == 2
    again = tmp_path / "again.tar"
    call_command("backup", again)
    assert files_of(again) == files_of(small_archive)
    assert len(files_of(again)) == len(names_in(s3_server, bucket)) == 6
    assert is_empty_folder(settings.MEDIA_ROOT)

    stored_in(settings, "http://127.0.0.1:9", bucket)
    with pytest.raises(CommandError, match=r"^The storage of the bucket .* Nothing was left behind\."):
        call_command("backup", tmp_path / "never.tar")
    assert not list(tmp_path.glob("*never*"))


def is_empty_folder(folder: Path) -> bool:
    return not folder.exists() or not list(folder.iterdir())
