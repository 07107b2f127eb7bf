"""The head of readers' words: what it reads of a picture, and what it refuses to be."""

from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import Appearance
from diagnosis.inference.appearances import AppearanceHead, head_inputs

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(2, 9)).astype(np.float32)
QUARTERS = RNG.normal(size=(2, 2, 8)).astype(np.float32)
OPACITY = RNG.uniform(0, 1, (14, 14)).astype(np.float32)
WIDTH = 9 + 9 + 4 * 8 + 7 * 4 * 2


def head(width: int = WIDTH) -> AppearanceHead:
    return AppearanceHead(RNG.normal(size=(width, 4)).astype(np.float32), np.zeros(4, np.float32))


def test_four_probabilities_in_the_order_of_the_page():
    found = head().findings(FEATURES, QUARTERS, OPACITY)
    assert [one.name for one in found] == ["typical", "indeterminate", "atypical", "negative"]
    assert sum(one.probability for one in found) == pytest.approx(1)


def test_the_largest_weight_names_it():
    atypical = AppearanceHead(np.zeros((WIDTH, 4), np.float32), np.array([0, 0, 5, 0], np.float32))
    found = {one.name: one.probability for one in atypical.findings(FEATURES, QUARTERS, OPACITY)}
    assert found[Appearance.ATYPICAL] > 0.9


def test_left_and_right_are_alike():
    as_it_is = head_inputs(FEATURES[None], QUARTERS[None], OPACITY[None])
    mirrored = head_inputs(FEATURES[None], QUARTERS[None, :, ::-1], OPACITY[None, :, ::-1])
    for one, other in zip(as_it_is, mirrored, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_one_ill_side_is_not_two():
    one_side = np.full((1, 14, 14), 0.1)
    one_side[:, 4:8, 1:5] = 0.9
    two_sides = np.maximum(one_side, one_side[:, :, ::-1])
    one, two = (head_inputs(FEATURES[None], QUARTERS[None], each)[-1] for each in (one_side, two_sides))
    assert np.abs(one[0, 28:]).max() > 1
    assert np.abs(two[0, 28:]).max() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        None,
        {"weights": np.zeros((5, 3)), "bias": np.zeros(3)},
        {"weights": np.zeros((5, 4))},
    ],
    ids=["rubbish", "missing", "three columns", "half of it"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content):
    if isinstance(content, bytes):
        (tmp_path / "appearances.npz").write_bytes(content)
    elif content is not None:
        np.savez(tmp_path / "appearances.npz", **content)
    with pytest.raises(ModelUnavailable, match=r"appearances\.npz"):
        AppearanceHead.read(tmp_path)


def test_a_head_of_another_network_is_refused():
    with pytest.raises(ModelUnavailable, match="another network"):
        head(WIDTH + 1).findings(FEATURES, QUARTERS, OPACITY)
