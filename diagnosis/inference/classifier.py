"""Radiograph → Classification: gate, preprocessing, engine, decision, in that order."""

import time
from dataclasses import dataclass

import numpy as np

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import COVID_INDEX, Prediction
from diagnosis.imaging.radiograph import Radiograph
from diagnosis.inference.artifacts import Artifact
from diagnosis.inference.engines import Engine
from diagnosis.inference.gate import check_assessable
from diagnosis.inference.preprocessing import preprocess


@dataclass(frozen=True)
class Classification:
    """What the model says of one radiograph. Probabilities are of COVID, 0..1.

    confidence: probability of the returned label; None when Indeterminate, which is no label.
    operating_point, indeterminate_low, indeterminate_high: see diagnosis.operating_point.DecisionRule.
    heat_map: (rows, cols) float32, 0..1, evidence for COVID, to be stretched over the whole radiograph.
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


class Classifier:
    """One version of the model on one engine; safe to use from any thread."""

    def __init__(self, artifact: Artifact, engine: Engine) -> None:
        self.artifact = artifact
        self.engine = engine

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
        image = preprocess(radiograph.pixels, self.artifact.preprocessing)
        output = self.engine.run(image[None])
        if not (np.isfinite(output.probabilities).all() and np.isfinite(output.evidence).all()):
            raise ModelUnavailable("The model returned a value that is not a number; nothing was stored.")
        raw = float(output.probabilities[0, COVID_INDEX])
        decision = self.artifact.decision
        probability = float(decision.calibration.apply(raw))
        prediction = decision.rule.predict(probability)
        return Classification(
            prediction=prediction,
            probability=probability,
            raw_probability=raw,
            confidence=confidence_of(prediction, probability),
            operating_point=decision.rule.operating_point,
            indeterminate_low=decision.rule.indeterminate_low,
            indeterminate_high=decision.rule.indeterminate_high,
            heat_map=np.clip(output.evidence[0] / decision.evidence_scale, 0, 1).astype(np.float32),
            model_version=self.artifact.version,
            weights_sha256=self.artifact.weights_sha256,
            engine=self.engine.name,
            milliseconds=(time.perf_counter() - started) * 1000,
        )


def confidence_of(prediction: Prediction, probability: float) -> float | None:
    """Probability of the returned label; None when there is none."""
    if prediction is Prediction.INDETERMINATE:
        return None
    return probability if prediction is Prediction.POSITIVE else 1 - probability
