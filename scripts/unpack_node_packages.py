"""Makes node_modules from tarballs in a folder, without npm and without Internet: what pages load, nothing for tests.

Each tarball is compared with the hash that package-lock.json holds. `--list` prints what such a folder has to contain.
"""

import argparse
import base64
import hashlib
import json
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """One that package-lock.json names. integrity: as npm writes it, `sha512-` and base64."""

    name: str
    version: str
    integrity: str

    @property
    def tarball(self) -> str:
        """As `npm pack` calls it."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


def locked_packages(lock_file: Path) -> Iterator[Package]:
    """What pages need."""
    for path, facts in json.loads(lock_file.read_text(encoding="utf-8"))["packages"].items():
        if path and not facts.get("dev"):
            yield Package(path.removeprefix("node_modules/"), facts["version"], facts["integrity"])


def unpack(package: Package, folder: Path, node_modules: Path) -> None:
    """Write the package's files. Raises OSError and ValueError, the latter where the tarball is not the locked one."""
    content = (folder / package.tarball).read_bytes()
    if "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode() != package.integrity:
        raise ValueError(f"{package.tarball} is not the file that package-lock.json names.")
    target = node_modules / package.name
    with tarfile.open(folder / package.tarball) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]  # npm puts everything below package/
            if member.isfile() and member.name:
                archive.extract(member, target, filter="data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where the tarballs are")
    parser.add_argument("--list", action="store_true", help="print NAME@VERSION of each package, and unpack nothing")
    parser.add_argument("--project", type=Path, default=PROJECT, help="the folder of package-lock.json")
    options = parser.parse_args()
    for package in locked_packages(options.project / "package-lock.json"):
        if options.list:
            sys.stdout.write(f"{package.name}@{package.version}\n")
        elif options.folder is None:
            parser.error("name the folder of the tarballs")
        else:
            try:
                unpack(package, options.folder, options.project / "node_modules")
            except (OSError, ValueError, tarfile.TarError) as error:
                sys.exit(str(error))


if __name__ == "__main__":
    main()
