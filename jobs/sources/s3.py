"""Objects of an S3-compatible storage below a prefix: s3://bucket/prefix for the command line, and for people what is
below the place of their institution (JOBS_S3_ROOT). The storage is always that of the settings: nobody names another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache, wraps
from http import HTTPStatus
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import Institution
from diagnosis.errors import gettext_noop
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.uploads.file_names import shown_file_name
from jobs.errors import JobRefused, SourceFault
from jobs.models import Item, Job
from jobs.sources.found import Content, Found

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
_GONE = ("NoSuchKey", "NoSuchBucket")
_AWAY = gettext_noop("The storage does not answer.")

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def place_of(address: str) -> dict[str, str]:
    """What a job stores of s3://bucket/prefix. Raises JobRefused where no storage is set up."""
    if not _is_set_up():
        raise JobRefused(
            gettext_noop("No S3 storage is set up: JOBS_S3_ENDPOINT and requirements-s3.txt."), code="no-s3"
        )
    asked = urlsplit(address)
    if asked.scheme != "s3" or not asked.netloc:
        raise JobRefused(gettext_noop("Name it as s3://bucket/prefix."), code="no-s3")
    return {"bucket": asked.netloc, "prefix": asked.path.lstrip("/")}


def _is_set_up() -> bool:
    return bool(settings.JOBS_S3_ENDPOINT and find_spec("boto3"))


def root_of(institution: Institution) -> dict[str, str] | None:
    """The place of which people of the institution may have everything classified; None where there is none."""
    bucket, _slash, prefix = settings.JOBS_S3_ROOT.partition("/")
    if not (bucket and _is_set_up()):
        return None
    return {"bucket": bucket, "prefix": "/".join(filter(None, [prefix.strip("/"), f"{institution.uuid}/"]))}


def place_below(root: dict[str, str], folder: str) -> dict[str, str]:
    """What a job stores of a folder below that place. Raises JobRefused for what may lead out of it."""
    parts = folder.strip("/").split("/") if folder.strip("/") not in ("", ".") else []
    if any(part in ("", ".", "..") for part in parts):
        raise JobRefused(gettext_noop("There is no such folder in the storage."), code="no-folder")
    return root | {"prefix": root["prefix"] + "".join(f"{part}/" for part in parts)}


def asking(ask: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """What goes wrong on the way is a SourceFault, whose sentence holds no address and no key."""

    @wraps(ask)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return ask(*args, **kwargs)
        except ClientError as error:
            raise _fault(error.response) from error
        except (BotoCoreError, OSError, ValueError) as error:
            raise SourceFault(_AWAY, code="s3-away") from error

    return checked


def _fault(answer: dict[str, Any]) -> SourceFault:
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if answer.get("Error", {}).get("Code", "") in _GONE:
        return SourceFault(gettext_noop("The storage does not have it any more."), code="s3-gone")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return SourceFault(_AWAY, code="s3-away")
    return SourceFault(gettext_noop("The storage refused to hand it out."), code="s3-refused")


def found(job: Job) -> Iterator[Found]:
    """Every object below the prefix, in order; folders and hidden names are passed over. Raises SourceFault."""
    yield from map(_found, asking(_names)(job.place["bucket"], job.place["prefix"]))


def _names(bucket: str, prefix: str) -> list[str]:
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    names = [each["Key"] for page in pages for each in page.get("Contents", ())]
    return [name for name in names if name.startswith(prefix) and not _is_passed_over(name, prefix)]


def _is_passed_over(name: str, prefix: str) -> bool:
    return name.endswith("/") or any(part.startswith(".") for part in name.removeprefix(prefix).split("/"))


def _found(name: str) -> Found:
    return Found(name, shown_file_name(name))


def content(item: Item) -> Content:
    """One byte more than is accepted at most. Raises SourceFault."""
    return Content(asking(_read)(item.job.place["bucket"], item.place))


def _read(bucket: str, name: str) -> bytes:
    with closing(_client().get_object(Bucket=bucket, Key=name)["Body"]) as body:
        read: bytes = body.read(MAX_FILE_BYTES + 1)
        return read


@cache
def _client_of(endpoint: str, key: str, secret: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},  # a job has attempts of its own
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    keys = {"aws_access_key_id": key or None, "aws_secret_access_key": secret or None}
    return boto3.session.Session(**keys).client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)


def _client() -> Any:
    return _client_of(settings.JOBS_S3_ENDPOINT, settings.JOBS_S3_KEY, settings.JOBS_S3_SECRET)
