"""Archives that somebody altered, with sums that fit again unless a test says otherwise."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Members = list[tuple[tarfile.TarInfo, bytes]]
Edit = Callable[[Members], None]


def members_of(archive: Path) -> Members:
    with tarfile.open(archive) as opened:
        return [(info, opened.extractfile(info).read()) for info in opened]  # type: ignore[union-attr]


def plain(name: str, content: bytes = b"content") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    """A link, folder or device."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def write(archive: Path, members: Members) -> Path:
    """With sums of what is in it."""
    named = [(info, content) for info, content in members if info.name != "SHA256SUMS"]
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {info.name}\n" for info, content in named)
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as opened:
        for info, content in [*named, plain("SHA256SUMS", sums.encode())]:
            opened.addfile(info, io.BytesIO(content))
    return archive


def edited(archive: Path, edit: Edit) -> Path:
    members = members_of(archive)
    edit(members)
    return write(archive.with_name("forged.tar"), members)


def replaced(name: str, change: Callable[[bytes], bytes]) -> Edit:
    """Another content instead of a member's."""

    def edit(members: Members) -> None:
        number = next(number for number, (info, _content) in enumerate(members) if info.name == name)
        members[number] = plain(name, change(members[number][1]))

    return edit


def with_manifest(**values: Any) -> Edit:
    return replaced("backup.json", lambda text: json.dumps({**json.loads(text), **values}).encode())


def with_rows(label: str, change: Callable[[list[dict[str, Any]]], None]) -> Edit:
    """Other rows in a table."""

    def altered(packed: bytes) -> bytes:
        names, *lines = map(json.loads, gzip.decompress(packed).splitlines())
        rows = [dict(zip(names, line, strict=True)) for line in lines]
        change(rows)
        written = [names, *([row[name] for name in names] for row in rows)]
        return gzip.compress("".join(json.dumps(line) + "\n" for line in written).encode())

    return replaced(f"database/{label}.jsonl.gz", altered)
