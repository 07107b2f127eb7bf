"""What the repository promises about itself: exact versions, no leftovers of one machine, commands that exist."""

import re
import subprocess
from importlib.metadata import distribution, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.on_mariadb import REPEATED

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = sorted(PROJECT.glob("requirements*.txt"))
LARGEST_MODEL_BYTES = 40 * 10**6
# Built from parts, so that this file passes its own test.
MACHINE_PATHS = re.compile("|".join(["/" + "work/", "/" + "root/", r"(?<!\w)/" + r"home/\w+", "shared" + r"/(spec|design)/"]))


def committed_files() -> list[Path]:
    if not (PROJECT / ".git").exists():
        pytest.skip("this is not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S607
    return [PROJECT / name for name in listing.stdout.split("\0") if name and (PROJECT / name).is_file()]


def requirement_lines(file: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def pins(*names: str) -> dict[str, str]:
    """Canonical package name → version, of the requirements files named."""
    parsed = [Requirement(line) for name in names for line in requirement_lines(PROJECT / name)]
    return {canonicalize_name(item.name): str(item.specifier).removeprefix("==") for item in parsed}


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_names_one_exact_version(file: Path) -> None:
    exact = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z-]+\])?==[0-9][A-Za-z0-9.]*$")
    assert [line for line in requirement_lines(file) if not exact.match(line)] == []


def test_installed_versions_are_the_pinned_ones() -> None:
    pinned = pins("requirements.txt", "requirements-dev.txt")
    assert {name: distribution(name).version for name in pinned} == pinned


@pytest.mark.parametrize("files", [("requirements.txt",), ("requirements.txt", "requirements-dev.txt")])
def test_what_a_pinned_package_needs_is_pinned_too(files: tuple[str, ...]) -> None:
    pinned = pins(*files)
    needed = {
        canonicalize_name(requirement.name)
        for name in pinned
        for requirement in map(Requirement, distribution(name).requires or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    assert needed - pinned.keys() == set()


@pytest.mark.parametrize("name", pins("requirements.txt"))
def test_what_people_run_is_free_of_the_gpl(name: str) -> None:
    facts = metadata(name).json
    stated = f"{facts.get('license_expression')} {facts.get('classifier')} {facts.get('license', '')[:80]}"
    assert not re.search(r"\bA?GPL|GNU (Affero )?General Public", stated)


def test_no_file_names_a_local_path() -> None:
    leaks = {
        f"{file.relative_to(PROJECT)}: {found.group()}"
        for file in committed_files()
        if (found := MACHINE_PATHS.search(file.read_bytes().decode("utf-8", errors="ignore")))
    }
    assert not leaks


def test_secrets_stay_out_of_the_repository() -> None:
    """Secrets databases and radiographs stay out of the repository."""
    private = re.compile(r"(^|/)\.env$|\.sqlite3$|\.dcm$|\.pem$|^(media|samples)/")
    names = [file.relative_to(PROJECT).as_posix() for file in committed_files()]
    assert [name for name in names if private.search(name)] == []


def test_a_model_version_is_under_40_mb() -> None:
    """Committed files of a model version stay under 40 megabytes."""
    sizes: dict[str, int] = {}
    for file in committed_files():
        folder, *rest = file.relative_to(PROJECT).parts
        if folder == "models" and len(rest) > 1:
            sizes[rest[0]] = sizes.get(rest[0], 0) + file.stat().st_size
    assert {version: size for version, size in sizes.items() if size >= LARGEST_MODEL_BYTES} == {}


@pytest.mark.parametrize("document", ["README.md", "docs/development.md", "docs/deployment.md"])
def test_make_commands_in_the_documents_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z_-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    text = (PROJECT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^|=\S+ )make ([a-z_-]+)", text, flags=re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("document", ["README.md", "docs/development.md", "docs/deployment.md"])
def test_manage_commands_in_the_documents_exist(document: str) -> None:
    from django.core.management import get_commands

    named = set(re.findall(r"manage\.py ([a-z_0-9]+)", (PROJECT / document).read_text(encoding="utf-8")))
    assert named - get_commands().keys() == set()


def test_links_between_the_documents_lead_somewhere() -> None:
    broken = {
        f"{file.relative_to(PROJECT)}: {target}"
        for file in committed_files()
        if file.suffix == ".md"
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
        if not (file.parent / target).exists()
    }
    assert not broken


def test_what_mariadb_repeats_exists(project: Path) -> None:
    assert [entry for entry in REPEATED if not (project / "tests" / entry).exists()] == []
