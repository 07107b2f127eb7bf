"""What a run says of its version: opacities, steadiness and gate; and, as it is served, Test and other collections."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.artifacts import read_json
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.preprocessing import preprocess
from training.data.dataset import Sample, read_dataset
from training.evaluation.clear_films import CLEAR, ClearFilms, explain, probe
from training.evaluation.judgement import Judgement, Scored, metrics_tree, part_metrics
from training.evaluation.opacity_judgement import box_figures, lungs_mean, typical_against_negative
from training.evaluation.opacity_rule import OpacityScores
from training.evaluation.served import Served, served_answers, some_at_once
from training.evaluation.shortcuts import audit_shortcuts
from training.evaluation.steadiness import Steadiness, over_all, steadiness
from training.fitting.features import openvino_runner
from training.fitting.general import GeneralFit
from training.general_runner.appearances import FittedAppearances
from training.general_runner.plan import HEAD, GeneralPlan
from training.general_runner.preparation import Prepared, runner_of
from training.network.two_views import frozen_features
from training.progress import Progress, counted
from training.publishing.appearance_section import appearance_section
from training.publishing.general import PREPROCESSING
from training.publishing.unseen_sections import (
    clear_film_section,
    gate_section,
    left_out_section,
    opacity_section,
    steadiness_section,
)
from training.publishing.unseen_sections import test_section as section_of_test

AUDIT_IMAGES = 400
GATE_CARD = "gate.json"
NO_FIGURES: dict[str, Any] = {"how": "", "parts": {}}
Json = dict[str, Any]


def sections_of(
    plan: GeneralPlan,
    prepared: Prepared,
    fitted: GeneralFit,
    figures: dict[str, float],
    appearances: FittedAppearances | None = None,
) -> list[Json]:
    """What is known before the version is served; what leads the card comes first."""
    return [
        left_out_section(fitted.left_out, fitted.decision, figures),
        opacities(prepared)[1],
        *([appearance_section(appearances.figures)] if appearances else []),
        gate_section(read_json(plan.parts / GATE_CARD)),
        steadiness_section(steady_rows(prepared, fitted)),
    ]


def opacities(prepared: Prepared) -> tuple[OpacityScores, Json]:
    """The layer judged on readings that were held back: its yes and no, its map against boxes."""
    layer, cells = prepared.opacity, prepared.cells
    rows = cells.held_back
    maps = np.concatenate(
        [expit(layer.logits(prepared.maps[part])) for part in np.array_split(rows, 1 + len(rows) // 64)]
    )
    reading = [prepared.readings[row].reading for row in rows]
    figures = [
        box_figures(
            name,
            maps[of].astype(np.float32),
            [prepared.readings[rows[one]].boxes for one in of],
            [cells.views[rows[one]] for one in of],
            cells.lungs[rows[of]],
        )
        for name in ("typical", "indeterminate", "atypical")
        if len(of := np.flatnonzero(np.array(reading) == name))
    ]
    means = lungs_mean(maps.astype(np.float32), cells.lungs[rows]).astype(np.float64)
    section = opacity_section([one for one in figures if one], typical_against_negative(means, reading))
    return OpacityScores(means, reading), section


def steady_rows(prepared: Prepared, fitted: GeneralFit) -> list[Steadiness]:
    """Held-back pictures before and after each handling, each under the head that has not seen its source."""
    rows, decision = prepared.handled.rows, fitted.decision
    sources = prepared.pictures.sources[rows].tolist()
    heads = [fitted.without.get(source, fitted.head) for source in sources]

    def probabilities(values: NDArray[np.float32]) -> NDArray[np.float64]:
        logits = [float(head.scores(one[None])[0]) for head, one in zip(heads, values, strict=True)]
        return decision.calibration.apply(expit(logits))

    before = probabilities(prepared.features.both[rows])
    found = [
        steadiness(name, before, probabilities(values), decision.rule)
        for name, values in prepared.handled.features.items()
    ]
    return [*found, over_all(found)] if len(rows) else []


def judged(classifier: Classifier, plan: GeneralPlan, prepared: Prepared, progress: Progress) -> Json:
    """Test, the external collections, the clear-film probe and the shortcut audit, as the version is served."""
    decision = classifier.artifact.decision
    judgement = Judgement(decision.calibration, decision.rule)
    test = served_answers(classifier, counted(test_samples(prepared), progress.of("Test, as served")))
    clear = clear_films(test, classifier)
    audit = audited(classifier, plan, prepared, judgement, progress)
    if clear:
        audit["meaning"] += f" {explain(clear)}"
    return {
        "figures": metrics_tree({"test": test.scored}, judgement) if test.samples else NO_FIGURES,
        "external": {
            path.name: external_figures(classifier, path, judgement, progress, plan.limit) for path in plan.external
        },
        "sections": clear_film_sections(clear, test, judgement) if clear else [],
        "shortcut_audit": audit,
    }


def test_samples(prepared: Prepared) -> list[Sample]:
    return [prepared.gathered.samples[row] for row in prepared.gathered.test]


def clear_films(test: Served, classifier: Classifier) -> ClearFilms | None:
    labels = np.array([sample.label for sample in test.samples])
    readings = [sample.reading for sample in test.samples]
    return probe(labels, readings, test.probabilities, classifier.artifact.decision.rule)


def clear_film_sections(clear: ClearFilms, test: Served, judgement: Judgement) -> list[Json]:
    """The probe, and Test with and without the clear films."""
    scored = test.scored
    kept = [
        row
        for row, sample in enumerate(scored.samples)
        if not (sample.label == COVID_INDEX and sample.reading == CLEAR)
    ]
    samples = tuple(scored.samples[row] for row in kept)
    without = Scored(samples, scored.raw[kept], refused=scored.refused, limited=test.limited[kept])
    parts = {"all of Test": scored, "without the clear ones": without}
    figures = {name: part_metrics(part, judgement, resamples=1) for name, part in parts.items()}
    return [clear_film_section(clear), section_of_test(figures)]


def audited(
    classifier: Classifier, plan: GeneralPlan, prepared: Prepared, judgement: Judgement, progress: Progress
) -> Json:
    """The shortcut audit, on Test; the probe of borders reads the frozen features of the whole picture."""
    learned = [prepared.gathered.samples[row] for row in prepared.gathered.learned]
    frozen = frozen_features(prepared.backbone, HEAD, prepared.opacity)
    run = (runner_of(plan) or openvino_runner)(frozen, prepared.store.folder)

    def predict(pictures: Sequence[np.ndarray]) -> NDArray[np.float64]:
        return np.array([seen.raw for seen in some_at_once(classifier.examiner.examine, pictures)])

    def features(pictures: Sequence[np.ndarray]) -> NDArray[np.float32]:
        return run(np.stack([preprocess(pixels, PREPROCESSING) for pixels in pictures]))[0]

    audit = audit_shortcuts(
        learned,
        test_samples(prepared),
        predict,
        features,
        judgement,
        originals=plan.original_files,
        images=AUDIT_IMAGES,
        on_progress=progress.of("Shortcut audit"),
    )
    return audit.as_dict()


def external_figures(
    classifier: Classifier, path: Path, judgement: Judgement, progress: Progress, limit: int | None
) -> Json:
    samples = read_dataset(path, fewest_per_class=1, limit=limit).samples
    served = served_answers(classifier, counted(samples, progress.of(f"{path.name}, as served")))
    return part_metrics(served.scored, judgement)
