"""Shortcut audit: how much of the answer does the model find where there is no lung?

The classes of public COVID collections come from different hospitals, and a network can tell those apart by borders,
labels and sharpness (DeGrave et al., Nature Machine Intelligence 3, 2021; Maguolo and Nanni, Information Fusion 76,
2021, who blacked out the centre as is done here). Masks are laid on the decoded pixels, before any preprocessing.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diagnosis.estimates import Estimate
from diagnosis.findings import COVID_INDEX, Classes
from training.data.classes import truth_of
from training.data.dataset import Progress, Sample, read_image
from training.evaluation.judgement import Judgement
from training.evaluation.metrics import roc_auc

CENTRE = 0.70
"""Share of each side that `blank_centre` blacks out: nearly all of the lungs."""
BORDER = 0.08
"""Share of each side, at each edge, that `border_only` leaves: no lung on a well-framed radiograph."""
COPY_SIDE = 240
COPY_QUALITY = 90
IMAGES = 600
BATCH = 32
PROBE_STRENGTH = 0.01
CHANCE, STRONG = 0.6, 0.8

Pixels = NDArray[np.uint8]
Predict = Callable[[list[Pixels]], NDArray[np.float64]]
"""Decoded pixels, each (height, width), to raw probabilities of COVID, (n,)."""
Features = Callable[[list[Pixels]], NDArray[np.floating[Any]]]
"""Decoded pixels to the frozen network's pooled features, (n, d)."""


@dataclass(frozen=True)
class SizeShift:
    """How calibrated probabilities change from full-size originals to 240-pixel JPEG copies of them."""

    images: int
    mean_change: float
    mean_absolute_change: float
    largest_change: float
    answers_changed: int


@dataclass(frozen=True)
class ShortcutAudit:
    """ROC AUCs on the same images. None: not measured.

    whole, without_centre, border: the model on whole images, with the centre blacked out, with only the border left.
    border_probe: logistic regression on frozen features of borders alone, trained on other images; by class: of each
    against all others, where there are classes of its own.
    """

    images: int
    whole: Estimate | None
    without_centre: Estimate | None
    border: Estimate | None
    border_probe: Estimate | None
    size_shift: SizeShift | None
    border_probe_by_class: dict[str, Estimate | None] | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, with the sentences that say what it means."""
        return {**asdict(self), "centre_share": CENTRE, "border_share": BORDER, "meaning": explain(self)}


def audit_shortcuts(
    train: Sequence[Sample],
    test: Sequence[Sample],
    predict: Predict,
    features: Features,
    judgement: Judgement,
    *,
    originals: Sequence[Path] = (),
    images: int = IMAGES,
    on_progress: Progress = lambda done, total: None,
) -> ShortcutAudit:
    """The audit on at most `images` of `test` and, for the probe, as many of `train`, all classes alike.

    It runs the network four times over `images`, and keeps one batch of pixels and the features of borders in memory.
    """
    chosen, probe_train = balanced(test, images), balanced(train, images)
    total = 4 * len(chosen) + len(probe_train) + 2 * len(originals)
    count = _Counter(on_progress, total)
    labels = np.array([sample.label for sample in chosen])

    def model_auc(mask: Callable[[Pixels], Pixels]) -> Estimate | None:
        return roc_auc(labels, _run(predict, chosen, mask, count))

    probes = _border_probes(probe_train, chosen, judgement.classes, features, count)
    return ShortcutAudit(
        images=len(chosen),
        whole=model_auc(lambda pixels: pixels),
        without_centre=model_auc(blank_centre),
        border=model_auc(border_only),
        border_probe=probes[0],
        size_shift=size_shift(originals, predict, judgement, count) if originals else None,
        border_probe_by_class=_by_class(probes, judgement.classes),
    )


def blank_centre(pixels: Pixels, share: float = CENTRE) -> Pixels:
    """A copy in which the middle `share` (0..1) of each side is black."""
    height, width = pixels.shape
    top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    masked = pixels.copy()
    masked[top : height - top, left : width - left] = 0
    return masked


def border_only(pixels: Pixels, share: float = BORDER) -> Pixels:
    """A copy with only a frame left, `share` (0..0.5) of each side wide; the rest is black."""
    return blank_centre(pixels, 1 - 2 * share)


def small_copy(pixels: Pixels) -> Pixels:
    """The pixels as public collections have them: longest side 240, JPEG."""
    image = Image.fromarray(pixels)
    image.thumbnail((COPY_SIDE, COPY_SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=COPY_QUALITY)
    return np.asarray(Image.open(content))


def balanced(samples: Sequence[Sample], images: int, seed: int = 0) -> list[Sample]:
    """At most `images` samples, as many of each class as there are, drawn without regard to anything else."""
    rng = np.random.default_rng(seed)
    labels = sorted({COVID_INDEX, COVID_INDEX + 1, *(sample.label for sample in samples)})
    classes = [[sample for sample in samples if sample.label == label] for label in labels]
    each = min(images // len(labels), *(len(members) for members in classes))
    return [members[index] for members in classes for index in sorted(rng.choice(len(members), each, replace=False))]


def size_shift(
    paths: Sequence[Path], predict: Predict, judgement: Judgement, count: Callable[[int], None] = lambda n: None
) -> SizeShift:
    """Probabilities of full-size originals and of their small copies, compared. Raises RadiographRejected."""
    pairs = []
    for path in paths:
        pixels = read_image(path).pixels
        pairs.append([float(predict([picture])[0]) for picture in (pixels, small_copy(pixels))])
        count(2)
    probabilities = judgement.calibration.apply(pairs)
    change = probabilities[:, 1] - probabilities[:, 0]
    answers = [[judgement.rule.predict(float(value)) for value in pair] for pair in probabilities]
    return SizeShift(
        images=len(paths),
        mean_change=float(change.mean()),
        mean_absolute_change=float(np.abs(change).mean()),
        largest_change=float(change[np.abs(change).argmax()]),
        answers_changed=sum(full is not small for full, small in answers),
    )


def explain(audit: ShortcutAudit) -> str:
    """A few plain sentences on what the figures mean."""
    sentences = [_about_data(audit), _about_model(audit), _about_size(audit)]
    return " ".join(sentence for sentence in sentences if sentence)


def _about_data(audit: ShortcutAudit) -> str:
    if audit.border_probe is None:
        return ""
    figure = f"AUC {audit.border_probe.value:.2f}"
    if audit.border_probe.value >= STRONG:
        return (
            f"In these data the border of the image alone, without any lung, gives the class away ({figure}): the "
            "classes come from different places, so good figures on images of the same collections say little about "
            "other hospitals."
        )
    if audit.border_probe.value >= CHANCE:
        return f"In these data the border of the image alone says something about the class ({figure})."
    return f"In these data the border of the image alone says next to nothing about the class ({figure})."


def _about_model(audit: ShortcutAudit) -> str:
    if audit.whole is None or audit.without_centre is None or audit.border is None:
        return ""
    figures = (
        f"AUC {audit.whole.value:.2f} on whole images, {audit.without_centre.value:.2f} with the centre blacked out, "
        f"{audit.border.value:.2f} on the border alone"
    )
    seen = max(_away_from_chance(audit.without_centre), _away_from_chance(audit.border))
    if seen >= STRONG - 0.5:
        return f"The model takes much of its answer from where there is no lung ({figures})."
    if seen >= CHANCE - 0.5:
        return f"The model takes a part of its answer from where there is no lung ({figures})."
    return f"Without the lungs the model knows next to nothing ({figures}), as it should be."


def _about_size(audit: ShortcutAudit) -> str:
    shift = audit.size_shift
    if shift is None:
        return "How probabilities change with the size of the image was not measured."
    return (
        f"From {shift.images} full-size originals to 240-pixel copies the probability changed by "
        f"{shift.mean_absolute_change:.3f} on average, {abs(shift.largest_change):.3f} at most, and the answer for "
        f"{shift.answers_changed}."
    )


def _away_from_chance(auc: Estimate) -> float:
    return abs(auc.value - 0.5)


class _Counter:
    """Adds up what is done for a progress bar."""

    def __init__(self, on_progress: Progress, total: int) -> None:
        self._on_progress, self._total, self._done = on_progress, total, 0

    def __call__(self, more: int) -> None:
        self._done += more
        self._on_progress(self._done, self._total)


def _run(
    network: Callable[[list[Pixels]], NDArray[Any]],
    samples: Sequence[Sample],
    mask: Callable[[Pixels], Pixels],
    count: Callable[[int], None],
) -> NDArray[Any]:
    """The network's output for masked images, in batches."""
    outputs = []
    for start in range(0, len(samples), BATCH):
        batch = samples[start : start + BATCH]
        outputs.append(network([mask(read_image(sample.path).pixels) for sample in batch]))
        count(len(batch))
    return np.concatenate(outputs)


def _by_class(probes: Sequence[Estimate | None], classes: Classes) -> dict[str, Estimate | None] | None:
    return None if classes.are_usual else dict(zip(classes.names, probes, strict=True))


def _border_probes(
    train: Sequence[Sample],
    test: Sequence[Sample],
    classes: Classes,
    features: Features,
    count: Callable[[int], None],
) -> list[Estimate | None]:
    """Of each class (of the usual two the leading one stands for both), the AUC on `test` of a logistic regression
    trained on borders of `train`.
    """
    sides = [truth_of(samples, classes) for samples in (train, test)]
    if not test or not any(_has_both(has) for has in sides[0].T):
        return [None] * len(classes.names)
    borders = [_run(features, samples, border_only, count) for samples in (train, test)]
    shown = 1 if classes.are_usual else len(classes.names)
    return [_border_probe(*borders, sides[0][:, index], sides[1][:, index]) for index in range(shown)]


def _border_probe(
    train: NDArray[Any], test: NDArray[Any], train_truth: NDArray[np.bool_], test_truth: NDArray[np.bool_]
) -> Estimate | None:
    if not _has_both(train_truth):
        return None
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=PROBE_STRENGTH, max_iter=1000))
    probe.fit(train, train_truth)
    labels = np.where(test_truth, COVID_INDEX, COVID_INDEX + 1)
    return roc_auc(labels, probe.predict_proba(test)[:, 1])


def _has_both(truth: NDArray[np.bool_]) -> bool:
    return bool(truth.any() and not truth.all())
