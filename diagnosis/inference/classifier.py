"""Radiograph → Classification: rules of the gate, networks, learned gate, decision, in that order."""

import time
from dataclasses import dataclass, replace

import numpy as np

from diagnosis.findings import Prediction, Verdict
from diagnosis.imaging.radiograph import Radiograph
from diagnosis.inference.appearances import Finding
from diagnosis.inference.artifacts import Artifact
from diagnosis.inference.decision import DecisionRule
from diagnosis.inference.engines import Engine
from diagnosis.inference.examination import Examination, Examiner, Seen
from diagnosis.inference.gate import check_assessable
from diagnosis.inference.gate.doubtful import refuse_doubtful
from diagnosis.inference.gate.learned import Quality
from diagnosis.inference.gate.sentences import refuse
from diagnosis.inference.lungs import Outline, outlines
from diagnosis.inference.opacities import Opacities


@dataclass(frozen=True)
class LungsSeen:
    """Where the lungs are, and how much of the heat map lies in them.

    outlines: of each lung, points (x, y) in fractions of the picture. heat_inside: share, 0..1; None without any heat.
    """

    outlines: tuple[Outline, ...]
    heat_inside: float | None


@dataclass(frozen=True)
class Classification:
    """What the model says of one radiograph. Probabilities are of COVID, 0..1.

    confidence: probability of the returned label; None when Indeterminate, which is no label.
    operating_point, indeterminate_low, indeterminate_high: see diagnosis.inference.decision.DecisionRule.
    heat_map: (rows, cols) float32, 0..1, evidence for COVID, to be stretched over the whole radiograph.
    quality, lungs, opacities: of a version that reads lungs. A limited quality makes the answer Indeterminate, whatever
    the probability is.
    """

    prediction: Prediction
    probability: float
    raw_probability: float
    confidence: float | None
    operating_point: float
    indeterminate_low: float
    indeterminate_high: float
    heat_map: np.ndarray
    model_version: str
    weights_sha256: str
    engine: str
    milliseconds: float
    quality: Quality | None = None
    lungs: LungsSeen | None = None
    opacities: Opacities | None = None
    findings: tuple[Finding, ...] = ()
    """What else the version looks for, from the same pass; the answer does not depend on it."""

    def decided_by(self, rule: DecisionRule) -> "Classification":
        """The same answer, decided by another rule. Of a limited picture it stays Indeterminate."""
        prediction = label_of(self.probability, self.quality, rule)
        return replace(
            self,
            prediction=prediction,
            confidence=confidence_of(prediction, self.probability),
            operating_point=rule.operating_point,
            indeterminate_low=rule.indeterminate_low,
            indeterminate_high=rule.indeterminate_high,
        )


class Classifier:
    """One version of the model on one engine; safe to use from any thread."""

    def __init__(self, artifact: Artifact, engine: Engine, examiner: Examiner | None = None) -> None:
        self.artifact = artifact
        self.engine = engine
        self.examiner = examiner or Examiner(artifact.preprocessing, engine)

    @property
    def model_version(self) -> str:
        return self.artifact.version

    @property
    def weights_sha256(self) -> str:
        return self.artifact.weights_sha256

    def classify(self, radiograph: Radiograph) -> Classification:
        """Raises RadiographRejected when the radiograph cannot be assessed."""
        started = time.perf_counter()
        check_assessable(radiograph)
        examined = self.examiner.examine(radiograph.pixels)
        quality = examined.seen.quality if examined.seen else None
        if quality:
            refuse(quality)
        refuse_doubtful(radiograph.doubts, is_seen=quality is not None)
        return self._decided(examined, started)

    def _decided(self, examined: Examination, started: float) -> Classification:
        decision, seen = self.artifact.decision, examined.seen
        probability = float(decision.calibration.apply(examined.raw))
        prediction = label_of(probability, seen.quality if seen else None, decision.rule)
        return Classification(
            prediction=prediction,
            probability=probability,
            raw_probability=examined.raw,
            confidence=confidence_of(prediction, probability),
            operating_point=decision.rule.operating_point,
            indeterminate_low=decision.rule.indeterminate_low,
            indeterminate_high=decision.rule.indeterminate_high,
            heat_map=np.clip(examined.evidence / decision.evidence_scale, 0, 1).astype(np.float32),
            model_version=self.artifact.version,
            weights_sha256=self.artifact.weights_sha256,
            engine=self.engine.name,
            milliseconds=(time.perf_counter() - started) * 1000,
            quality=seen.quality if seen else None,
            lungs=LungsSeen(tuple(outlines(seen.lungs)), seen.heat_in_lungs) if seen else None,
            opacities=self._opacities(seen) if seen else None,
            findings=seen.findings if seen else self._other_classes(examined, probability),
        )

    def _other_classes(self, examined: Examination, probability: float) -> tuple[Finding, ...]:
        """Of a version with classes of its own, in its order."""
        calibration = self.artifact.decision.others
        if calibration is None:
            return ()
        _leading, *others = calibration.apply(examined.all_raw[None], np.array([probability]))[0]
        return tuple(Finding(name, float(one)) for name, one in zip(self.artifact.classes.others, others, strict=True))

    def _opacities(self, seen: Seen) -> Opacities | None:
        rule = self.artifact.decision.opacities
        if rule is None:
            return None
        probability = float(rule.calibration.apply(seen.opacity_mean))
        return Opacities(rule.answer(probability), probability, seen.opacity)


def label_of(probability: float, quality: Quality | None, rule: DecisionRule) -> Prediction:
    """Indeterminate where the picture is limited, whatever the probability is."""
    is_limited = quality is not None and quality.verdict is not Verdict.OK
    return Prediction.INDETERMINATE if is_limited else rule.predict(probability)


def confidence_of(prediction: Prediction, probability: float) -> float | None:
    """Probability of the returned label; None when there is none."""
    if prediction is Prediction.INDETERMINATE:
        return None
    return probability if prediction is Prediction.POSITIVE else 1 - probability
