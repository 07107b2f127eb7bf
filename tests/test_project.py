"""What the repository promises about itself: exact versions, no leftovers of one machine, commands that exist."""

import itertools
import re
import subprocess
from importlib.metadata import distribution, distributions, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.distribution import FIRST, TOGETHER
from tests.on_mariadb import ONLY_THERE, REPEATED, is_repeated

PROJECT = Path(__file__).resolve().parent.parent
INPUTS = PROJECT / "requirements"
NAMES = sorted(file.stem for file in INPUTS.glob("*.in"))
LOCKED = re.compile(r"^([^\s\[]+)(?:\[\S+\])?==(\S+)(?: \\\n    --hash=\S+)+\n    # via (.*)$", re.MULTILINE)
LARGEST_MODEL_BYTES = 40 * 10**6
# Built from parts, so that this file passes its own test.
MACHINE_PATHS = re.compile(
    "|".join(["/" + "work/", "/" + "root/", r"(?<!\w)/" + r"home/\w+", "shared" + r"/(spec|design)/"])
)


def committed_files() -> list[Path]:
    if not (PROJECT / ".git").exists():
        pytest.skip("this is not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S607
    return [PROJECT / name for name in listing.stdout.split("\0") if name and (PROJECT / name).is_file()]


def wanted(name: str) -> dict[str, str]:
    """Canonical package name → requirement, of one of the files that people write."""
    lines = (line.split("#")[0].strip() for line in (INPUTS / f"{name}.in").read_text(encoding="utf-8").splitlines())
    return {canonicalize_name(Requirement(line).name): line for line in lines if line and not line.startswith("-")}


def included(name: str) -> list[str]:
    """That file, and those that it takes over."""
    text = (INPUTS / f"{name}.in").read_text(encoding="utf-8")
    return [name, *re.findall(r"^-r (\w+)\.in$", text, flags=re.MULTILINE)]


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Canonical package name → exact version and who needs it, of one of the files that scripts/lock writes."""
    file = PROJECT / ("requirements.txt" if name == "run" else f"requirements-{name}.txt")
    text = file.read_text(encoding="utf-8")
    found: dict[str, tuple[str, str]] = {}
    for package, version, needed_by in LOCKED.findall(text):
        found[canonicalize_name(package)] = (version, needed_by)
    assert len(found) == text.count("==")  # else one has no hash
    return found


def pins(name: str) -> dict[str, str]:
    return {package: version for package, (version, _needed_by) in locked(name).items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_names_one_exact_version(name: str) -> None:
    exact = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z0-9-]+\])?==[0-9][A-Za-z0-9.]*$")
    assert [line for line in wanted(name).values() if not exact.match(line)] == []


@pytest.mark.parametrize("name", NAMES)
def test_scripts_lock_has_run_since_the_last_change(name: str) -> None:
    """What packages need themselves pip checks: with hashes it installs nothing that is not in the file."""
    for part in included(name):
        versions = {package: line.split("==")[1] for package, line in wanted(part).items()}
        source = f"requirements/{part}.in"
        assert {package: version for package, (version, by) in locked(name).items() if source in by} == versions


def test_the_other_files_take_their_versions_from_what_people_run() -> None:
    """But moto's: it is a server of the tests, in an environment of its own, and needs what the site does not have."""
    run = pins("run")
    others = [(name, package, version) for name in NAMES if name != "moto" for package, version in pins(name).items()]
    assert [each for each in others if run.get(each[1], each[2]) != each[2]] == []


def test_installed_versions_are_the_pinned_ones() -> None:
    pinned = pins("run") | pins("dev")
    assert {name: distribution(name).version for name in pinned} == pinned


@pytest.mark.parametrize("name", pins("run"))
def test_what_people_run_is_free_of_the_gpl(name: str) -> None:
    facts = metadata(name).json
    stated = f"{facts.get('license_expression')} {facts.get('classifier')} {facts.get('license', '')[:80]}"
    assert not re.search(r"\bA?GPL|GNU (Affero )?General Public", stated)


INSIDE_WHEELS = re.compile(r"(?i)(?:^|/)(libgomp|libgfortran|libquadmath|libgcc|libstdc|[^/]*(?<![a-z])gpl)[^/]*$")


def test_gpl_files_inside_wheels_are_listed() -> None:
    """What a package's own licence says nothing of: fonts, run-time libraries of compilers."""
    listed = (PROJECT / "docs" / "licences.md").read_text()
    table = listed[listed.index("Inside wheels") :]
    found = {
        (package.metadata["Name"].lower(), match[1].partition("-")[0])
        for package in distributions()
        for file in package.files or ()
        if (match := INSIDE_WHEELS.search(str(file))) and "dist-info" not in str(file)
    }
    assert {"imagecodecs", "reportlab"} <= {package for package, _file in found}
    assert [pair for pair in sorted(found) if pair[0] not in table or pair[1].lower() not in table.lower()] == []


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
    assert [entry for entry in REPEATED + ONLY_THERE if not (project / "tests" / entry).exists()] == []


def test_what_needs_mariadb_runs_there(project: Path) -> None:
    tests = project / "tests"
    marked = [
        path for path in tests.rglob("test_*.py") if re.search(r"mark\.mariadb\b", path.read_text(encoding="utf-8"))
    ]
    assert len(marked) > 2
    names = {path.relative_to(tests).as_posix() for path in marked}
    assert {name for name in names if not is_repeated(name)} == set(ONLY_THERE)


def test_files_that_begin_first_exist(project: Path) -> None:
    named = [*FIRST, *itertools.chain(*TOGETHER)]
    assert [file for file in named if not (project / file).is_file()] == []


def test_the_readme_names_existing_files() -> None:
    """The table "Where do I find …" is true."""
    table = (PROJECT / "README.md").read_text(encoding="utf-8").partition("### Where do I find")[2]
    named = re.findall(r"`([\w/]+(?:\.\w+|/))`", table)
    assert len(named) > 30
    assert [name for name in named if not (PROJECT / name).exists()] == []
