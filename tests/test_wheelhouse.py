"""What an installation without Internet is made of: the folder of `scripts/wheelhouse`, and what unpacks it."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SCRIPT = PROJECT / "scripts" / "unpack_node_packages.py"

# Instead of Python: notes what pip and npm are asked for, and leaves a file that they would.
STUB = """#!{python}
import pathlib, runpy, sys
arguments = sys.argv[1:]
if arguments[0].endswith("unpack_node_packages.py"):
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")
    sys.exit()
with open({log!r}, "a") as log:
    print(*arguments, file=log)
folder = pathlib.Path(arguments[arguments.index("--wheel-dir") + 1])
(folder / ("driver.whl" if "requirements-mysql.txt" in arguments else "django.whl")).write_text("wheel")
sys.exit({status} if "requirements-mysql.txt" in arguments else 0)
"""


def tarball(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project that needs one package, whose tarball lies in `house`, and another one for its tests."""
    content = tarball({"package/dist/a.js": b"script", "package/package.json": b"{}"})
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "scope-name-1.2.3.tgz").write_bytes(content)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    packages = {
        "": {"name": "site"},
        "node_modules/@scope/name": {"version": "1.2.3", "integrity": integrity},
        "node_modules/tests-only": {"version": "9.9.9", "integrity": "sha512-x", "dev": True},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    return tmp_path


def unpack(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--project", str(checkout), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_page_files_are_where_npm_puts_them(checkout: Path) -> None:
    assert unpack(checkout, str(checkout / "house")).returncode == 0
    files = [path.relative_to(checkout).as_posix() for path in (checkout / "node_modules").rglob("*.js*")]
    assert sorted(files) == ["node_modules/@scope/name/dist/a.js", "node_modules/@scope/name/package.json"]


def test_the_list_is_of_page_files_only(checkout: Path) -> None:
    assert unpack(checkout, "--list").stdout.split() == ["@scope/name@1.2.3"]


def test_an_altered_tarball_is_refused_unopened(checkout: Path) -> None:
    (checkout / "house" / "scope-name-1.2.3.tgz").write_bytes(tarball({"package/dist/a.js": b"evil"}))
    result = unpack(checkout, str(checkout / "house"))
    assert result.returncode != 0
    assert result.stderr.strip() == "scope-name-1.2.3.tgz is not the file that package-lock.json names."
    assert not (checkout / "node_modules").exists()


def test_a_missing_tarball_is_named(checkout: Path) -> None:
    (checkout / "house" / "scope-name-1.2.3.tgz").unlink()
    result = unpack(checkout, str(checkout / "house"))
    assert result.returncode != 0
    assert "scope-name-1.2.3.tgz" in result.stderr
    assert "Traceback" not in result.stderr


def make_house(tmp_path: Path, driver_status: int = 0) -> tuple[subprocess.CompletedProcess[str], Path, str]:
    """Run scripts/wheelhouse with a Python and an npm that only note what they are asked for."""
    work = tmp_path / "work"
    shutil.copytree(PROJECT / "scripts", work / "scripts")
    shutil.copy(PROJECT / "package-lock.json", work)
    log = tmp_path / "log"
    python = tmp_path / "python"
    python.write_text(STUB.format(python=sys.executable, log=str(log), status=driver_status))
    npm = work / "scripts" / "npm"
    npm.write_text(f'#!/bin/sh\nshift\necho "npm $*" >> {log}\ntouch "$4/package.tgz"\n')
    for path in (python, npm):
        path.chmod(0o755)
    house = tmp_path / "house"
    house.mkdir()
    (house / "old-1.0.whl").write_text("of an earlier version")
    command = [work / "scripts" / "wheelhouse", python, house]
    result = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    return result, house, log.read_text()


def test_the_wheelhouse_matches_the_pins(tmp_path: Path) -> None:
    result, house, asked = make_house(tmp_path)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in house.iterdir()) == ["SHA256SUMS", "django.whl", "driver.whl", "package.tgz"]
    assert "--requirement requirements.txt" in asked
    assert "--no-deps --requirement requirements-mysql.txt" in asked
    assert "@panzoom/panzoom@" in asked
    assert "axe-core" not in asked
    checked = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=house, capture_output=True, check=False)  # noqa: S607
    assert checked.returncode == 0


def test_an_uncompilable_driver_is_explained(tmp_path: Path) -> None:
    """A driver that cannot be compiled is said with what it needs."""
    result, house, _asked = make_house(tmp_path, driver_status=1)
    assert result.returncode != 0
    assert "default-libmysqlclient-dev" in result.stderr
    assert not (house / "SHA256SUMS").exists()
