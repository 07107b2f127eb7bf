"""The figures of an evaluation, against values computed by hand and by scikit-learn."""

import json
import time

import numpy as np
import pytest
from sklearn import metrics as reference

from diagnosis.estimates import Estimate
from diagnosis.inference.decision import DecisionRule
from training.data.dataset import Refused
from training.evaluation.metrics import (
    COVID_AGAINST_ALL,
    NON_COVID_AGAINST_ALL,
    WITHIN,
    calibration_curve,
    evaluate,
    mean_source_auc,
    roc_auc,
    source_aucs,
    three_way_table,
)

COVID, NON_COVID = 0, 1
AT_HALF = DecisionRule(0.5, 0.5, 0.5)
FEW = 200


def known(estimate: Estimate | None) -> Estimate:
    """The figure, which this test knows to be defined."""
    assert estimate is not None
    return estimate


def made_up(images: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels and overlapping probabilities with ties, as a network of middling quality gives them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=images)
    logits = rng.normal(np.where(labels == COVID, 1.0, -1.0), 1.2)
    return labels, np.round(1 / (1 + np.exp(-logits)), 2)


def test_counts_by_hand():
    """4 COVID: 0.9 0.6 found, 0.45 between, 0.1 missed. 4 Non-COVID: 0.8 false alarm, 0.41 between, 0.2 0.0 clear."""
    labels = [COVID] * 4 + [NON_COVID] * 4
    probabilities = [0.9, 0.6, 0.45, 0.1, 0.8, 0.41, 0.2, 0.0]
    found = evaluate(labels, probabilities, DecisionRule(0.5, 0.4, 0.55), resamples=FEW)
    assert (found.table.covid.positive, found.table.covid.indeterminate, found.table.covid.negative) == (2, 1, 1)
    assert (found.table.non_covid.positive, found.table.non_covid.indeterminate) == (1, 1)
    assert known(found.accuracy).value == pytest.approx(4 / 8)
    assert known(found.sensitivity).value == pytest.approx(2 / 4)
    assert known(found.specificity).value == pytest.approx(2 / 4)
    assert known(found.precision).value == pytest.approx(2 / 3)
    assert known(found.f1).value == pytest.approx(2 * 2 / (3 + 4))
    assert known(found.roc_auc).value == pytest.approx(11 / 16)  # pairs won: 4 + 3 + 3 + 1 of 16


def test_refused_images_are_not_in_the_auc():
    """Refused images count as wrong but have no part in the auc."""
    labels, probabilities = [COVID, COVID, NON_COVID, NON_COVID], [0.9, 0.8, 0.2, 0.1]
    found = evaluate(labels, probabilities, AT_HALF, refused=Refused(covid=2, non_covid=1), resamples=FEW)
    assert known(found.sensitivity).value == pytest.approx(2 / 4)
    assert known(found.specificity).value == pytest.approx(2 / 3)
    assert known(found.accuracy).value == pytest.approx(4 / 7)
    assert known(found.f1).value == pytest.approx(2 * 2 / (2 + 4))
    assert known(found.roc_auc).value == 1.0
    assert found.as_dict()["refused_share"] == pytest.approx(3 / 7)


def test_an_indeterminate_image_is_wrong():
    """An indeterminate image is wrong even if its side of the operating point is right."""
    found = evaluate([COVID, NON_COVID], [0.52, 0.1], DecisionRule(0.5, 0.45, 0.55), resamples=FEW)
    assert known(found.sensitivity).value == 0.0
    assert found.table.covid.indeterminate == 1


def test_covid_is_the_positive_class():
    """All COVID found, all Non-COVID falsely alarmed: sensitivity 1, specificity 0 and not the other way round."""
    found = evaluate([COVID, COVID, NON_COVID], [0.9, 0.8, 0.7], AT_HALF, resamples=FEW)
    assert (known(found.sensitivity).value, known(found.specificity).value) == (1.0, 0.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_agree_with_scikit_learn(seed):
    labels, probabilities = made_up(500, seed)
    found = evaluate(labels, probabilities, AT_HALF, resamples=2)
    truth, called = labels == COVID, probabilities >= 0.5
    assert known(found.accuracy).value == pytest.approx(reference.accuracy_score(truth, called))
    assert known(found.sensitivity).value == pytest.approx(reference.recall_score(truth, called))
    assert known(found.specificity).value == pytest.approx(reference.recall_score(~truth, ~called))
    assert known(found.precision).value == pytest.approx(reference.precision_score(truth, called))
    assert known(found.f1).value == pytest.approx(reference.f1_score(truth, called))
    assert known(found.roc_auc).value == pytest.approx(reference.roc_auc_score(truth, probabilities))
    assert known(found.pr_auc).value == pytest.approx(reference.average_precision_score(truth, probabilities))
    assert known(found.brier).value == pytest.approx(reference.brier_score_loss(truth, probabilities))


def test_calibration_error_by_hand():
    """Bin 0.2 to 0.3: mean 0.25, half COVID, 2 images. Bin 0.9 to 1: mean 0.95, all COVID, 2 images."""
    labels, probabilities = [COVID, NON_COVID, COVID, COVID], [0.25, 0.25, 0.9, 1.0]
    found = evaluate(labels, probabilities, AT_HALF, resamples=FEW)
    assert known(found.ece).value == pytest.approx((2 * 0.25 + 2 * 0.05) / 4)
    bins = calibration_curve(labels, probabilities)
    assert [(b.probability, b.covid_share, b.images) for b in bins] == [(0.25, 0.5, 2), (0.95, 1.0, 2)]


def test_the_ece_interval_is_unbiased():
    """In each bin as many are COVID as the probability says; resampling alone would put the interval above 0."""
    probabilities = np.repeat(np.arange(0.05, 1, 0.1), 20)
    labels = np.concatenate([np.arange(20) >= 20 * probability - 1e-9 for probability in np.arange(0.05, 1, 0.1)])
    found = evaluate(labels.astype(int), probabilities, AT_HALF, resamples=FEW)
    assert known(found.ece).value == pytest.approx(0, abs=1e-9)
    assert known(found.ece).low == 0.0


def test_share_intervals_have_the_right_width():
    labels, probabilities = made_up(2000)
    found = evaluate(labels, probabilities, AT_HALF)
    share, covid = known(found.sensitivity).value, found.table.covid.images
    half_width = 1.96 * np.sqrt(share * (1 - share) / covid)
    assert known(found.sensitivity).low == pytest.approx(share - half_width, abs=0.004)
    assert known(found.sensitivity).high == pytest.approx(share + half_width, abs=0.004)


def test_auc_interval_agrees_with_resampling():
    """Interval of the auc agrees with drawing the images one resample at a time."""
    labels, probabilities = made_up(120)
    rng = np.random.default_rng(9)
    covid, others = probabilities[labels == COVID], probabilities[labels == NON_COVID]
    drawn = []
    for _ in range(600):
        pick = np.concatenate([rng.choice(covid, len(covid)), rng.choice(others, len(others))])
        drawn.append(reference.roc_auc_score(np.arange(len(pick)) < len(covid), pick))
    found = known(roc_auc(labels, probabilities))
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.012)


def test_every_interval_holds_its_figure():
    """Every interval holds its figure and is the same for the same seed."""
    labels, probabilities = made_up(300)
    first, again = (evaluate(labels, probabilities, AT_HALF, seed=5) for _ in range(2))
    assert first == again
    for name, figure in first.as_dict().items():
        if isinstance(figure, dict) and "low" in figure:
            assert figure["low"] <= figure["value"] <= figure["high"], name


def test_the_auc_alone_is_the_one_among_all_figures():
    """A plot and a table that show the same area must show the same interval."""
    labels, probabilities = made_up(200)
    groups = np.arange(200) // 2
    assert (
        roc_auc(labels, probabilities, groups=groups) == evaluate(labels, probabilities, AT_HALF, groups=groups).roc_auc
    )


def test_near_duplicates_widen_the_interval():
    """Each image five times over says no more than once: the interval must be that of a fifth of the images."""
    labels, probabilities = made_up(100)
    labels, probabilities = np.repeat(labels, 5), np.repeat(probabilities, 5)
    alone = known(evaluate(labels, probabilities, AT_HALF).roc_auc)
    grouped = known(evaluate(labels, probabilities, AT_HALF, groups=np.repeat(np.arange(100), 5)).roc_auc)
    assert (grouped.high - grouped.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(5), rel=0.15)


def test_a_perfect_share_is_not_certain():
    """Clopper-Pearson for 10 of 10: at least 0.025 ** (1/10)."""
    found = evaluate([COVID] * 10 + [NON_COVID] * 10, [0.9] * 10 + [0.1] * 10, AT_HALF, resamples=FEW)
    assert known(found.sensitivity).low == pytest.approx(0.025 ** (1 / 10))
    assert known(found.sensitivity).high == 1.0


def test_undefined_figures_are_null_in_json():
    """Undefined figures are null in json and the defined one's stay."""
    found = evaluate([NON_COVID] * 3, [0.1, 0.2, 0.3], AT_HALF, resamples=FEW)
    tree = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert tree["sensitivity"] is None
    assert tree["roc_auc"] is None
    assert tree["precision"] is None
    assert tree["specificity"]["value"] == 1.0


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        ([0, 99], [0.1, 0.2]),
        ([0, -1], [0.1, 0.2]),
        ([0, 1], [0.1, 1.2]),
        ([0, 1], [0.1, float("nan")]),
        ([0, 1], [0.1]),
        ([], []),
    ],
)
def test_impossible_input_is_refused(labels, probabilities):
    with pytest.raises(ValueError, match=r"."):
        evaluate(labels, probabilities, AT_HALF)


def test_all_images_refused_is_an_accuracy_of_zero():
    found = evaluate([], [], AT_HALF, refused=Refused(3, 2), resamples=FEW)
    assert known(found.accuracy).value == 0.0
    assert found.brier is None


def test_two_thousand_resamples_take_seconds():
    labels, probabilities = made_up(2864)
    began = time.perf_counter()
    evaluate(labels, probabilities, AT_HALF)
    assert time.perf_counter() - began < 10


def test_source_auc_shows_a_hospital_detector():
    """One hospital has both classes and is all called COVID; the other has none. Within the first: chance."""
    labels = [COVID, NON_COVID, COVID, NON_COVID] + [NON_COVID] * 16
    probabilities = [0.9, 0.9, 0.8, 0.8] + [0.1] * 16
    found = source_aucs(labels, probabilities, ["Both"] * 4 + ["Only"] * 16, resamples=FEW)
    figures = {(auc.source, auc.comparison): auc.roc_auc.value for auc in found}
    assert figures[("Both", WITHIN)] == pytest.approx(0.5)
    assert figures[("Both", COVID_AGAINST_ALL)] == pytest.approx((16 + 1) / 18)
    assert figures[("Only", NON_COVID_AGAINST_ALL)] == 1.0
    assert ("Only", WITHIN) not in figures
    assert mean_source_auc(found) == pytest.approx(0.5)


def test_unknown_sources_have_no_row():
    found = source_aucs([COVID, NON_COVID, NON_COVID], [0.9, 0.1, 0.95], ["A", "A", ""], resamples=FEW)
    assert {auc.source for auc in found} == {"A"}
    against_all = next(auc for auc in found if auc.comparison == COVID_AGAINST_ALL)
    assert (against_all.non_covid, against_all.roc_auc.value) == (2, 0.5)


def test_borders_of_the_band_are_counted():
    """Three way table counts the borders of the band as served."""
    rule = DecisionRule(0.5, 0.4, 0.6)
    table = three_way_table([COVID] * 4, [0.6, 0.4, 0.39, 0.59], rule)
    assert (table.covid.positive, table.covid.indeterminate, table.covid.negative) == (1, 2, 1)
    assert [rule.predict(p).value for p in (0.6, 0.4, 0.39)] == ["Positive", "Indeterminate", "Negative"]
