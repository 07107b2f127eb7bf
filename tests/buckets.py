"""A real S3 server (moto, in an environment of its own), and a bucket that the site stores its files in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from pytest_django import Settings

from covidxray import storage_settings
from scripts.stack import free_port, until

PYTHON = Path(sys.prefix) / "moto" / "bin" / "python"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address. The tests are skipped where it is not installed, and fail where it has to be (REQUIRE_S3)."""
    if not os.environ.get("REQUIRE_S3"):
        pytest.importorskip("storages")
        if not PYTHON.exists():
            pytest.skip("moto's server is not installed")
    port, said = free_port(), tmp_path_factory.mktemp("moto") / "moto.log"
    with said.open("wb") as log:
        command = [str(PYTHON), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    until(lambda: "Running on" in said.read_text(), "moto")
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def client_of(address: str) -> Any:
    """Who looks after the storage, and not the site."""
    import boto3

    keys = {"aws_access_key_id": "administrator", "aws_secret_access_key": "secret"}
    return boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys)


@pytest.fixture
def bucket(s3_server: str, settings: Settings) -> str:
    """The name of an empty one, in which the site stores its files from here on."""
    name = f"films-{uuid4().hex[:8]}"
    client_of(s3_server).create_bucket(Bucket=name)
    stored_in(settings, s3_server, name)
    return name


def stored_in(settings: Settings, address: str, bucket: str, **more: str) -> None:
    """As after STORAGE_S3_BUCKET and the others in the environment. `more`: those by the rest of their names."""
    given = {"BUCKET": bucket, "PREFIX": "xray", "ENDPOINT": address, "REGION": "us-east-1", **more}
    named = {f"STORAGE_S3_{name}": value for name, value in {"KEY": "site", "SECRET": "secret", **given}.items()}
    for name, value in named.items():
        setattr(settings, name, value)
    with patch.dict(vars(storage_settings), named):
        settings.STORAGES = {**settings.STORAGES, "default": storage_settings.stored_files()}


def names_in(address: str, bucket: str) -> list[str]:
    found = client_of(address).list_objects_v2(Bucket=bucket)
    return sorted(each["Key"] for each in found.get("Contents", ()))


def versions_in(address: str, bucket: str) -> list[str]:
    """Of what was deleted, too."""
    found = client_of(address).list_object_versions(Bucket=bucket)
    return [each["Key"] for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))]
