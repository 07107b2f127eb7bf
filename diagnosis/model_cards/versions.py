"""The versions of the model for people: which there are, which one answers, and the card of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import (
    BUILT,
    BUILT_FILES,
    CARD,
    VERSION_NAME,
    current_version,
    list_versions,
    read_artifact,
    read_json,
)
from diagnosis.inference.serving import loaded_version
from diagnosis.model_cards.values import Value, printable
from diagnosis.model_cards.words import PLOTS
from diagnosis.models import ModelVersion


@dataclass(frozen=True)
class Version:
    """One version. `card` is None where the file cannot be read, and `problem` says why."""

    name: str
    is_served: bool
    is_built: bool
    is_here: bool
    card: Value | None
    problem: str = ""

    @property
    def weights_sha256(self) -> str:
        return (Value(self.card.raw)["network"]["weights_sha256"].text() if self.card else None) or ""

    @property
    def plots(self) -> list[str]:
        """Names of the plots that are in its folder."""
        return [name for name in PLOTS if plot_path(self.name, name)]


@dataclass(frozen=True)
class ModelInUse:
    """What answers an upload now: the version, or the sentence that says why none does."""

    version: str | None
    problem: str = ""


def model_in_use() -> ModelInUse:
    """Found without loading the model or reading its large files: a damaged one is found out at the first upload."""
    if version := loaded_version():
        return ModelInUse(version)
    try:
        artifact = read_artifact(settings.MODELS_DIR)
    except ModelUnavailable as error:
        return ModelInUse(None, printable(str(error)))
    except (OSError, RecursionError):
        return ModelInUse(None, "The folder of models cannot be read.")
    if not _is_built(artifact.folder, artifact.weights_sha256):
        advice = f"Run manage.py build_model --model {artifact.version}."
        return ModelInUse(None, f"Model {artifact.version} has not been built on this machine. {advice}")
    return ModelInUse(artifact.version)


def versions() -> list[Version]:
    """Every version that has a folder with a card, the served one first, then by name."""
    served = served_version()
    names = [name for name in list_versions(settings.MODELS_DIR) if VERSION_NAME.fullmatch(name)]
    return [_in_folder(name, served) for name in sorted(names, key=lambda name: (name != served, name))]


def find_version(name: str) -> Version | None:
    """The version of that name: from its folder, or, where that is gone, as it was when it last answered here."""
    if not VERSION_NAME.fullmatch(name):
        return None
    served = served_version()
    if (settings.MODELS_DIR / name / CARD).is_file():
        return _in_folder(name, served)
    row = ModelVersion.objects.filter(version=name).first()
    if row is None:
        return None
    card = Value(row.card if isinstance(row.card, dict) else {})
    return Version(name, is_served=name == served, is_built=False, is_here=False, card=card)


def served_version() -> str | None:
    """The version that was chosen, which each process takes up at its next radiograph; else the one that answers.

    A process goes on with its version where the chosen one is not built.
    """
    try:
        chosen = current_version(settings.MODELS_DIR)
    except (ModelUnavailable, OSError, RecursionError):
        return loaded_version()
    return chosen if _in_folder(chosen, chosen).is_built else loaded_version() or chosen


def plot_path(version: str, name: str) -> Path | None:
    """The SVG of a plot. Both names come from an address: only the plots that training draws are ever handed out."""
    if name not in PLOTS or not VERSION_NAME.fullmatch(version):
        return None
    path = Path(settings.MODELS_DIR) / version / f"{name}.svg"
    return path if path.is_file() and not path.is_symlink() else None


def _in_folder(name: str, served: str | None) -> Version:
    folder = Path(settings.MODELS_DIR) / name
    card, problem = None, ""
    try:
        card = Value(read_json(folder / CARD))
    except ModelUnavailable as error:
        problem = printable(str(error))
    except RecursionError:
        problem = f"{CARD} of model {name} is nested too deeply to be read."
    version = Version(name, is_served=name == served, is_built=False, is_here=True, card=card, problem=problem)
    if not _is_built(folder, version.weights_sha256):
        return version
    return Version(name, is_served=version.is_served, is_built=True, is_here=True, card=card, problem=problem)


def _is_built(folder: Path, weights_sha256: str) -> bool:
    """Whether build_model has been here for these weights. The hashes of the large files are checked at loading."""
    try:
        built = read_json(folder / BUILT)
    except (ModelUnavailable, RecursionError):
        return False
    return built.get("weights_sha256") == weights_sha256 and all((folder / name).is_file() for name in BUILT_FILES)
