"""S3-compatible storage: radiographs, their copies and reports in a bucket instead of MEDIA_ROOT.

django-storages with what a disk has and a bucket has not: its errors are OSErrors (StorageFault, FileNotFoundError), a
file is written by one request, whole or not at all, and deleted with every version that the bucket keeps of it.
"""

from __future__ import annotations

import errno
import io
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from boto3.exceptions import Boto3Error
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from diagnosis.files.faults import StorageFault

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3.0, 10.0, 3
_PROBE = b"covidxray looks whether it can write here"

_LOST = {"NoSuchKey", "404", "NotFound", "NoSuchVersion"}
_KINDS = (
    (errno.EIO, "The bucket {} is not there", {"NoSuchBucket"}),
    (
        errno.ENOSPC,
        "The storage of the bucket {} is full",
        {"507", "QuotaExceeded", "XMinioStorageFull", "StorageFull"},
    ),
    (
        errno.EBUSY,
        "The storage of the bucket {} is too busy to answer",
        {"SlowDown", "503", "429", "ServiceUnavailable", "TooManyRequests", "RequestLimitExceeded", "Throttling"},
    ),
    (
        errno.EACCES,
        "The storage refuses access to the bucket {}: its key, or what that may do, is not right",
        {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "RequestTimeTooSkewed"},
    ),
)

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def fault_of(error: Exception, bucket: str) -> OSError:
    """What the client's exception means for those who expect a disk."""
    code = str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
    if code in _LOST:
        return FileNotFoundError(errno.ENOENT, "The storage does not have this file")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        code = "AccessDenied"
    for number, sentence, codes in _KINDS:
        if code in codes:
            return StorageFault(number, sentence.format(bucket))
    return StorageFault(errno.EIO, f"The storage of the bucket {bucket} does not answer as it should")


def _asking(
    ask: Callable[Concatenate[Bucket, Parameters], Answer],
) -> Callable[Concatenate[Bucket, Parameters], Answer]:
    """Raises FileNotFoundError and StorageFault for whatever the client raises."""

    @wraps(ask)
    def asked(storage: Bucket, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        try:
            return ask(storage, *args, **kwargs)
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise fault_of(error, storage.bucket_name) from error

    return asked


class StoredFile(File):
    """A file of the bucket, read whole: none is larger than an upload may be. It can be opened again, as a disk's."""

    def __init__(self, storage: Bucket, name: str) -> None:
        super().__init__(io.BytesIO(storage.content(name)), name)
        self._storage = storage

    def open(self, *args: Any, **kwargs: Any) -> StoredFile:
        if self.closed:
            self.file = io.BytesIO(self._storage.content(str(self.name)))
        self.seek(0)
        return self


class Bucket(S3Storage):
    """One connection of all threads: the client underneath is made for that."""

    has_folders = False

    def __init__(self, **options: Any) -> None:
        super().__init__(client_config=_config(options.pop("addressing_style", None)), **options)
        self._lock = threading.Lock()
        self._shared: Any = None

    @property
    def connection(self) -> Any:
        with self._lock:
            if self._shared is None:
                self._shared = self._connected(self.client_config)
            return self._shared

    def _connected(self, config: Config) -> Any:
        session = self._create_session()
        return session.resource(
            "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=config, verify=self.verify
        )

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(clean_name(name))}

    # --- what Django asks of a storage ------------------------------------------------------------------------------

    def _open(self, name: str, mode: str = "rb") -> StoredFile:
        if mode not in ("r", "rb"):
            raise ValueError("a stored file is written once, by save()")
        return StoredFile(self, name)

    @_asking
    def _save(self, name: str, content: File[Any]) -> str:
        """By one request: half a file is nowhere, and no parts of one are left where a process is killed."""
        content.seek(0)
        place = self._place(name)
        self._client.put_object(Body=content.read(), **place, **self._get_write_parameters(place["Key"], content))
        return str(clean_name(name))

    @_asking
    def delete(self, name: str) -> None:
        """Every version of it: a bucket may keep what was deleted, and an erased patient's file must not live on."""
        place = self._place(name)
        if not self._keeps_versions():
            self._client.delete_object(**place)
            return
        for version in list(self._versions(place["Key"])):
            self._client.delete_object(**place, VersionId=version)

    @_asking
    def exists(self, name: str) -> bool:
        return bool(super().exists(name))

    @_asking
    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        folders, files = super().listdir(name)
        return folders, files

    @_asking
    def size(self, name: str) -> int:
        return int(self._client.head_object(**self._place(name))["ContentLength"])

    @_asking
    def get_modified_time(self, name: str) -> datetime:
        """Of a file, or the newest of those below what would be a folder. Raises FileNotFoundError."""
        place = self._place(name)
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=place["Bucket"], Prefix=place["Key"])
        found = [each for page in pages for each in page.get("Contents", ())]
        ours = [each for each in found if each["Key"] == place["Key"] or each["Key"].startswith(f"{place['Key']}/")]
        if not ours:
            raise FileNotFoundError(errno.ENOENT, "The storage does not have this file")
        newest: datetime = max(each["LastModified"] for each in ours)
        return newest

    # --- and what is asked of a bucket besides ----------------------------------------------------------------------

    @_asking
    def content(self, name: str) -> bytes:
        body: bytes = self._client.get_object(**self._place(name))["Body"].read()
        return body

    @_asking
    def stream(self, name: str) -> tuple[Any, int]:
        """What the file is read from, to be closed in the end, and its size in bytes."""
        answer = self._client.get_object(**self._place(name))
        return answer["Body"], int(answer["ContentLength"])

    @_asking
    def is_there(self) -> None:
        """Asks for the bucket, and for nothing in it."""
        self._client.head_bucket(Bucket=self.bucket_name)

    @_asking
    def is_empty(self) -> bool:
        """Whether there is nothing at all at the place in the bucket that is ours."""
        prefix = f"{self.location}/" if self.location else ""
        found = self._client.list_objects_v2(Bucket=self.bucket_name, Prefix=prefix, MaxKeys=1)
        return not found.get("Contents")

    @_asking
    def probe(self) -> bool:
        """Write a file, read it, delete it. False where a stranger could read it too."""
        name = f"check/{uuid.uuid4()}"
        self.save(name, File(io.BytesIO(_PROBE)))
        try:
            if self.content(name) != _PROBE:
                raise StorageFault(errno.EIO, f"The bucket {self.bucket_name} gives other bytes than were written")
            return not self._strangers_read(name)
        finally:
            self.delete(name)

    def _strangers_read(self, name: str) -> bool:
        stranger = self._connected(self.client_config.merge(Config(signature_version=UNSIGNED)))
        try:
            stranger.meta.client.get_object(**self._place(name))
        except ClientError:
            return False
        return True

    def _keeps_versions(self) -> bool:
        """Asked each time: a process that runs for weeks must notice. Some servers know no versions."""
        try:
            return "Status" in self._client.get_bucket_versioning(Bucket=self.bucket_name)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (405, 501):
                return False
            raise

    def _versions(self, key: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket_name, Prefix=key)
        for page in pages:
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if each["Key"] == key:
                    yield each["VersionId"]


def _config(addressing_style: str | None) -> Config:
    """Checksums only where they must be: not every S3-compatible server knows the newer ones."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=50,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
