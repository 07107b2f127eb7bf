"""Each plot is there, says what it shows, and comes out the same each time."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.findings import Prediction
from tests.training.judged import COVID, NON_COVID, PLAIN, drawn, image, scored
from tests.training.radiographs import person
from training.evaluation.judgement import Error
from training.evaluation.plots import draw_plots, draw_worst_errors


@dataclass
class Epoch:
    stage: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


HISTORY = [Epoch(1, 0.7, 0.6, 0.8, 0.5), Epoch(1, 0.5, 0.7, 0.6, 0.7), Epoch(2, 0.4, 0.8, 0.65, 0.7)]
PARTS = {"validation": drawn(80, 1), "test_part": drawn(60, 2), "test": drawn(90, 3)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    draw_plots(folder, PARTS, PLAIN, HISTORY)
    return folder


NAMES = ["history", "confusion", "roc", "precision_recall", "calibration", "scores_by_source"]


@pytest.mark.parametrize("name", NAMES)
def test_each_plot_is_an_svg_with_content(folder, name):
    assert (folder / f"{name}.svg").read_text().startswith("<?xml")
    pixels = np.asarray(Image.open(folder / f"{name}.png").convert("L"))
    assert min(pixels.shape) > 200
    assert pixels.std() > 10


WORDS = {
    "history": ["Loss", "Accuracy", "stage 2: last layers unfrozen", "training", "validation"],
    "confusion": ["Test folder", "Indeterminate", "Refused", "Non-COVID"],
    "roc": ["15 % test part: 0.9", "operating point"],
    "precision_recall": ["precision", "sensitivity"],
    "calibration": ["calibrated probability of COVID", "calibrated at 50%"],
    "scores_by_source": ["COVID, Alpha", "Non-COVID, Beta"],
}


@pytest.mark.parametrize(("name", "words"), WORDS.items(), ids=WORDS.keys())
def test_plot_text_is_searchable(folder, name, words):
    svg = (folder / f"{name}.svg").read_text()
    for word in words:
        assert word in svg


def test_the_same_figures_give_the_same_bytes(folder, tmp_path):
    draw_plots(tmp_path, PARTS, PLAIN, HISTORY)
    for path in folder.iterdir():
        assert (
            hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256((tmp_path / path.name).read_bytes()).digest()
        )


def test_tiny_parts_stop_nothing(tmp_path):
    """A part of one class and one image and no epoch stops nothing."""
    names = draw_plots(tmp_path, {"test": scored([COVID], [0.7])}, PLAIN)
    assert "history" not in names
    assert {path.stem for path in tmp_path.iterdir()} == set(names)


def test_the_worst_errors_show_their_images(tmp_path):
    errors = []
    for number in range(7):
        path = tmp_path / f"{number}.png"
        person(number).save(path)
        sample = image(path.name, NON_COVID if number else COVID, "Alpha", path=path)
        errors.append(Error(sample, "test", Prediction.POSITIVE, 0.9, 0.9))
    errors.append(Error(image("gone.png", COVID, path=tmp_path / "gone.png"), "test", Prediction.NEGATIVE, 0.1, 0.1))
    draw_worst_errors(tmp_path / "worst_errors.png", errors)
    assert np.asarray(Image.open(tmp_path / "worst_errors.png").convert("L")).std() > 30


def test_no_errors_is_an_empty_sheet(tmp_path):
    draw_worst_errors(tmp_path / "worst_errors.png", [])
    assert (tmp_path / "worst_errors.png").is_file()
