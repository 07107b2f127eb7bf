"""From raw probabilities to the figures, the paper's table and the list of errors."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.judged import COVID, NON_COVID, PLAIN, drawn, image, scored
from training.data.dataset import Refused
from training.evaluation.judgement import Scored, errors, judge, metrics_tree, part_metrics, write_errors

FEW = 50


def test_everything_is_decided_on_validation():
    """95 % sensitivity and at most a tenth Indeterminate hold there, whatever they are elsewhere."""
    validation = drawn(400)
    judgement = judge(validation)
    probabilities = judgement.probabilities(validation)
    covid = probabilities[validation.labels == COVID]
    assert np.mean(covid >= judgement.rule.operating_point) >= 0.95
    band = (probabilities >= judgement.rule.indeterminate_low) & (probabilities < judgement.rule.indeterminate_high)
    assert band.mean() <= 0.10
    assert judgement.calibration.prevalence == pytest.approx(np.mean(validation.labels == COVID))


def test_the_tree_is_json_and_has_every_part():
    tree = metrics_tree({"validation": drawn(60), "test_part": drawn(40, 2)}, PLAIN, resamples=FEW)
    again = json.loads(json.dumps(tree, allow_nan=False))
    assert set(again["parts"]) == {"validation", "test_part"}
    assert again["positive_class"] == "COVID"
    assert "beside_the_paper" not in again
    assert {"value", "low", "high"} == set(again["parts"]["test_part"]["roc_auc"])


def test_without_the_band_every_image_has_an_answer():
    part = part_metrics(scored([COVID, COVID, NON_COVID], [0.9, 0.52, 0.48]), PLAIN, FEW)
    assert part["indeterminate_share"] == pytest.approx(2 / 3)
    assert part["accuracy"]["value"] == pytest.approx(1 / 3)
    assert part["without_band"]["indeterminate_share"] == 0.0
    assert part["without_band"]["accuracy"]["value"] == 1.0


def test_refused_images_of_the_part_count_as_wrong():
    part = part_metrics(scored([COVID, NON_COVID], [0.9, 0.1], refused=Refused(covid=1)), PLAIN, FEW)
    assert part["sensitivity"]["value"] == 0.5
    assert part["images"] == 3


def test_the_paper_s_labels_are_put_right():
    """544 of 704 COVID found, 1,943 of 2,160 Non-COVID right: sensitivity 77.27 %, specificity 89.95 %."""
    rows = metrics_tree({"test": drawn(60)}, PLAIN, resamples=FEW)["beside_the_paper"]["rows"]
    first, second, served, plain, alike = rows
    assert [round(100 * first[name], 2) for name in ("accuracy", "sensitivity", "specificity")] == [86.84, 77.27, 89.95]
    assert [round(100 * second[name], 2) for name in ("accuracy", "sensitivity", "specificity")] == [
        86.63,
        77.27,
        89.68,
    ]
    assert first["precision"] == pytest.approx(544 / (544 + 217))
    assert served["model"] == "This model, as served"
    assert plain["accuracy"] >= served["accuracy"]
    assert alike["sensitivity"] == pytest.approx(544 / 704, abs=0.04)


def test_the_mean_is_over_two_class_sources():
    """Sources are judged each and their mean is over those with both classes."""
    part = part_metrics(
        scored([COVID, NON_COVID, COVID, NON_COVID, NON_COVID], [0.9, 0.1, 0.6, 0.7, 0.2], ["A", "A", "B", "B", "C"]),
        PLAIN,
        FEW,
    )
    assert part["mean_source_auc"] == pytest.approx((1.0 + 0.0) / 2)
    assert {one["source"] for one in part["by_source"]} == {"A", "B", "C"}


def test_calibration_error_at_own_prevalence():
    """Calibrated at 50 %; a part with 10 % COVID needs its odds multiplied by 1/9."""
    rng = np.random.default_rng(3)
    covid = rng.random(20_000) < 0.1
    evidence = rng.normal(np.where(covid, 1.0, -1.0), 1.0)  # likelihood ratio exp(2 x), so this is calibrated at 50 %
    part = scored(np.where(covid, COVID, NON_COVID).tolist(), (1 / (1 + np.exp(-2 * evidence))).tolist())
    figures = part_metrics(part, PLAIN, 2)
    assert figures["ece"]["value"] > 0.1
    assert figures["ece_at_own_prevalence"] < 0.02


def test_errors_are_listed_worst_first():
    """Every wrong and every indeterminate image is listed the most surprising first."""
    parts = {"test": scored([COVID, COVID, COVID, NON_COVID, NON_COVID], [0.9, 0.5, 0.2, 0.99, 0.1])}
    found = errors(parts, PLAIN)
    assert [(error.sample.name, error.answer.value) for error in found] == [
        ("3.jpg", "Positive"),
        ("2.jpg", "Negative"),
        ("1.jpg", "Indeterminate"),
    ]
    assert found[0].surprise == pytest.approx(-np.log(0.01))


def test_errors_csv(tmp_path: Path):
    samples = (image("Test/COVID/a, b.jpg", COVID, "Here"), image("Test/COVID/right.jpg", COVID))
    part = Scored(samples, np.array([0.125, 0.9]))
    write_errors(tmp_path / "errors.csv", errors({"test": part}, PLAIN))
    with (tmp_path / "errors.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert row == {
        "file": "Test/COVID/a, b.jpg",
        "part": "test",
        "label": "COVID",
        "source": "Here",
        "answer": "Negative",
        "probability": "0.125000",
        "raw_probability": "0.125000",
    }


def test_probabilities_of_other_images_are_refused():
    with pytest.raises(ValueError, match="1 images have probabilities"):
        Scored((image("a.jpg", COVID),), np.array([0.1, 0.2]))
