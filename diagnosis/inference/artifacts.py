"""A model on disk: ``models/<version>/`` with its card, its trained tensors, its built graphs, and their hashes.

Committed:  model_card.json (also the contract), trained.npz (what training changed), golden.json (known answers)
            int8.npz where the version has an int8 graph, and its section in the card
            format 3: lungs.npz, lungs.json, gate.npz and gate.json, whose hashes are in the card
            format 4: appearances.npz too
            format 5: as format 1, with classes of its own in the contract
Built:      model.keras, serving.xml, serving.bin, the int8 graph if this machine has one, from format 3 on lungs.xml
            and lungs.bin, and built.json, which names the SHA-256 of each and the precision that is served here
A version never changes once it is there; ``models/current.json`` names the one that is served.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnosis.errors import ContractMismatch, ModelUnavailable
from diagnosis.findings import CLASS_NAMES, COVID_INDEX, Classes
from diagnosis.inference.contract import IMAGE_SIZE, TWO_VIEWS, Preprocessing
from diagnosis.inference.decision import Decision

CARD = "model_card.json"
TRAINED = "trained.npz"
GOLDEN = "golden.json"
RANGES = "int8.npz"
BUILT = "built.json"
BUILT_FILES = ("model.keras", "serving.xml", "serving.bin")
INT8_FILES = ("serving-int8.xml", "serving-int8.bin")
"""Only where the version has ranges and this machine gave the golden answers with them."""
LUNG_FILES = ("lungs.xml", "lungs.bin")
"""The graph of the lung network, from format 3 on."""
PARTS = ("lungs.npz", "lungs.json", "gate.npz", "gate.json")
"""What format 3 has beside the network: committed, and each with its SHA-256 in the card."""
APPEARANCES = "appearances.npz"
"""What format 4 has beside them."""
CURRENT = "current.json"
ONE_NETWORK, WITH_LUNGS, WITH_APPEARANCES, OWN_CLASSES = 1, 3, 4, 5
"""Versions of this folder's layout: a network of the whole picture; one that also reads the lungs, with a gate; one
that also names what readers would call the picture; a network of the whole picture with the classes of its folders.

Format 2 read the lungs with plain averages of its maps (docs/decisions/0006-opacities-weigh.md); nothing serves it.
"""

VERSION_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True)
class Artifact:
    """One version of the model, read and checked against what this code expects."""

    version: str
    folder: Path
    card: dict[str, Any]
    preprocessing: Preprocessing
    decision: Decision

    @property
    def built_files(self) -> tuple[str, ...]:
        """What every build of it has."""
        return (*BUILT_FILES, *LUNG_FILES) if self.preprocessing.reads_lungs else BUILT_FILES

    @property
    def classes(self) -> Classes:
        """What it tells apart, the leading class first."""
        return classes_of(self.card)

    @property
    def knows_appearances(self) -> bool:
        return bool(self.card["contract"]["format"] == WITH_APPEARANCES)

    @property
    def parts(self) -> tuple[str, ...]:
        """What it has beside the network."""
        if not self.preprocessing.reads_lungs:
            return ()
        return (*PARTS, APPEARANCES) if self.knows_appearances else PARTS

    @property
    def weights_sha256(self) -> str:
        """SHA-256 over every tensor of the network, frozen and trained."""
        return str(self.card["network"]["weights_sha256"])


def read_artifact(models_dir: Path, version: str | None = None) -> Artifact:
    """The named version, or the served one. Raises ModelUnavailable or ContractMismatch; changes nothing."""
    is_served = version is None
    version = version or current_version(models_dir)
    folder = models_dir / checked_version(version)
    card = read_json(folder / CARD)
    try:
        _check_contract(version, card)
        if is_served:
            _check_leading(version, card)
        _check_hash(card["network"]["weights_sha256"])
        return Artifact(
            version=version,
            folder=folder,
            card=card,
            preprocessing=Preprocessing.from_dict(card["contract"]["preprocessing"]),
            decision=Decision.from_dict(card["decision"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"The card of model {version} is damaged: {error!r}.") from error


def current_version(models_dir: Path) -> str:
    """The version that is served. Raises ModelUnavailable when none is chosen."""
    if not (models_dir / CURRENT).is_file():
        raise ModelUnavailable("No model is in use. An administrator chooses one with: manage.py use_model VERSION.")
    return str(read_json(models_dir / CURRENT).get("version", ""))


def set_current_version(models_dir: Path, version: str) -> None:
    """Serve ``version`` from now on; where the file is a link, the file that it leads to is written."""
    _check_leading(version, read_artifact(models_dir, version).card)
    write_json((models_dir / CURRENT).resolve(), {"version": version})


def list_versions(models_dir: Path) -> list[str]:
    """Every version that is there whole: a folder that is still being written has another name."""
    folders = [folder for folder in models_dir.glob("*") if VERSION_NAME.fullmatch(folder.name)]
    return sorted(folder.name for folder in folders if (folder / CARD).is_file())


def check_built(artifact: Artifact) -> None:
    """Raise ModelUnavailable unless the built files are there and are the ones that ``build_model`` wrote."""
    advice = f"Run manage.py build_model --model {artifact.version}."
    if not (artifact.folder / BUILT).is_file():
        raise ModelUnavailable(f"Model {artifact.version} has not been built on this machine. {advice}")
    built = read_json(artifact.folder / BUILT)
    if built.get("weights_sha256") != artifact.weights_sha256:
        raise ModelUnavailable(f"Model {artifact.version} was built from other weights than its card names. {advice}")
    hashes = files if isinstance(files := built.get("files"), dict) else {}
    for name in sorted({*artifact.built_files, *hashes} & {*artifact.built_files, *INT8_FILES}):
        path = artifact.folder / name
        if not path.is_file() or file_sha256(path) != hashes.get(name):
            raise ModelUnavailable(f"{name} of model {artifact.version} is missing or damaged. {advice}")
    check_parts(artifact)


def check_parts(artifact: Artifact) -> None:
    """Raise ModelUnavailable unless lungs, gate and appearances of a version are the ones that its card names."""
    hashes = artifact.card.get("parts")
    for name in artifact.parts:
        path = artifact.folder / name
        if not isinstance(hashes, dict) or not path.is_file() or file_sha256(path) != hashes.get(name):
            raise ModelUnavailable(f"{name} of model {artifact.version} is not the one that its card names.")


def built_precision(folder: Path) -> str:
    """The precision that build_model chose for this machine, "float32" or "int8"."""
    return "int8" if read_json(folder / BUILT).get("precision") == "int8" else "float32"


def write_built(artifact: Artifact, folder: Path, precision: str = "float32", why: str = "") -> None:
    """Move freshly built files from ``folder`` into place; the record of their hashes goes last.

    why: a sentence for people on the choice of the precision.
    """
    always = artifact.built_files
    names = [name for name in (*always, *INT8_FILES) if name in always or (folder / name).is_file()]
    hashes = {name: file_sha256(folder / name) for name in names}
    if folder != artifact.folder:  # a new version is written where it was built
        for name in (BUILT, *INT8_FILES):
            (artifact.folder / name).unlink(missing_ok=True)
        for name in names:
            os.replace(folder / name, artifact.folder / name)
    record = {
        "weights_sha256": artifact.weights_sha256,
        "ranges_sha256": ranges_sha256(artifact),
        "precision": precision,
        "why": why,
        "files": hashes,
    }
    write_json(artifact.folder / BUILT, record)


def is_built_from_these_ranges(artifact: Artifact) -> bool:
    """Whether the int8 ranges are those of the build: they may come to a version after it was built here."""
    return read_json(artifact.folder / BUILT).get("ranges_sha256") == ranges_sha256(artifact)


def ranges_sha256(artifact: Artifact) -> str | None:
    """Of int8.npz; None where the version has none."""
    path = artifact.folder / RANGES
    return file_sha256(path) if path.is_file() else None


@contextmanager
def new_version(models_dir: Path, version: str) -> Iterator[Path]:
    """A temporary folder that becomes ``models/<version>`` when the block ends well, and vanishes when it does not."""
    target = check_new(models_dir, version)
    models_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=models_dir))
    folder.chmod(0o755)
    try:
        yield folder
        os.rename(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_new(models_dir: Path, version: str) -> Path:
    """Where the version will be. Raises FileExistsError when there is one of that name."""
    target = models_dir / checked_version(version)
    if target.exists():
        raise FileExistsError(f"Model version {version} exists already; versions never change. Choose another --name.")
    return target


def checked_version(version: str) -> str:
    """``version`` if it is a plain folder name. Raises ModelUnavailable."""
    if not VERSION_NAME.fullmatch(version):
        raise ModelUnavailable(f"{version!r} is not a model version: use a-z, 0-9, dot, dash and underscore.")
    return version


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write under another name and rename, so that no reader sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnavailable(f"{path.name} of model {path.parent.name} is missing.") from None
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path.name} of model {path.parent.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ModelUnavailable(f"{path.name} of model {path.parent.name} is damaged: it is not an object.")
    return content


def _check_hash(sha256: Any) -> None:
    if not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("weights_sha256 is no SHA-256")


def classes_of(card: dict[str, Any]) -> Classes:
    """Of a card whose contract was checked. Raises ValueError for names that no version may have."""
    contract = card["contract"]
    return Classes(tuple(map(str, contract["class_names"])), contract.get("multi_label") is True)


def _check_leading(version: str, card: dict[str, Any]) -> None:
    """Raise ContractMismatch for a version that answers another question than the pages say."""
    if (leading := classes_of(card).leading) != CLASS_NAMES[COVID_INDEX]:
        raise ContractMismatch(
            f"Model {version} answers {leading} or not. The site's pages say COVID-19, so it is not served; "
            "the commands classify and evaluate_model take it with --model."
        )


def _check_contract(version: str, card: dict[str, Any]) -> None:
    preprocessing = card["contract"]["preprocessing"]
    reads_lungs, size = preprocessing.get("version") == TWO_VIEWS, preprocessing.get("size", IMAGE_SIZE)
    layouts = (WITH_LUNGS, WITH_APPEARANCES) if reads_lungs else (OWN_CLASSES, ONE_NETWORK)
    layout = card["contract"]["format"] if card["contract"]["format"] in layouts else layouts[-1]
    expected = {"format": layout, "image_size": size}
    if layout == OWN_CLASSES:
        _check_own_classes(card)
    else:
        expected |= {"class_names": list(CLASS_NAMES)}
    for name, value in expected.items():
        if card["contract"][name] != value:
            raise ContractMismatch(
                f"Model {version} was made for {name} {card['contract'][name]!r}, and this program has {value!r}."
            )


def _check_own_classes(card: dict[str, Any]) -> None:
    """Raise ValueError or KeyError where classes and their calibration do not fit together."""
    classes, others = classes_of(card), Decision.from_dict(card["decision"]).others
    calibrated = len(classes.others) if classes.is_multi_label else 0
    if others is None or len(others.each) != calibrated:
        raise ValueError("the calibration of the other classes")
