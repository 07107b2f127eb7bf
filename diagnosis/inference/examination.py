"""One picture through the networks of a version: score, evidence, lungs, opacities and quality, before any decision."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import COVID_INDEX
from diagnosis.inference.appearances import AppearanceHead, Finding
from diagnosis.inference.artifacts import Artifact
from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.engines import Engine, EngineOutput
from diagnosis.inference.gate.learned import LearnedGate, PooledFeatures, Quality, read_gate
from diagnosis.inference.lung_network import LungNetwork
from diagnosis.inference.lungs import Box, LungFields
from diagnosis.inference.opacities import lung_shares, mean_over_lungs
from diagnosis.inference.preprocessing import preprocess
from diagnosis.inference.views import edges, heat_of, lungs_view, placed, views_of

MAP_SIDE = 112
"""Side of the maps over the whole picture that are kept, in pixels."""


@dataclass(frozen=True)
class Seen:
    """What only a version that reads lungs knows of a picture.

    opacity: (112, 112) float32 in 0..1 over the whole picture. opacity_mean: over the lungs, before calibration.
    heat_in_lungs: share, 0..1, of the evidence that lies inside the lungs; None where there is no evidence.
    findings: of a version that knows appearances, in the order of the page.
    """

    lungs: LungFields
    quality: Quality
    opacity: np.ndarray
    opacity_mean: float
    heat_in_lungs: float | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Examination:
    """raw: probability of COVID as the network gives it. evidence: (rows, cols) >= 0 over the whole picture, logits.

    all_raw: (classes,) float64, of every class, the leading one first.
    """

    raw: float
    evidence: np.ndarray
    all_raw: NDArray[np.float64]
    seen: Seen | None = None


class FindsLungs(Protocol):
    def find(self, pixels: np.ndarray) -> LungFields: ...


class Examiner:
    """The networks of one version on one engine; safe to use from any thread."""

    def __init__(
        self,
        preprocessing: Preprocessing,
        engine: Engine,
        lung_network: FindsLungs | None = None,
        gate: LearnedGate | None = None,
        appearances: AppearanceHead | None = None,
    ) -> None:
        self.preprocessing = preprocessing
        self.engine = engine
        self._lung_network, self._gate = lung_network, gate
        self._appearances = appearances

    def examine(self, pixels: np.ndarray) -> Examination:
        """pixels: (height, width) uint8. Raises ModelUnavailable for a value that is not a number."""
        lungs = self._lung_network.find(pixels) if self._lung_network else None
        output = self._run(self._input_of(pixels, lungs))
        if lungs is None or self._gate is None:
            return Examination(_leading(output), output.evidence[0], output.probabilities[0].astype(float))
        return self._with_lungs(pixels, lungs, output, self._gate)

    def network_input(self, pixels: np.ndarray) -> NDArray[np.float32]:
        """(height, width) uint8 -> one picture for the network: (224, 224, 3), or (2, 224, 224, 3) with the lungs."""
        return self._input_of(pixels, self._lung_network.find(pixels) if self._lung_network else None)

    def _input_of(self, pixels: np.ndarray, lungs: LungFields | None) -> NDArray[np.float32]:
        if lungs is None:
            return preprocess(pixels, self.preprocessing)
        return views_of(pixels, found_box(lungs), self.preprocessing)

    def _run(self, image: np.ndarray) -> EngineOutput:
        output = self.engine.run(image[None])
        if not all(np.isfinite(value).all() for value in vars(output).values() if value is not None):
            raise ModelUnavailable("The model returned a value that is not a number; nothing was stored.")
        return output

    def _with_lungs(
        self, pixels: np.ndarray, lungs: LungFields, output: EngineOutput, gate: LearnedGate
    ) -> Examination:
        if output.opacity is None or output.quarters is None:
            raise ModelUnavailable("The model's graph lacks the opacity map or what the gate reads: build it again.")
        cells, box = output.opacity[0], lungs_view(found_box(lungs))
        quarters = output.quarters[0].reshape(4, -1)
        shares = lung_shares(lungs.mask, edges(box), len(cells))
        evidence = heat_of(output.evidence[0], box, MAP_SIDE)
        seen = Seen(
            lungs,
            gate.assess(pixels, lungs, PooledFeatures(quarters)),
            opacity=placed(cells * (shares > 0), box, MAP_SIDE),
            opacity_mean=mean_over_lungs(cells, shares),
            heat_in_lungs=share_inside(evidence, lungs.mask),
            findings=self._findings(output, cells),
        )
        return Examination(_leading(output), evidence, output.probabilities[0].astype(float), seen)

    def _findings(self, output: EngineOutput, cells: np.ndarray) -> tuple[Finding, ...]:
        if self._appearances is None:
            return ()
        if output.features is None or output.lung_quarters is None:
            raise ModelUnavailable("The model's graph lacks what its appearances are read from: build it again.")
        return self._appearances.findings(output.features[0], output.lung_quarters[0], cells)


def _leading(output: EngineOutput) -> float:
    return float(output.probabilities[0, COVID_INDEX])


def open_examiner(artifact: Artifact, engine: Engine, built: Path | None = None) -> Examiner:
    """The networks of a version; `built` has its graphs, if not the version's own folder. Raises ModelUnavailable."""
    if not artifact.preprocessing.reads_lungs:
        return Examiner(artifact.preprocessing, engine)
    try:
        lung_network = LungNetwork(built or artifact.folder)
    except Exception as error:  # OpenVINO raises bare RuntimeError and worse
        raise ModelUnavailable(
            f"The lung network of model {artifact.version} cannot be loaded. "
            f"An administrator repairs it with: manage.py build_model --force --model {artifact.version}"
        ) from error
    appearances = AppearanceHead.read(artifact.folder) if artifact.knows_appearances else None
    return Examiner(artifact.preprocessing, engine, lung_network, read_gate(artifact.folder), appearances)


def found_box(lungs: LungFields) -> Box | None:
    """The box around both lungs; None where none was found."""
    return lungs.box if lungs.boxes else None


def share_inside(heat: np.ndarray, mask: NDArray[np.bool_]) -> float | None:
    """Share, 0..1, of a map's sum that lies inside a mask; both are stretched over the whole picture."""
    total = float(heat.sum())
    if not total:
        return None
    height, width = mask.shape
    rows = (np.arange(heat.shape[0]) + 0.5) / heat.shape[0] * height
    cols = (np.arange(heat.shape[1]) + 0.5) / heat.shape[1] * width
    return float(heat[mask[np.ix_(rows.astype(int), cols.astype(int))]].sum() / total)
