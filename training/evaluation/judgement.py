"""What a trained model is worth: from raw probabilities of each part to the tree of metrics.json and errors.csv."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import ECE_BINS
from diagnosis.findings import CLASS_NAMES, COVID_INDEX, USUAL_CLASSES, Classes, Prediction
from diagnosis.inference.decision import Calibration, DecisionRule, OtherClasses
from training.data.classes import class_in_words, truth_of
from training.data.dataset import NONE_REFUSED, Refused, Sample
from training.evaluation.bootstrap import RESAMPLES
from training.evaluation.calibration_fit import fit_calibration, fit_power
from training.evaluation.class_figures import class_figures
from training.evaluation.metrics import evaluate, expected_calibration_error, mean_source_auc, source_aucs
from training.evaluation.operating_point_choice import (
    MAX_INDETERMINATE,
    MIN_SENSITIVITY,
    REFERRAL_COST,
    choose_decision_rule,
    choose_operating_point,
)

HOW = (
    "{leading} is the positive class. Intervals: 95 %, percentiles of {resamples} bootstrap resamples of "
    "near-duplicate groups within their class; a share of 0 or 1 has its exact interval. An indeterminate or refused "
    "image counts as wrong in accuracy, sensitivity, specificity and F1. Calibration error (ECE): {bins} bins of equal "
    "width on the probability of {leading}, its interval corrected for the bootstrap's bias."
)

PAPER_TEST = {"covid": 704, "covid_found": 544, "non_covid": 2160}
PAPER_MODELS = {"Paper, Model 1 (learning rate 1e-5)": 1943, "Paper, Model 2 (learning rate 1e-4)": 1937}
"""How many of the 2,160 Non-COVID images each got right. Model 2's follows from its accuracy, 86.63 % of 2,864."""
PAPER_NOTE = (
    'The paper\'s "sensitivity" 89.95 % is the recall of Non-COVID and its "specificity" 77.27 % that of COVID, as its '
    "confusion matrix shows. Here they stand with COVID as the positive class; precision and F1 follow from the counts."
)


@dataclass(frozen=True)
class Scored:
    """Images of one part with what the network said of them.

    labels (n,) class indices; raw (n,) uncalibrated probabilities of COVID; groups (n,) near duplicates and patients;
    limited (n,) whether the picture's quality makes the answer Indeterminate. shares: (n, classes) uncalibrated
    probabilities of all classes, of a version with classes of its own; None where only the leading one is judged.
    """

    samples: tuple[Sample, ...]
    raw: NDArray[np.float64] = field(repr=False)
    groups: NDArray[np.int64] | None = field(default=None, repr=False)
    refused: Refused = NONE_REFUSED
    limited: NDArray[np.bool_] | None = field(default=None, repr=False)
    shares: NDArray[np.float64] | None = field(default=None, repr=False)
    classes: Classes = USUAL_CLASSES

    def __post_init__(self) -> None:
        if self.raw.shape != (len(self.samples),):
            raise ValueError(f"{len(self.samples)} images have probabilities of shape {self.raw.shape}.")

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.array([sample.label for sample in self.samples], dtype=np.int64)

    @property
    def sources(self) -> list[str]:
        """Names of the sources, "" where unknown."""
        return [sample.source or "" for sample in self.samples]


@dataclass(frozen=True)
class Judgement:
    """What the validation part decides: how raw probabilities are calibrated, and from where they are Positive.

    others: of a version with classes of its own.
    """

    calibration: Calibration
    rule: DecisionRule
    others: OtherClasses | None = None
    classes: Classes = USUAL_CLASSES

    def probabilities(self, part: Scored) -> NDArray[np.float64]:
        """Calibrated probabilities of COVID, (n,)."""
        return self.calibration.apply(part.raw)

    def of_classes(self, part: Scored) -> NDArray[np.float64] | None:
        """Calibrated probabilities of all classes, (n, classes); None where only the leading one is judged."""
        if self.others is None or part.shares is None:
            return None
        return self.others.apply(part.shares, self.probabilities(part))


@dataclass(frozen=True)
class Error:
    """A misclassified or indeterminate image."""

    sample: Sample
    part: str
    answer: Prediction
    probability: float
    raw_probability: float

    @property
    def surprise(self) -> float:
        """Natural logarithm of one over the probability that the model gave to the truth."""
        covid = self.sample.label == COVID_INDEX
        return float(-np.log(max(self.probability if covid else 1 - self.probability, 1e-12)))


def judge(
    validation: Scored,
    *,
    min_sensitivity: float = MIN_SENSITIVITY,
    max_indeterminate: float = MAX_INDETERMINATE,
    referral_cost: float = REFERRAL_COST,
) -> Judgement:
    """Calibration, operating point and indeterminate band, all from the validation part and nothing else."""
    calibration = fit_calibration(validation.labels, validation.raw)
    rule = choose_decision_rule(
        validation.labels,
        calibration.apply(validation.raw),
        min_sensitivity=min_sensitivity,
        max_share=max_indeterminate,
        referral_cost=referral_cost,
    )
    return Judgement(calibration, rule, fit_other_classes(validation), validation.classes)


def fit_other_classes(validation: Scored) -> OtherClasses | None:
    """How the classes other than the leading one are calibrated; None where there are only the usual two."""
    if validation.shares is None:
        return None
    truth = truth_of(validation.samples, validation.classes)
    if validation.classes.is_multi_label:
        labels = (np.where(has, COVID_INDEX, COVID_INDEX + 1) for has in truth.T[1:])
        each = zip(labels, validation.shares.T[1:], strict=True)
        return OtherClasses(each=tuple(fit_calibration(own, raw) for own, raw in each))
    others = validation.labels != COVID_INDEX
    return OtherClasses(fit_power(validation.labels[others] - 1, validation.shares[others, 1:]))


def metrics_tree(parts: Mapping[str, Scored], judgement: Judgement, resamples: int = RESAMPLES) -> dict[str, Any]:
    """What metrics.json holds: every part's figures, and, with a part "test" of the usual classes, the comparison with
    the paper's.
    """
    classes = judgement.classes
    tree: dict[str, Any] = {
        "positive_class": classes.leading,
        "how": HOW.format(resamples=resamples, bins=ECE_BINS, leading=classes.leading),
        "calibration": judgement.calibration.as_dict(),
        "rule": asdict(judgement.rule),
        "parts": {name: part_metrics(part, judgement, resamples) for name, part in parts.items()},
    }
    if "test" in parts and classes.are_usual:
        tree["beside_the_paper"] = beside_the_paper(tree["parts"]["test"], like_the_paper(parts["test"], resamples))
    return tree


def part_metrics(part: Scored, judgement: Judgement, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Figures of one part as served, without the indeterminate band (as the paper counts), and by source."""
    labels, probabilities = part.labels, judgement.probabilities(part)

    def figures(rule: DecisionRule) -> dict[str, Any]:
        return evaluate(
            labels,
            probabilities,
            rule,
            refused=part.refused,
            limited=part.limited,
            groups=part.groups,
            resamples=resamples,
        ).as_dict()

    aucs = source_aucs(labels, probabilities, part.sources, groups=part.groups, resamples=resamples)
    return {
        **figures(judgement.rule),
        "without_band": figures(judgement.rule.without_band()),
        "ece_at_own_prevalence": ece_at_own_prevalence(part, judgement),
        "by_source": [asdict(auc) for auc in aucs],
        "mean_source_auc": mean_source_auc(aucs),
        **_of_classes(part, judgement, resamples),
    }


def _of_classes(part: Scored, judgement: Judgement, resamples: int) -> dict[str, Any]:
    probabilities = judgement.of_classes(part)
    if probabilities is None:
        return {}
    truth = truth_of(part.samples, part.classes)
    found = class_figures(truth, probabilities, part.classes, part.refused, part.groups, resamples)
    return {"classes": found.as_dict()}


def ece_at_own_prevalence(part: Scored, judgement: Judgement) -> float | None:
    """The calibration error once the probabilities are moved to the part's own share of COVID; None for one class."""
    share = float(np.mean(part.labels == COVID_INDEX))
    if share in (0.0, 1.0):
        return None
    return expected_calibration_error(part.labels, judgement.calibration.apply(part.raw, share))


def like_the_paper(test: Scored, resamples: int = RESAMPLES) -> dict[str, Any] | None:
    """Figures at the point of Test's own ROC curve that has the paper's sensitivity: a like-for-like reading.

    The site does not use this point; a sensitivity of 77 % would miss too many. None without both classes.
    """
    if len(set(test.labels.tolist())) < len(CLASS_NAMES):
        return None
    point = choose_operating_point(test.labels, test.raw, PAPER_TEST["covid_found"] / PAPER_TEST["covid"])
    rule = DecisionRule(point, point, point)
    return evaluate(test.labels, test.raw, rule, refused=test.refused, resamples=resamples).as_dict()


def beside_the_paper(test: dict[str, Any], like_the_paper: dict[str, Any] | None) -> dict[str, Any]:
    """The paper's two models and this one on the Test folder, COVID as the positive class: shares 0..1."""
    own = {
        "This model, as served": test,
        "This model, without the indeterminate band": test["without_band"],
        **({"This model, read off the ROC curve at the paper's sensitivity": like_the_paper} if like_the_paper else {}),
    }
    rows = [_paper_row(name, right) for name, right in PAPER_MODELS.items()]
    names = ("accuracy", "sensitivity", "specificity", "precision", "f1")
    rows += [{"model": model, **{name: _value(figures[name]) for name in names}} for model, figures in own.items()]
    return {"rows": rows, "note": PAPER_NOTE}


def errors(parts: Mapping[str, Scored], judgement: Judgement) -> list[Error]:
    """Every image of the parts that did not get its right answer, the most surprising first."""
    found = []
    for name, part in parts.items():
        for sample, raw, probability in zip(part.samples, part.raw, judgement.probabilities(part), strict=True):
            answer = judgement.rule.predict(float(probability))
            right = Prediction.POSITIVE if sample.label == COVID_INDEX else Prediction.NEGATIVE
            if answer is not right:
                found.append(Error(sample, name, answer, float(probability), float(raw)))
    return sorted(found, key=lambda error: (-error.surprise, error.sample.name))


def write_errors(path: Path, found: Sequence[Error], classes: Classes = USUAL_CLASSES) -> None:
    """errors.csv: file, part, label, source, answer, probability (calibrated), raw_probability."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "part", "label", "source", "answer", "probability", "raw_probability"])
        for error in found:
            label, source = class_in_words(error.sample, classes), error.sample.source or ""
            figures = (f"{error.probability:.6f}", f"{error.raw_probability:.6f}")
            rows.writerow([error.sample.name, error.part, label, source, error.answer.value, *figures])


def _paper_row(model: str, non_covid_right: int) -> dict[str, Any]:
    covid, found, non_covid = (PAPER_TEST[name] for name in ("covid", "covid_found", "non_covid"))
    called = found + non_covid - non_covid_right
    return {
        "model": model,
        "accuracy": (found + non_covid_right) / (covid + non_covid),
        "sensitivity": found / covid,
        "specificity": non_covid_right / non_covid,
        "precision": found / called,
        "f1": 2 * found / (called + covid),
    }


def _value(estimate: dict[str, float] | None) -> float | None:
    return estimate["value"] if estimate else None
