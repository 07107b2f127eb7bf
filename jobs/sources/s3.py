"""Objects of an S3-compatible storage below a prefix (`s3://bucket/prefix`), for the command line.

The client is `minio` (requirements-s3.txt): botocore, which boto3 needs, wants an older python-dateutil than this site.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache, wraps
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from diagnosis.errors import gettext_noop
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.uploads.file_names import shown_file_name
from jobs.errors import JobRefused, SourceFault
from jobs.models import Item, Job
from jobs.sources.found import Content, Found

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
_GONE = ("NoSuchKey", "NoSuchBucket")

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def place_of(address: str) -> dict[str, str]:
    """What a job stores of s3://bucket/prefix. Raises JobRefused where no storage is set up."""
    if not (settings.JOBS_S3_ENDPOINT and find_spec("minio")):
        raise JobRefused(
            gettext_noop("No S3 storage is set up: JOBS_S3_ENDPOINT and requirements-s3.txt."), code="no-s3"
        )
    asked = urlsplit(address)
    if asked.scheme != "s3" or not asked.netloc:
        raise JobRefused(gettext_noop("Name it as s3://bucket/prefix."), code="no-s3")
    return {"bucket": asked.netloc, "prefix": asked.path.lstrip("/")}


def asking(ask: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """What goes wrong on the way is a SourceFault, whose sentence holds no address and no key."""

    @wraps(ask)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        from minio.error import MinioException
        from urllib3.exceptions import HTTPError

        try:
            return ask(*args, **kwargs)
        except MinioException as error:
            if getattr(error, "code", "") in _GONE:
                raise SourceFault(gettext_noop("The storage does not have it any more."), code="s3-gone") from error
            raise SourceFault(gettext_noop("The storage refused to hand it out."), code="s3-refused") from error
        except (HTTPError, OSError, ValueError) as error:
            raise SourceFault(gettext_noop("The storage does not answer."), code="s3-away") from error

    return checked


def found(job: Job) -> Iterator[Found]:
    """Every object below the prefix, in order; folders and hidden names are passed over. Raises SourceFault."""
    yield from map(_found, asking(_names)(job.place["bucket"], job.place["prefix"]))


def _names(bucket: str, prefix: str) -> list[str]:
    objects = _client().list_objects(bucket, prefix=prefix, recursive=True)
    return [each.object_name for each in objects if not each.is_dir and not _is_hidden(each.object_name, prefix)]


def _is_hidden(name: str, prefix: str) -> bool:
    return any(part.startswith(".") for part in name.removeprefix(prefix).split("/"))


def _found(name: str) -> Found:
    return Found(name, shown_file_name(name))


def content(item: Item) -> Content:
    """One byte more than is accepted at most. Raises SourceFault."""
    return Content(asking(_read)(item.job.place["bucket"], item.place))


def _read(bucket: str, name: str) -> bytes:
    with closing(_client().get_object(bucket, name)) as answer:
        read: bytes = answer.read(MAX_FILE_BYTES + 1)
        return read


@cache
def _client_of(endpoint: str, key: str, secret: str) -> Any:
    from minio import Minio
    from urllib3 import PoolManager, Timeout

    asked = urlsplit(endpoint)
    pool = PoolManager(timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False)
    return Minio(asked.netloc, key or None, secret or None, secure=asked.scheme != "http", http_client=pool)


def _client() -> Any:
    return _client_of(settings.JOBS_S3_ENDPOINT, settings.JOBS_S3_KEY, settings.JOBS_S3_SECRET)
