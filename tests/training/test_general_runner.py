"""A run of `general` from folders to a network, on made-up people, a toy backbone and lungs in the same place."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from diagnosis.findings import CLASS_NAMES
from diagnosis.inference.lungs import SIDE, read_lung_fields
from tests.training.radiographs import write_people
from tests.training.toy_network import toy_backbone
from training import general_runner
from training.fitting.general import GeneralConfig, fit_general
from training.fitting.general_features import COPIES
from training.general_runner import GeneralPlan, opacities, prepare
from training.network.discriminant import DiscriminantConfig
from training.network.opacity import OpacityConfig
from training.progress import Progress

CONFIG = GeneralConfig(
    DiscriminantConfig(augmented_images=4, source_power=0.25, augmentation_weight=0.4),
    opacity=OpacityConfig(passes=1, batch=4),
    held_back=0.4,
)


def lung_fields(pixels: np.ndarray) -> object:
    """Two lungs in the same place, whatever the picture."""
    probability = np.zeros((SIDE, SIDE), np.float32)
    probability[20:75, 18:42] = probability[20:75, 54:78] = 1
    return read_lung_fields(probability)


def write_folders(root: Path) -> None:
    """cxr/Train and cxr/Test with both classes from two sources each; readings with boxes."""
    lines, first = ["file,source"], 0
    for part, number in (("Train", 8), ("Test", 1)):
        for name in CLASS_NAMES:
            write_people(root / "cxr" / part / name, range(first, first + number))
            people = range(first, first + number)
            lines += [f"{part}/{name}/person-{one:03}.jpg,{name}-{one % 2}" for one in people]
            first += number
    (root / "cxr" / "manifest.csv").write_text("\n".join(lines))
    lines = ["file,reading,source,patient,boxes"]
    for reading, box in (("typical", "0.3 0.3 0.5 0.6"), ("negative", "")):
        write_people(root / "readings" / reading, range(first, first + 8))
        lines += [f"{reading}/person-{one:03}.jpg,{reading},siim,{one},{box}" for one in range(first, first + 8)]
        first += 8
    (root / "readings" / "manifest.csv").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> GeneralPlan:
    root = tmp_path_factory.mktemp("general")
    write_folders(root)
    return GeneralPlan(root / "cxr", root / "readings", root, root / "models", "toy", root / "cache", config=CONFIG)


def test_from_folders_to_heads_and_opacities(plan: GeneralPlan, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(general_runner, "build_backbone", toy_backbone)
    monkeypatch.setattr(general_runner, "lung_network", lambda plan: SimpleNamespace(find=lung_fields))
    with Progress() as progress:
        prepared = prepare(plan, progress)
    assert len(prepared.features.whole) == len(prepared.gathered.learned)
    assert prepared.features.changes is not None
    assert prepared.features.changed is not None
    assert len(prepared.features.changes[0]) == len(prepared.features.changed)
    assert len(prepared.features.changed) % len(COPIES) == 0
    assert set(prepared.cells.learned) | set(prepared.cells.held_back) <= set(range(16))
    found = fit_general(prepared.features, prepared.pictures, plan.config)
    assert {one.source for one in found.left_out} >= {"siim", f"{CLASS_NAMES[0]}-0"}
    scores, sections = opacities(prepared)
    assert len(scores.means) == len(prepared.cells.held_back)
    assert len(sections) == 1
