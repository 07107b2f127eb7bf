"""The archive: a tar file, so that common tools open it, written and read once from front to back.

backup.json                  what made it, when, from which migrations: the Manifest, first
database/app.model.jsonl.gz  the rows of each table (backup.rows)
files/…                      stored files, under their names in the storage, in the order of these names
model/…                      current.json, and in a folder of its name the committed files of the served version
missing.json                 the names of files that the storage had lost
SHA256SUMS                   the SHA-256 of all of these, as `sha256sum --check` reads it, last
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, cast

from backup.errors import ArchiveRefused

APPLICATION, FORMAT = "covidxray", 1
MANIFEST, MISSING, SUMS = "backup.json", "missing.json", "SHA256SUMS"
DATABASE, FILES, MODEL = "database/", "files/", "model/"
ROWS = ".jsonl.gz"
LARGEST_TEXT = 16 * 1024**2
_BUFFER = 1024**2
# Parts of letters, digits, dash, underscore and dot that begin with no dot: no way out of a folder, nothing hidden.
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*\Z")
NOT_WHOLE = "The archive is damaged or was cut off: {}. Nothing was changed; use another one."
NO_ARCHIVE = "This is no archive of manage.py backup."


def is_safe(name: str) -> bool:
    return bool(_SAFE_NAME.match(name))


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself. `model` is the served version, or nothing; `rows` the number of each table's."""

    made: str
    version: str
    commit: str
    database: str
    migrations: dict[str, list[str]]
    rows: dict[str, int]
    model: str
    audit_sequence: int
    audit_hash: str

    def as_json(self) -> bytes:
        values = {"application": APPLICATION, "format": FORMAT, **asdict(self)}
        return json.dumps(values, indent=2).encode("ascii") + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Raises ArchiveRefused for a text that is none, or of a later format."""
        values = _object(text)
        if values.pop("application", None) != APPLICATION or not isinstance(values.get("format"), int):
            raise ArchiveRefused(NO_ARCHIVE)
        if (number := values.pop("format")) != FORMAT:
            raise ArchiveRefused(
                f"This archive has format {number} and this program reads format {FORMAT}: "
                "restore it with the version of covidxray that made it, or a later one."
            )
        try:
            return cls(**values)
        except TypeError as error:
            raise ArchiveRefused(NO_ARCHIVE) from error


def _object(text: bytes) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ArchiveRefused(NO_ARCHIVE) from error
    if not isinstance(values, dict):
        raise ArchiveRefused(NO_ARCHIVE)
    return values


class _Hashing(io.RawIOBase):
    """Passes on to a file, or from one, and hashes what goes through."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file: IO[bytes] | None = file
        self.sha256, self.size = hashlib.sha256(), 0

    def _saw(self, data: Any) -> None:
        self.sha256.update(data)
        self.size += len(data)

    def write(self, data: Any) -> int:
        self._saw(data)
        return self._file.write(data) if self._file else len(data)

    def let_go(self) -> None:
        """Write nothing more."""
        self._file = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size) if self._file else b""
        self._saw(data)
        return data

    def drain(self) -> None:
        while self.read(_BUFFER):
            pass


class Writer:
    """Writes an archive to a file that is open for writing; what it has to remember until the end into a folder."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        self._out = _Hashing(file)
        self._tar = tarfile.open(fileobj=self._out, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BUFFER)  # noqa: SIM115
        self._sums = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self._sums.close()
        self._out.let_go()  # what tarfile still holds must not be written after a full disk, and not when it is dropped
        self._tar.close()

    def add(self, name: str, content: IO[bytes], size: int) -> None:
        """Add `size` bytes. Raises OSError where the content has fewer."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        hashed = _Hashing(content)
        self._tar.addfile(member, hashed)
        _forget(self._tar)
        self._sums.write(f"{hashed.sha256.hexdigest()}  {name}\n".encode("ascii"))

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add(name, io.BytesIO(content), len(content))

    def finish(self) -> tuple[str, int]:
        """Write the end; SHA-256 and size of the whole archive."""
        size = self._sums.tell()
        self._sums.seek(0)
        member = tarfile.TarInfo(SUMS)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, self._sums)
        self._tar.close()
        return self._out.sha256.hexdigest(), self._out.size


@dataclass(frozen=True)
class Member:
    """One file of an archive, open for reading until the next one is asked for."""

    name: str
    size: int
    content: IO[bytes]


def members(file: IO[bytes]) -> Iterator[Member]:
    """Every member but the sums, which are compared at the end: before that nothing of it may be believed.

    Raises ArchiveRefused for a file that is no archive, is not the one that was written, or holds anything else than
    files with safe names.
    """
    file.seek(0)
    try:
        tar = tarfile.open(fileobj=file, mode="r|", bufsize=_BUFFER)  # noqa: SIM115
    except tarfile.ReadError as error:
        raise ArchiveRefused(NO_ARCHIVE) from error
    with tar, tempfile.TemporaryFile() as seen:
        yield from _until_sums(tar, seen)


def _until_sums(tar: tarfile.TarFile, seen: IO[bytes]) -> Iterator[Member]:
    while info := _next(tar):
        content = cast("IO[bytes]", tar.extractfile(_checked(info)))
        if info.name == SUMS:
            _compare(seen, content)
            return
        hashed = _Hashing(content)
        yield Member(info.name, info.size, hashed)  # type: ignore[arg-type]
        try:
            hashed.drain()
        except tarfile.ReadError:
            break
        seen.write(f"{hashed.sha256.hexdigest()}  {info.name}\n".encode("ascii"))
    raise ArchiveRefused(NOT_WHOLE.format("its end is missing") if tar.offset else NO_ARCHIVE)


def _next(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    """Nothing at the end, and where what follows is no member."""
    try:
        return tar.next()
    except tarfile.ReadError:
        return None
    finally:
        _forget(tar)


def _forget(tar: Any) -> None:
    """Else it remembers every member that it has seen, and there may be millions."""
    tar.members.clear()


def _checked(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Only plain files, and nothing that a name could lead out of a folder with."""
    if info.type != tarfile.REGTYPE or info.sparse is not None or not is_safe(info.name):
        raise ArchiveRefused(f"The archive holds {info.name!r}, which no backup does. Nothing was changed.")
    return info


def _compare(seen: IO[bytes], sums: IO[bytes]) -> None:
    seen.seek(0)
    for ours in seen:
        if sums.readline() != ours:
            name = ours.decode("ascii").split("  ", 1)[1].strip()
            raise ArchiveRefused(NOT_WHOLE.format(f"{name} is not what was written"))
    if sums.read(1):
        raise ArchiveRefused(NOT_WHOLE.format("members are missing"))


def read_all(member: Member) -> bytes:
    """The content of a member that is small. Raises ArchiveRefused where it is not."""
    if member.size > LARGEST_TEXT:
        raise ArchiveRefused(f"{member.name} is larger than any backup writes it. Nothing was changed.")
    return member.content.read()


def names_missing(text: bytes) -> list[str]:
    """The content of missing.json. Raises ValueError unless it is a list of names."""
    names = json.loads(text)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("no list of names")
    return names


def open_archive(path: Path) -> IO[bytes]:
    """Raises ArchiveRefused where the file cannot be read."""
    try:
        return path.open("rb")
    except OSError as error:
        raise ArchiveRefused(f"{path} cannot be read: {error.strerror}.") from error
