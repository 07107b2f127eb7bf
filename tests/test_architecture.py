"""Which part may import which, read from the source and, for the running site, seen in a real process."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "audit", "backup", "covidxray", "diagnosis", "operations", "training")
LONGEST_FILE = 400

# room: what its modules must not import
FORBIDDEN = {
    "diagnosis": {"training", "backup", "operations"},
    "accounts": {"diagnosis", "training", "backup"},
    "audit": {"diagnosis", "training", "covidxray", "backup"},
    "backup": {"training", "operations"},
    "operations": {"training", "backup"},
    "audit/models.py": {"accounts"},
    "audit/services.py": {"accounts"},
    "diagnosis/inference/contract.py": {"django"},
    "diagnosis/errors.py": {"django"},
    "diagnosis/imaging/radiograph.py": {"django"},
    "diagnosis/inference/preprocessing.py": {"django"},
    "diagnosis/inference/gate.py": {"django"},
    "diagnosis/inference/artifacts.py": {"diagnosis.models", "django.db"},
    "diagnosis/inference/engines.py": {"diagnosis.models", "django.db"},
    "diagnosis/inference/serving.py": {"diagnosis.models", "django.db"},
    "training/evaluation/metrics.py": {"diagnosis.models", "django"},
}


def source_files(room: str) -> list[Path]:
    path = PROJECT / room
    return [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))


def imported_modules(file: Path) -> Iterator[str]:
    """Every module that a file imports anywhere in it, absolute; `from a import b` counts as a and as a.b."""
    package = file.relative_to(PROJECT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*parents, *filter(None, [node.module])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_in_the_allowed_direction(room: str) -> None:
    trespasses = {
        f"{file.relative_to(PROJECT)} imports {module}"
        for file in source_files(room)
        for module in imported_modules(file)
        if any(is_within(module, package) for package in FORBIDDEN[room])
    }
    assert not trespasses


def test_the_running_site_never_loads_tensorflow_or_keras() -> None:
    site = (
        "import sys, covidxray.wsgi, django.urls\n"
        "django.urls.get_resolver().url_patterns\n"
        "import diagnosis.inference.serving, diagnosis.uploads.services, diagnosis.results.views\n"
        "unwanted = ('tensorflow.', 'keras.', 'training.')\n"
        "print(*sorted(name for name in sys.modules if name.startswith(unwanted) and name != 'training.apps'))"
    )
    result = subprocess.run([sys.executable, "-c", site], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.split()) == (0, []), result.stderr


@pytest.mark.parametrize("room", [*APPS, "manage.py"])
def test_nothing_needs_the_benchmark(room: str) -> None:
    assert not {
        file for file in source_files(room) if any(is_within(module, "bench") for module in imported_modules(file))
    }


@pytest.mark.parametrize("folder", [*APPS, "bench", "tests", "scripts"])
def test_files_are_short_enough_to_read(folder: str) -> None:
    too_long = {
        f"{file.relative_to(PROJECT)}: {lines} lines"
        for file in source_files(folder)
        if "migrations" not in file.parts
        and (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not too_long
