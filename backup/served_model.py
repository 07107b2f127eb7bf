"""The files of the served model version: those that are committed, not the graphs that are built of them."""

from __future__ import annotations

from pathlib import Path

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import BUILT, BUILT_FILES, CURRENT, INT8_FILES, checked_version, current_version

# Built again from the others by `build_model`; or pictures of the radiographs that a version was trained on.
_LEFT_OUT = {BUILT, *BUILT_FILES, *INT8_FILES}
_PICTURES = "worst_errors"


def served_version(models_dir: Path) -> str:
    """The version in use, or nothing."""
    try:
        version = checked_version(current_version(models_dir))
    except ModelUnavailable:
        return ""
    return version if (models_dir / version).is_dir() else ""


def model_files(models_dir: Path, version: str) -> list[Path]:
    """current.json and the version's own files."""
    if not version:
        return []
    own = [path for path in sorted((models_dir / version).iterdir()) if path.is_file() and _is_kept(path.name)]
    return [models_dir / CURRENT, *own]


def _is_kept(name: str) -> bool:
    return name not in _LEFT_OUT and not name.startswith((".", _PICTURES))
