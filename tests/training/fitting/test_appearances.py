"""The head of readers' words learns what is in the pictures, and its probabilities mean what they say."""

import numpy as np
import pytest

from diagnosis.inference.appearances import COLUMNS
from training.fitting.appearances import AppearanceConfig, ReadPictures, fit_appearances, probabilities

CONFIG = AppearanceConfig()


def pictures(number: int, seed: int, clear: float = 1.0) -> ReadPictures:
    """Two blocks of noise; one feature of each rises with the place among the four."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(4, number, p=(0.4, 0.25, 0.1, 0.25))
    inputs = rng.normal(size=(number, 40)).astype(np.float32) * 10
    inputs[:, 3] += clear * 10 * kinds
    inputs[:, 30] += clear * 10 * (kinds == 2) + 500
    return ReadPictures(inputs, (28, 12), kinds, np.arange(number))


def test_it_finds_them_again():
    head = fit_appearances(pictures(600, 1), CONFIG)
    others = pictures(400, 2)
    found = probabilities(head, others.inputs)
    assert np.mean(found.argmax(axis=1) == others.appearances) > 0.5
    shares = np.bincount(others.appearances, minlength=4) / 400
    np.testing.assert_allclose(found.mean(axis=0), shares, atol=0.05)


def test_where_nothing_is_to_be_seen_it_is_not_sure():
    """Scores of pictures that were learned from would promise what others do not keep."""
    head = fit_appearances(pictures(200, 1, clear=0), CONFIG)
    others = pictures(400, 2, clear=0)
    assert probabilities(head, others.inputs).max(axis=1).mean() < 0.55


def test_all_four_are_needed():
    some = pictures(60, 1)
    with pytest.raises(ValueError, match="typical, indeterminate, atypical, negative"):
        fit_appearances(some.some(np.flatnonzero(some.appearances != COLUMNS.index("atypical"))), CONFIG)
