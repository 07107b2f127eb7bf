"""Domain randomisation: every view differs, none is unrecognisable, and each can be drawn again."""

import numpy as np
import pytest

from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from training.data.randomisation import CHANGES, between_whole_and, cut, randomised, rng_of

LUNGS = Box(0.2, 0.2, 0.8, 0.8)


def radiograph() -> np.ndarray:
    rows, cols = np.mgrid[0:200, 0:240] / 200
    return np.rint(120 + 80 * np.sin(5 * rows) * np.cos(4 * cols)).astype(np.uint8)


def test_the_same_view_again():
    one, other = (randomised(radiograph(), LUNGS, rng_of("key", 3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert (one.shape, one.dtype) == ((224, 224), np.uint8)


def test_views_differ():
    views = [randomised(radiograph(), WHOLE_PICTURE, rng_of("key", number)) for number in range(6)]
    assert len({view.tobytes() for view in views}) == 6
    assert all(view.std() > 5 for view in views)


def test_boxes_lie_between_whole_and_lungs():
    boxes = [between_whole_and(LUNGS, np.random.default_rng(seed)) for seed in range(40)]
    assert sum(box == LUNGS for box in boxes) in range(10, 31)
    assert all(box.left <= LUNGS.left and box.right >= LUNGS.right for box in boxes)


def test_beyond_the_picture_it_is_black():
    part = np.asarray(cut(np.full((50, 50), 200, np.uint8), Box(-1.0, 0.0, 1.0, 1.0)))
    assert part[:, :100].max() == 0
    assert part[:, 124:].min() == 200


@pytest.mark.parametrize(("chance", "change"), CHANGES)
def test_each_change_keeps_the_shape(chance, change):
    grey = radiograph()[:224, :224].astype(np.float32)[:200, :200] / 255
    changed = change(grey, np.random.default_rng(1))
    assert changed.shape == grey.shape
    assert 0 < chance < 1
    assert np.corrcoef(changed.ravel(), grey.ravel())[0, 1] > 0.3
