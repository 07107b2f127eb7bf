"""Left-out sources of classes of its own: who is left out, what the head is fitted on, and when nothing can be said."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from diagnosis.findings import Classes
from diagnosis.inference.decision import Calibration, Decision, DecisionRule
from tests.training.judged import image
from training.data.dataset import Sample
from training.data.splits import Split
from training.evaluation.leave_out import LeftOut, summary
from training.fitting.class_left_out import left_out_classes
from training.fitting.recipe import SHIPPED
from training.publishing.unseen_sections import tells_apart, with_left_out

CLASSES = Classes(("COVID", "Normal", "Viral"))
OF = {"Bergamo": 0, "Wuhan": 0, "Bethesda": 1, "Guangzhou": 2}
"""Which class each source has."""


@dataclass
class Features:
    """In place of cached ones: a row for each sample, by its name."""

    values: np.ndarray
    names: list[str]

    def pooled(self) -> np.ndarray:
        return self.values

    def rows(self, samples: list[Sample]) -> np.ndarray:
        return np.array([[self.names.index(sample.name)] for sample in samples])


def made(sources: dict[str, int], seen: float = 2.0) -> tuple[Features, Split]:
    """30 pictures of each source, a third of them held back; features tell the classes `seen` deviations apart."""
    rng = np.random.default_rng(3)
    samples = [image(f"{source}-{n}", label, source) for source, label in sources.items() for n in range(30)]
    values = rng.normal(size=(len(samples), 6)) + seen * np.eye(6)[[sample.label for sample in samples]]
    parts = [samples[start::3] for start in range(3)]
    split = Split(
        mode="grouped",
        train=tuple(parts[0] + parts[1]),
        validation=tuple(parts[2]),
        test_part=(),
        test=(),
        dropped=(),
        groups={sample.name: number for number, sample in enumerate(samples)},
        crossing=0,
        contradicting=0,
        classes=CLASSES,
    )
    return Features(values, [sample.name for sample in samples]), split


def left_out(features: Features, split: Split) -> dict[str, LeftOut]:
    return {one.source: one for one in left_out_classes(features, split, SHIPPED)}  # type: ignore[arg-type]


def test_each_source_is_left_out_of_the_leading_class_and_of_others() -> None:
    found = left_out(*made(OF))
    assert set(found) == set(OF)
    assert min(found[source].auc for source in ("Bergamo", "Wuhan")) > 0.85
    assert min(found[source].auc for source in ("Bethesda", "Guangzhou")) > 0.6  # without them their class is unknown
    assert [one.positive.all() for one in found.values()] == [OF[name] == 0 for name in found]


def test_a_left_out_source_teaches_nothing() -> None:
    """What only one source's pictures show is of no use to a head that has not seen them."""
    features, split = made(OF, seen=0.0)
    theirs = [index for index, name in enumerate(features.names) if name.startswith("Wuhan")]
    features.values[theirs, 5] += 8  # a mark of this hospital, which would give its class away
    assert left_out(features, split)["Wuhan"].auc < 0.75


@pytest.mark.parametrize("gone", ["Wuhan", "Guangzhou"])
def test_one_source_of_a_side_is_too_few(gone: str) -> None:
    assert left_out(*made({source: label for source, label in OF.items() if source != gone})) == {}


def test_small_sources_of_a_side_are_too_few() -> None:
    """Two with COVID, of 12 pictures each: they are learned from, and say nothing when they are left out."""
    features, split = made(OF)
    train, validation = (
        tuple(one for one in part if OF[str(one.source)] or int(one.name.rpartition("-")[2]) < 12)
        for part in (split.train, split.validation)
    )
    assert left_out(features, replace(split, train=train, validation=validation)) == {}


@pytest.mark.parametrize(("seen", "decides"), [(2.0, True), (-2.0, False)])
def test_the_card_says_who_chose_the_operating_point(seen: float, decides: bool) -> None:
    """Sources whose leading class scores below others choose nothing: the validation part does."""
    labels, rng = np.array([0] * 20 + [1] * 20), np.random.default_rng(5)
    logits = rng.normal(size=40) + seen * (labels == 0)
    pictures = [LeftOut(name, labels, logits, 0.5, "its own other class") for name in ("Bergamo", "Wuhan")]
    assert tells_apart(pictures) is decides
    assert summary(pictures)["pooled"] > 0.8 or not decides
    decision = Decision(Calibration(), DecisionRule(0.5, 0.4, 0.6), 1.0)
    card = with_left_out({"sections": []}, pictures, None, decision)
    assert card["left_out"]["decides"] is False
    assert "could not choose its operating point" in card["sections"][0]["texts"][0]
    wrong = np.mean(np.where(labels == 0, logits < np.log(0.4 / 0.6), logits >= np.log(0.6 / 0.4)))
    answered = np.mean((logits < np.log(0.4 / 0.6)) | (logits >= np.log(0.6 / 0.4)))
    assert f"{100 * wrong / answered:.1f} % are wrong on average" in card["sections"][0]["texts"][2]
