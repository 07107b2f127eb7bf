"""The audit finds a network that looks at the border, and clears one that looks at the lungs."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.estimates import Estimate
from tests.training.judged import COVID, NON_COVID, PLAIN, image
from tests.training.radiographs import chest, person
from training.data.dataset import Sample
from training.evaluation.shortcuts import (
    ShortcutAudit,
    SizeShift,
    audit_shortcuts,
    balanced,
    blank_centre,
    border_only,
    explain,
    size_shift,
    small_copy,
)


def at(value: float) -> Estimate:
    return Estimate(value, value, value)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """60 people. COVID: a white corner label and, as a "disease", a brighter middle; some noise in both."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    found = []
    for number in range(60):
        label = number % 2
        pixels = np.asarray(person(number)).copy()
        if (label == COVID) ^ (rng.random() < 0.15):
            pixels[4:24, 4:44] = 255
        if (label == COVID) ^ (rng.random() < 0.15):
            pixels[150:230, 100:220] = np.minimum(pixels[150:230, 100:220].astype(int) + 80, 255)
        path = folder / f"{number}.png"
        Image.fromarray(pixels).save(path)
        found.append(image(path.name, label, path=path))
    return found


def looks_at_the_label(pictures: list[np.ndarray]) -> np.ndarray:
    return np.array([pixels[4:24, 4:44].mean() / 255 for pixels in pictures])


def looks_at_the_lungs(pictures: list[np.ndarray]) -> np.ndarray:
    return np.array([pixels[150:230, 100:220].mean() / 255 for pixels in pictures])


def thumbnails(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(pixels).resize((16, 16)), float).ravel() for pixels in pictures])


def audit(samples: list[Sample], predict, **options) -> ShortcutAudit:
    return audit_shortcuts(samples[:30], samples[30:], predict, thumbnails, PLAIN, images=30, **options)


def test_a_label_reader_needs_no_lungs(samples):
    """A network that looks at a label keeps its auc without lungs."""
    found = audit(samples, looks_at_the_label)
    assert found.border is not None
    assert found.without_centre is not None
    assert found.border.value > 0.7
    assert found.without_centre.value > 0.7
    assert "takes much of its answer from where there is no lung" in explain(found) or "a part of" in explain(found)


def test_a_lung_reader_needs_the_lungs(samples):
    """A network that looks at the lungs knows nothing without them."""
    found = audit(samples, looks_at_the_lungs)
    assert found.whole is not None
    assert found.border is not None
    assert found.whole.value > 0.7
    assert found.border.value == 0.5
    assert "Without the lungs the model knows next to nothing" in explain(found)


def test_the_probe_measures_the_data(samples):
    """The probe shows what the data give away whatever the network does."""
    found = audit(samples, looks_at_the_lungs)
    assert found.border_probe is not None
    assert found.border_probe.value > 0.7


def test_progress_reaches_its_end(samples):
    seen: list[tuple[int, int]] = []
    audit(samples, looks_at_the_lungs, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]


def test_masks_change_no_original():
    pixels = np.full((100, 200), 200, np.uint8)
    border = border_only(pixels, 0.1)
    assert (border[:10] == 200).all()
    assert (border[:, :20] == 200).all()
    assert (border[10:90, 20:180] == 0).all()
    centre = blank_centre(pixels, 0.5)
    assert (centre[25:75, 50:150] == 0).all()
    assert centre.mean() == pytest.approx(200 * 0.75)
    assert (pixels == 200).all()


def test_the_audit_is_balanced():
    samples = [image(f"{i}", COVID if i < 5 else NON_COVID) for i in range(50)]
    chosen = balanced(samples, 20)
    assert [sample.label for sample in chosen] == [COVID] * 5 + [NON_COVID] * 5
    assert balanced(samples, 20) == chosen


def test_size_shift_uses_the_240_pixel_copy(tmp_path: Path):
    """A "network" that knows the width of the image: 0.9 for the original, 0.1 for its copy."""
    path = tmp_path / "large.png"
    chest().resize((1000, 1200)).save(path)
    shift = size_shift([path], lambda pictures: np.array([0.9 if p.shape[1] == 1000 else 0.1 for p in pictures]), PLAIN)
    assert (shift.images, shift.answers_changed) == (1, 1)
    assert (shift.mean_change, shift.mean_absolute_change, shift.largest_change) == pytest.approx((-0.8, 0.8, -0.8))


def test_a_small_copy_has_its_longest_side_at_240():
    assert small_copy(np.asarray(chest().resize((1000, 1200)))).shape == (240, 200)


def test_the_sentences_say_what_the_figures_say():
    bad = ShortcutAudit(100, at(0.98), at(0.9), at(0.85), at(0.93), SizeShift(3, 0.0, 0.01, 0.02, 0))
    assert "gives the class away (AUC 0.93)" in explain(bad)
    assert "takes much of its answer from where there is no lung" in explain(bad)
    fair = ShortcutAudit(100, at(0.9), at(0.55), at(0.52), at(0.55), None)
    assert "says next to nothing about the class (AUC 0.55)" in explain(fair)
    assert "was not measured" in explain(fair)


def test_an_auc_far_below_chance_is_no_innocence():
    assert "takes much" in explain(ShortcutAudit(100, at(0.9), at(0.1), at(0.5), at(0.5), None))


def test_the_audit_is_json_with_its_meaning(samples):
    tree = audit(samples, looks_at_the_lungs).as_dict()
    assert tree["meaning"]
    assert tree["size_shift"] is None
    assert tree["border"]["value"] == 0.5
