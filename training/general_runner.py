"""A run of the preset `general`: pictures, features of two views, heads by left-out sources, opacities, a version.

What every run of it learns and how it is judged: docs/decisions/0005-unseen-hospitals.md. Lungs and gate are taken from
a folder that already has them (`train_lung_fields` and the gate's own training make them).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from diagnosis.findings import CLASS_NAMES, COVID_INDEX
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.contract import IMAGE_SIZE
from diagnosis.inference.lung_network import LungNetwork
from diagnosis.inference.lungs import Box
from diagnosis.inference.opacities import lung_shares
from diagnosis.inference.views import edges, lungs_view
from training.data.dataset import Sample, read_dataset, read_image
from training.data.gathered import Gathered, gather
from training.data.readings import Reading, as_samples, read_readings
from training.evaluation.clear_films import probe
from training.evaluation.judgement import Judgement, metrics_tree, part_metrics
from training.evaluation.leave_out import Pictures, leave_out, summary, table
from training.evaluation.opacity_judgement import box_figures, lungs_mean, typical_against_negative
from training.evaluation.opacity_rule import OpacityScores, choose_opacity_rule
from training.evaluation.served import served_answers
from training.fitting.features import FeatureStore, View, fill_store, store_for
from training.fitting.general import GeneralConfig, GeneralFit, ViewFeatures, fit_general, fit_head
from training.fitting.general_features import (
    COPIES,
    PLAIN,
    StoredMaps,
    TwoViews,
    features_of,
    key_of,
    remembered,
    rows_of,
)
from training.fitting.inputs import spread_over_sources
from training.lungs.keeping import load_lungs, write_lung_graph
from training.network.architecture import HeadConfig, set_discriminant
from training.network.backbone import build_backbone
from training.network.opacity import OpacityLayer, cells_inside, fit_opacity
from training.network.tensors import as_stored, assign_tensors
from training.network.two_views import build_two_view_network, frozen_features, set_opacity
from training.progress import Progress
from training.publishing.general import PREPROCESSING, GeneralVersion, publish_general, trained_tensors
from training.publishing.unseen_sections import clear_film_section, left_out_section, opacity_section, shares_of

WEIGHTS = "astra"
HEAD = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0, l2=0.0)
ROWS = 14
"""Of the finest map that the head reads."""
LEARNED_READINGS = ("typical", "indeterminate", "negative")
EVIDENCE_PICTURES = 40
NO_FIGURES: dict[str, Any] = {"how": "", "parts": {}}


@dataclass(frozen=True)
class GeneralPlan:
    """Where a run reads and writes. parts: a folder with lungs.npz, lungs.json, gate.npz and gate.json."""

    data: Path
    readings: Path
    parts: Path
    output: Path
    name: str
    cache: Path
    extra: tuple[Path, ...] = ()
    external: tuple[Path, ...] = ()
    config: GeneralConfig = field(default_factory=GeneralConfig)
    seed: int = 123
    limit: int | None = None
    notes: tuple[str, ...] = ()
    command: str = ""

    @property
    def work(self) -> Path:
        return self.output / f".training-{self.name}"


@dataclass(frozen=True)
class Prepared:
    """Pictures with the features of both views; readings with the maps of their lungs' view."""

    gathered: Gathered
    readings: tuple[Reading, ...]
    network: keras.Model = field(repr=False)
    features: ViewFeatures = field(repr=False)
    maps: StoredMaps = field(repr=False)
    lungs: LungNetwork = field(repr=False)
    cells: "ReadCells" = field(repr=False)
    opacity: OpacityLayer = field(repr=False)

    @property
    def pictures(self) -> Pictures:
        """Those that are learned from."""
        rows = self.gathered.learned
        return Pictures(
            self.gathered.labels[rows],
            self.gathered.hospitals[rows],
            self.gathered.groups[rows],
            self.gathered.held_back[rows],
        )


def train_general(plan: GeneralPlan, progress: Progress) -> Path:
    """Do all that ``manage.py train_resnet152 --preset general`` promises; returns the new version's folder."""
    prepared = prepare(plan, progress)
    fitted = fit_general(prepared.features, prepared.pictures, plan.config)
    progress.say(f"Left-out sources: {summary(fitted.left_out)}")
    return publish_general(version_of(plan, prepared, fitted))


def train_without(plan: GeneralPlan, source: str, progress: Progress) -> list[dict[str, Any]]:
    """Leave one source out and say how it is judged by the rest; nothing is published."""
    prepared = prepare(plan, progress)
    pictures, features = prepared.pictures, prepared.features
    if source not in set(pictures.sources.tolist()):
        raise ValueError(
            f"There is no source {source!r}; known are {', '.join(sorted(set(pictures.sources.tolist())))}."
        )
    decision = fit_general(features, pictures, plan.config).decision
    one = leave_out(
        pictures,
        lambda rows: lambda others: fit_head(features, pictures, rows, plan.config).scores(features.both[others]),
        source,
        [source],
    )
    return [row.as_dict() for row in table([one], decision.calibration, decision.rule)]


def prepare(plan: GeneralPlan, progress: Progress) -> Prepared:
    """Read everything, and compute what is frozen; what is on disk already is taken from there."""
    keras.utils.set_random_seed(plan.seed)
    dataset = read_dataset(plan.data, extra=plan.extra, limit=plan.limit, on_progress=progress.of("Decoding"))
    readings = read_readings(plan.readings)
    seen = as_samples(plan.readings, readings)
    share = plan.config.held_back
    gathered = gather(dataset, seen, share, plan.seed, progress.of("Finding near duplicates"))
    backbone = build_backbone(WEIGHTS, IMAGE_SIZE)
    lungs = lung_network(plan)
    views = TwoViews(remembered(lambda pixels: lungs.find(pixels).box), PREPROCESSING)
    frozen = frozen_features(backbone, HEAD)
    pooled = keras.Model(frozen.input, frozen.outputs[0])
    learned = [gathered.samples[row] for row in gathered.learned]
    steadied = plan.config.discriminant.augmentation_weight > 0
    copied = spread_over_sources(learned, plan.config.discriminant.augmented_images) if steadied else []
    wanted = [view for sample in learned for view in views.views(sample)]
    wanted += [view for copy in COPIES for sample in copied for view in views.views(sample, copy)]
    features = features_of(filled(plan, pooled, wanted, progress, "Features"), learned, copied)
    maps = reading_maps(plan, frozen, seen, views, progress)
    network = build_two_view_network(backbone, HEAD)
    cells = read_cells(gathered, readings, lungs)
    layer = opacity_layer(plan, maps, cells)
    return Prepared(gathered, readings, network, replace(features, opacity=layer), maps, lungs, cells, layer)


def lung_network(plan: GeneralPlan) -> LungNetwork:
    folder = plan.work / "lungs"
    folder.mkdir(parents=True, exist_ok=True)
    write_lung_graph(load_lungs(plan.parts), folder)
    return LungNetwork(folder)


def filled(
    plan: GeneralPlan, frozen: keras.Model, views: Sequence[View], progress: Progress, what: str
) -> FeatureStore:
    store = store_for(plan.cache, frozen, PREPROCESSING)
    fill_store(store, frozen, views, progress.of(what))
    return store


def reading_maps(
    plan: GeneralPlan, frozen: keras.Model, seen: Sequence[Sample], views: TwoViews, progress: Progress
) -> StoredMaps:
    """The maps of each reading's lungs' view, on disk."""
    maps = keras.Model(frozen.input, frozen.outputs[1:])
    of_lungs = [view for sample in seen for view in views.views(sample) if view.key == key_of(sample, "lungs", PLAIN)]
    store = filled(plan, maps, of_lungs, progress, "Maps of readings")
    return StoredMaps(store, rows_of(store, seen, "lungs"))


def version_of(plan: GeneralPlan, prepared: Prepared, fitted: GeneralFit) -> GeneralVersion:
    """The network with its head and opacity layer, rounded as they are stored, and what the card says."""
    scores, sections = opacities(prepared)
    set_discriminant(prepared.network, fitted.head)
    set_opacity(prepared.network, prepared.opacity)
    shares = shares_of(fitted.left_out, fitted.decision)
    figures = summary(fitted.left_out) | shares
    version = GeneralVersion(
        name=plan.name,
        output=plan.output,
        network=prepared.network,
        backbone=WEIGHTS,
        head=HEAD,
        parts=plan.parts,
        decision=fitted.decision,
        opacities=choose_opacity_rule(scores),
        covid=covid_pixels(prepared.gathered),
        sections=[left_out_section(fitted.left_out, fitted.decision, figures), *sections],
        summary=shares,
        recipe={"preset": "general", **plan.config.as_dict()},
        training=training_facts(plan, prepared.gathered),
        notes=plan.notes,
        judge=lambda classifier: judged(classifier, plan, prepared),
        pictures=list(split_rows(prepared.gathered)),
    )
    assign_tensors(version.network, as_stored(trained_tensors(version)))
    return version


@dataclass(frozen=True)
class ReadCells:
    """Of (n,) readings: the view of their lungs, and of its cells, (n, rows, rows), the share in boxes and in lungs.

    learned: rows that the layer learns from. held_back: rows that it is judged by. No copy of Test is among either.
    """

    views: list[Box]
    targets: NDArray[np.float32]
    lungs: NDArray[np.float32]
    learned: NDArray[np.int64]
    held_back: NDArray[np.int64]


def read_cells(gathered: Gathered, readings: Sequence[Reading], network: LungNetwork) -> ReadCells:
    fields = [network.find(read_image(one.path).pixels) for one in readings]
    views = [lungs_view(one.box if one.boxes else None) for one in fields]
    first = len(gathered.samples) - len(readings)
    numbers = np.arange(len(readings)) + first
    free, held_back = np.isin(numbers, gathered.judged), gathered.held_back[first:]
    known = np.isin([one.reading for one in readings], LEARNED_READINGS)
    return ReadCells(
        views,
        np.stack([cells_inside(one.boxes, view, ROWS) for one, view in zip(readings, views, strict=True)]),
        np.stack([lung_shares(one.mask, edges(view), ROWS) for one, view in zip(fields, views, strict=True)]),
        np.flatnonzero(free & ~held_back & known),
        np.flatnonzero(free & held_back),
    )


def opacity_layer(plan: GeneralPlan, maps: StoredMaps, cells: ReadCells) -> OpacityLayer:
    """Fitted on readings that are not held back."""
    learned = replace(maps, rows=maps.rows[cells.learned])
    return fit_opacity(learned, cells.targets[cells.learned], cells.lungs[cells.learned], plan.config.opacity)


def opacities(prepared: Prepared) -> tuple[OpacityScores, list[dict[str, Any]]]:
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
    return OpacityScores(means, reading), [section]


def judged(classifier: Classifier, plan: GeneralPlan, prepared: Prepared) -> dict[str, Any]:
    """Test, the external collections and the clear-film probe, as the version is served."""
    gathered = prepared.gathered
    test = served_answers(classifier, [gathered.samples[row] for row in gathered.test])
    decision = classifier.artifact.decision
    judgement = Judgement(decision.calibration, decision.rule)
    found: dict[str, Any] = {"figures": metrics_tree({"test": test.scored}, judgement) if test.samples else NO_FIGURES}
    found["external"] = {path.name: external_figures(classifier, path, judgement, plan.limit) for path in plan.external}
    labels = np.array([sample.label for sample in test.samples])
    clear = probe(labels, [sample.reading for sample in test.samples], test.probabilities, decision.rule)
    return found | {"sections": [clear_film_section(clear)] if clear else []}


def external_figures(classifier: Classifier, path: Path, judgement: Judgement, limit: int | None) -> dict[str, Any]:
    samples = read_dataset(path, fewest_per_class=1, limit=limit).samples
    return part_metrics(served_answers(classifier, samples).scored, judgement)


def split_rows(gathered: Gathered) -> Iterator[tuple[str, ...]]:
    for part, rows in (("train", gathered.learned), ("test", gathered.test)):
        for row in rows:
            sample, label = gathered.samples[row], CLASS_NAMES[gathered.labels[row]]
            group = str(gathered.groups[row])
            yield (sample.name, part, label, sample.source or "", group, sample.content_key)


def covid_pixels(gathered: Gathered) -> list[np.ndarray]:
    rows = [row for row in gathered.learned if gathered.labels[row] == COVID_INDEX][:EVIDENCE_PICTURES]
    return [read_image(gathered.samples[row].path).pixels for row in rows]


def training_facts(plan: GeneralPlan, gathered: Gathered) -> dict[str, Any]:
    names = [
        f"{CLASS_NAMES[gathered.labels[row]]}, {gathered.samples[row].source or 'source unknown'}"
        for row in gathered.learned
    ]
    return {
        "command": plan.command,
        "parts": {"train": {name: names.count(name) for name in sorted(set(names))}},
    }
