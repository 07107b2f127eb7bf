"""A run of `general` from folders to a version, on made-up people, with toys in place of backbone, lungs and gate."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from django.core.management import call_command

from diagnosis.findings import CLASS_NAMES
from diagnosis.inference.artifacts import CARD, RANGES, read_artifact, read_json
from diagnosis.inference.lungs import SIDE, read_lung_fields
from tests.training.radiographs import write_people
from tests.training.toy_network import toy_backbone
from tests.two_views import write_parts
from training.fitting.features import frozen_graph
from training.fitting.general import GeneralConfig
from training.general_runner import preparation
from training.general_runner.plan import HEAD, GeneralPlan
from training.general_runner.running import train_general, train_without
from training.network.discriminant import DiscriminantConfig
from training.network.opacity import OpacityConfig
from training.network.two_views import frozen_maps
from training.progress import Progress
from training.publishing.int8 import learn_ranges, save_ranges

CONFIG = GeneralConfig(
    DiscriminantConfig(augmented_images=4, source_power=0.25, augmentation_weight=0.4),
    opacity=OpacityConfig(passes=1, batch=4),
    held_back=0.4,
    handled=3,
)


def lung_fields(pixels: np.ndarray) -> object:
    """Two lungs in the same place, whatever the picture."""
    probability = np.zeros((SIDE, SIDE), np.float32)
    probability[20:75, 18:42] = probability[20:75, 54:78] = 1
    return read_lung_fields(probability)


def write_folders(root: Path) -> None:
    """cxr/Train and cxr/Test with both classes, one source each; readings with boxes. Two of Test's were read, too."""
    lines, first = ["file,source,reading"], 0
    for part, number in (("Train", 22), ("Test", 2)):
        for name in CLASS_NAMES:
            people = range(first, first + number)
            write_people(root / "cxr" / part / name, people)
            read = ("negative", "typical") if (part, name) == ("Test", "COVID") else ("",) * number
            lines += [
                f"{part}/{name}/person-{one:03}.jpg,{name},{seen}" for one, seen in zip(people, read, strict=True)
            ]
            first += number
    (root / "cxr" / "manifest.csv").write_text("\n".join(lines))
    lines = ["file,reading,source,patient,boxes"]
    for reading, number in (("typical", 12), ("indeterminate", 8), ("atypical", 8), ("negative", 12)):
        write_people(root / "readings" / reading, people := range(first, first + number))
        box = "" if reading == "negative" else "0.3 0.3 0.5 0.6"
        lines += [f"{reading}/person-{one:03}.jpg,{reading},siim,{one},{box}" for one in people]
        first += number
    (root / "readings" / "manifest.csv").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> GeneralPlan:
    root = tmp_path_factory.mktemp("general")
    write_folders(root)
    parts = write_parts(root / "parts")
    graph = frozen_graph(frozen_maps(toy_backbone("", 224), HEAD), root)
    images = np.random.default_rng(0).uniform(0, 255, (2, 224, 224, 3)).astype(np.float32)
    save_ranges(parts / RANGES, learn_ranges(graph, [images]))
    return GeneralPlan(root / "cxr", root / "readings", parts, root / "models", "toy", root / "cache", config=CONFIG)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "build_backbone", toy_backbone)
    monkeypatch.setattr(preparation, "lung_network", toy_lungs)


def toy_lungs(plan: GeneralPlan) -> SimpleNamespace:
    plan.work.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(find=lung_fields)


@pytest.mark.slow
def test_one_run_makes_a_version_and_another_one_computes_nothing_again(
    plan: GeneralPlan, toys: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with Progress() as progress:
        folder = train_general(plan, progress)
    card = read_json(folder / CARD)
    artifact = read_artifact(plan.output, "toy")
    assert artifact.knows_appearances
    assert artifact.parts[-1] in card["parts"]
    slugs = [section["slug"] for section in card["sections"]]
    assert slugs == ["left-out", "opacities", "appearances", "gate", "steadiness", "clear-films", "test"]
    assert {row[0] for row in card["sections"][0]["table"]["rows"]} == {*CLASS_NAMES, "siim"}
    assert card["figures"]["parts"]["test"]["images"] == card["int8"]["parts"]["test"]["images"] == 4
    assert "in which readers saw nothing" in card["shortcut_audit"]["meaning"]

    monkeypatch.setattr(preparation, "compiled_runner", lambda *_: pytest.fail("a feature was computed again"))
    with Progress() as progress:
        (row,) = train_without(plan, "COVID", progress)
        with pytest.raises(ValueError, match="no source 'elsewhere' to leave out; there are COVID, Non-COVID, siim"):
            train_without(plan, "elsewhere", progress)
        with pytest.raises(FileExistsError, match="exists already"):
            train_general(replace(plan, data=Path("nowhere")), progress)
    assert not plan.work.exists(), "nothing to go on with"
    folders = {"data": plan.data, "readings": plan.readings, "parts": plan.parts, "cache": plan.cache}
    call_command("train_resnet152", preset="general", output=plan.output, name="never", dry_run=True, **folders)
    said = capsys.readouterr().err
    assert "Dry run: nothing was trained." in said
    assert not (plan.output / "never").exists()
    assert "train, COVID: 22 (COVID 22)" in said
    assert "readings, typical: 12" in said
    assert "views (those whose features are kept already cost nothing)" in said
    assert (row["source"], row["pictures"]) == ("COVID", 22)
