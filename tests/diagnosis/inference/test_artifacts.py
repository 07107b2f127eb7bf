"""A model's folder: every fault is a sentence, changes nothing and is over when the folder is repaired."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnosis.errors import ContractMismatch, ModelUnavailable
from diagnosis.inference import artifacts
from diagnosis.inference.artifacts import (
    BUILT_FILES,
    check_built,
    current_version,
    file_sha256,
    list_versions,
    new_version,
    read_artifact,
    set_current_version,
    write_built,
    write_json,
)
from tests.toy import write_toy_model

VERSION = "toy-1"
Fault = Callable[[Path], None]
ABSENT = object()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models with one good version, which is served."""
    write_toy_model(tmp_path / "models", VERSION)
    return tmp_path / "models"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def card_with(value: Any, *keys: str) -> Fault:
    """The card with one value changed, or taken out."""

    def change(folder: Path) -> None:
        card = json.loads((folder / "model_card.json").read_text())
        part = card
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = value
        if value is ABSENT:
            del part[keys[-1]]
        (folder / "model_card.json").write_text(json.dumps(card))

    return change


def written(name: str, content: str | bytes) -> Fault:
    """A file with other content."""

    def write(folder: Path) -> None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def cut(name: str) -> Fault:
    """The first half of a file."""
    return lambda folder: written(name, (folder / name).read_bytes()[: (folder / name).stat().st_size // 2])(folder)


def gone(name: str) -> Fault:
    return lambda folder: (folder / name).unlink()


CARD_FAULTS: dict[str, tuple[Fault, str]] = {
    "missing folder": (shutil.rmtree, r"model_card\.json of model toy-1 is missing"),
    "missing card": (gone("model_card.json"), r"model_card\.json of model toy-1 is missing"),
    "cut card": (cut("model_card.json"), r"model_card\.json of model toy-1 cannot be read"),
    "no JSON": (written("model_card.json", "\x00"), "cannot be read"),
    "no UTF-8": (written("model_card.json", b'{"a": "\xff"}'), "cannot be read"),
    "a list": (written("model_card.json", "[1, 2]"), "is damaged"),
    "an empty object": (written("model_card.json", "{}"), "card of model toy-1 is damaged"),
    "no contract": (card_with([], "contract"), "is damaged"),
    "no decision": (card_with(ABSENT, "decision"), "is damaged"),
    "no network": (card_with(ABSENT, "network"), "is damaged"),
    "no hash": (card_with(None, "network", "weights_sha256"), "is damaged"),
    "a hash of something else": (card_with("ab", "network", "weights_sha256"), "is damaged"),
    "a calibration upside down": (card_with(-1.0, "decision", "calibration", "slope"), "is damaged"),
    "a calibration of text": (card_with("steep", "decision", "calibration", "slope"), "is damaged"),
    "a band beside its point": (card_with(0.9, "decision", "rule", "indeterminate_low"), "is damaged"),
    "a point that is no number": (card_with(float("nan"), "decision", "rule", "operating_point"), "is damaged"),
    "a rule of another kind": (card_with({"threshold": 0.5}, "decision", "rule"), "is damaged"),
    "no colour scale": (card_with(0, "decision", "evidence_scale"), "is damaged"),
    "an endless colour scale": (card_with(float("inf"), "decision", "evidence_scale"), "is damaged"),
}
CONTRACT_FAULTS: dict[str, tuple[Fault, str]] = {
    "classes the other way round": (
        card_with(["Non-COVID", "COVID"], "contract", "class_names"),
        r"class_names \['Non-COVID', 'COVID'\]",
    ),
    "another class": (card_with(["COVID", "Non-COVID", "Pneumonia"], "contract", "class_names"), "class_names"),
    "another input size": (card_with(299, "contract", "image_size"), "image_size 299, and this program has 224"),
    "another layout": (card_with(2, "contract", "format"), "format 2, and this program has 1"),
    "preprocessing unknown here": (card_with(True, "contract", "preprocessing", "crop"), "crop"),
    "newer preprocessing": (card_with(3, "contract", "preprocessing", "version"), "preprocessing version 3"),
}
BUILT_FAULTS: dict[str, tuple[Fault, str]] = {
    "never built": (gone("built.json"), "has not been built on this machine"),
    "cut record": (cut("built.json"), r"built\.json of model toy-1 cannot be read"),
    "a record of nothing": (written("built.json", '{"files": []}'), "was built from other weights"),
    "other weights": (card_with("cd" * 32, "network", "weights_sha256"), "was built from other weights"),
    "a record without hashes": (
        written("built.json", json.dumps({"weights_sha256": "ab" * 32, "files": ["serving.xml"]})),
        r"model\.keras of model toy-1 is missing or damaged",
    ),
    **{f"missing {name}": (gone(name), f"{name} of model toy-1 is missing or damaged") for name in BUILT_FILES},
    **{f"cut {name}": (cut(name), f"{name} of model toy-1 is missing or damaged") for name in BUILT_FILES},
    **{
        f"swapped {name}": (written(name, "something else"), f"{name} of model toy-1 is missing or damaged")
        for name in BUILT_FILES
    },
}


def assert_refused(models: Path, fault: Fault, message: str, error: type[ModelUnavailable] = ModelUnavailable) -> None:
    """The fault is named, nothing is changed by finding it, and the repaired folder is good at once."""
    shutil.copytree(models / VERSION, models.parent / "whole")
    fault(models / VERSION)
    before = contents(models)
    with pytest.raises(error, match=message):
        check_built(read_artifact(models))
    assert contents(models) == before
    shutil.rmtree(models / VERSION, ignore_errors=True)
    (models.parent / "whole").rename(models / VERSION)
    check_built(read_artifact(models))


@pytest.mark.parametrize("fault", CARD_FAULTS)
def test_a_damaged_card_is_refused(models, fault):
    assert_refused(models, *CARD_FAULTS[fault])


@pytest.mark.parametrize("fault", CONTRACT_FAULTS)
def test_a_model_for_another_program_is_refused(models, fault):
    assert_refused(models, *CONTRACT_FAULTS[fault], ContractMismatch)


@pytest.mark.parametrize("fault", BUILT_FAULTS)
def test_foreign_built_files_are_refused(models, fault):
    """Built files that are not those of the build are refused with what to do."""
    assert_refused(models, *BUILT_FAULTS[fault])
    BUILT_FAULTS[fault][0](models / VERSION)
    if fault != "cut record":
        with pytest.raises(ModelUnavailable, match=r"manage\.py build_model --model toy-1"):
            check_built(read_artifact(models))


def test_one_changed_byte_is_enough(models):
    path = models / VERSION / "serving.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelUnavailable, match=r"serving\.bin of model toy-1 is missing or damaged"):
        check_built(read_artifact(models))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No model is in use.*use_model"),
        ("", r"current\.json .* cannot be read"),
        ('{"version": "toy', r"current\.json .* cannot be read"),
        ("[]", "is damaged"),
        ("{}", "is not a model version"),
        ('{"version": null}', "is not a model version|is missing"),
        ('{"version": "toy-9"}', "of model toy-9 is missing"),
        ('{"version": "../models/toy-1"}', "is not a model version"),
        ('{"version": "/etc"}', "is not a model version"),
    ],
)
def test_a_senseless_choice_is_refused(models, content, message):
    (models / "current.json").unlink()
    if content is not None:
        (models / "current.json").write_text(content)
    with pytest.raises(ModelUnavailable, match=message):
        read_artifact(models)
    read_artifact(models, VERSION)  # named outright it can be read


def test_no_folder_no_model_in_use(tmp_path):
    with pytest.raises(ModelUnavailable, match="No model is in use"):
        read_artifact(tmp_path / "nowhere")
    assert list_versions(tmp_path / "nowhere") == []


def test_only_a_version_that_can_be_read_is_chosen(models):
    write_json(models / VERSION / "model_card.json", {})
    with pytest.raises(ModelUnavailable):
        set_current_version(models, VERSION)
    assert current_version(models) == VERSION


def test_unfinished_folders_are_no_versions(models):
    shutil.copytree(models / VERSION, models / ".toy-2-x7f3")
    (models / "notes").mkdir()
    assert list_versions(models) == [VERSION]


def test_a_new_version_appears_whole(tmp_path):
    with new_version(tmp_path / "models", "toy-2") as folder:
        (folder / "model_card.json").write_text("{}")
        assert not (tmp_path / "models" / "toy-2").exists()
    assert contents(tmp_path / "models") == {Path("toy-2/model_card.json"): b"{}"}
    assert (tmp_path / "models" / "toy-2").stat().st_mode & 0o777 == 0o755


def begin_version(models: Path, version: str, end: Callable[[], None]) -> None:
    with new_version(models, version) as folder:
        (folder / "model_card.json").write_text("{}")
        end()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_unfinished_version_is_removed(models, error):
    def fail() -> None:
        raise error

    before = contents(models)
    with pytest.raises(error):
        begin_version(models, "toy-2", fail)
    assert contents(models) == before
    assert [path.name for path in models.iterdir() if path.is_dir()] == [VERSION]


def test_a_version_is_never_replaced(models):
    before = contents(models)
    with pytest.raises(FileExistsError, match="versions never change"):
        begin_version(models, VERSION, lambda: None)
    with pytest.raises(OSError, match="not empty"):  # another run of the same name was quicker
        begin_version(models, "toy-2", lambda: shutil.copytree(models / VERSION, models / "toy-2") and None)
    assert contents(models / "toy-2") == contents(models / VERSION)
    assert {path: content for path, content in contents(models).items() if path.parts[0] != "toy-2"} == before


NO_NAMES = ["../toy-1", "toy-1/", "/var/toy", ".", "..", "Toy", "a b", "a\x00b", "é", "a" * 64]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_version_s_name_is_a_plain_folder_name(models, name):
    with pytest.raises(ModelUnavailable, match="is not a model version"):
        read_artifact(models, name)
    with pytest.raises(ModelUnavailable, match="is not a model version"):
        begin_version(models, name, lambda: None)


def test_a_rebuild_is_recorded_last(models, tmp_path, monkeypatch):
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    for name in BUILT_FILES:
        (fresh / name).write_text(f"new {name}")

    def interrupt(path: Path, content: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    artifact = read_artifact(models)
    monkeypatch.setattr(artifacts, "write_json", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_built(artifact, fresh)
    with pytest.raises(ModelUnavailable, match="has not been built"):
        check_built(artifact)


def test_an_incomplete_build_replaces_nothing(models, tmp_path):
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "model.keras").write_text("new")
    with pytest.raises(FileNotFoundError):
        write_built(read_artifact(models), tmp_path / "fresh")
    check_built(read_artifact(models))


def test_a_record_is_never_seen_half_written(models, monkeypatch):
    monkeypatch.setattr(Path, "write_text", interrupted_write)
    before = (models / "current.json").read_bytes()
    with pytest.raises(OSError, match="No space"):
        write_json(models / "current.json", {"version": "toy-2"})
    assert (models / "current.json").read_bytes() == before


def interrupted_write(path: Path, content: str, **_: Any) -> int:
    path.write_bytes(content[:2].encode())
    raise OSError(28, "No space left on device")


def test_a_hash_is_of_the_whole_file(tmp_path):
    (tmp_path / "large").write_bytes(bytes(300_000))
    assert file_sha256(tmp_path / "large") == "886715e4051e827f4fe215df3053af3f85ad0d352db2c829c7487af6d78efe30"
