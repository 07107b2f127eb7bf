"""Made-up judgements of made-up images: the paths have no files unless a test writes it."""

from pathlib import Path

import numpy as np

from diagnosis.inference.decision import Calibration, DecisionRule
from training.data.dataset import NONE_REFUSED, Part, Refused, Sample
from training.evaluation.judgement import Judgement, Scored

COVID, NON_COVID = 0, 1
PLAIN = Judgement(Calibration(), DecisionRule(0.5, 0.45, 0.55))
"""Leaves probabilities as they are."""


def image(name: str, label: int, source: str | None = None, part: Part = "test", path: Path | None = None) -> Sample:
    return Sample(name, path or Path(name), label, part, source, None, "", np.zeros((32, 32), np.uint8))


def scored(
    labels: list[int], raw: list[float], sources: list[str] | None = None, refused: Refused = NONE_REFUSED
) -> Scored:
    """Images 0, 1, 2 … with these labels and raw probabilities."""
    names = sources or [""] * len(labels)
    samples = [
        image(f"{index}.jpg", label, source or None)
        for index, (label, source) in enumerate(zip(labels, names, strict=True))
    ]
    return Scored(tuple(samples), np.array(raw, dtype=float), np.arange(len(labels)), refused)


def drawn(images: int = 120, seed: int = 1) -> Scored:
    """Two sources, both classes, and probabilities that overlap."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=images)
    raw = 1 / (1 + np.exp(-rng.normal(np.where(labels == COVID, 1.5, -1.5), 1.0)))
    return scored(labels.tolist(), raw.tolist(), [("Alpha", "Beta")[index % 2] for index in range(images)])
