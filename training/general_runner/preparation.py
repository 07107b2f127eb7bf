"""What a run has before anything is fitted: pictures, lungs, the opacity layer, and features of both views on disk.

First come the maps of the pictures that were read, then the opacity layer from their boxes, then the features of all
pictures, which that layer weighs. Each step is kept on disk: a run that was interrupted goes on where it stopped.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from diagnosis.inference.artifacts import file_sha256
from diagnosis.inference.contract import IMAGE_SIZE
from diagnosis.inference.lung_network import LungNetwork
from diagnosis.inference.lungs import Box
from diagnosis.inference.opacities import lung_shares
from diagnosis.inference.views import VIEWS, edges, lungs_view
from training.data.dataset import Dataset, Sample, read_dataset, read_image
from training.data.gathered import Gathered, gather
from training.data.readings import Reading, as_samples, read_readings
from training.evaluation.leave_out import Pictures, Rows
from training.evaluation.steadiness import HANDLINGS
from training.fitting.features import FeatureStore, Run, View, compiled_runner, frozen_graph, store_for
from training.fitting.general import ViewFeatures
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
from training.fitting.parts import check_no_shard, fill_in_parts
from training.general_runner.plan import HEAD, ROWS, WEIGHTS, GeneralPlan
from training.lungs.keeping import load_lungs, write_lung_graph
from training.network.backbone import build_backbone
from training.network.opacity import OpacityLayer, cells_inside, fit_opacity
from training.network.two_views import frozen_features, frozen_maps
from training.progress import Progress
from training.publishing.general import PREPROCESSING
from training.publishing.int8 import load_ranges, quantised

LEARNED_READINGS = ("typical", "indeterminate", "negative")


@dataclass(frozen=True)
class ReadCells:
    """Of (n,) readings: the view of their lungs, and of its cells, (n, rows, rows), the share in boxes and in lungs.

    learned: rows that the layer learns from. held_back: rows that it is judged by. read: all that are not held back,
    whatever was read. No copy of Test is among them.
    """

    views: list[Box]
    targets: NDArray[np.float32]
    lungs: NDArray[np.float32]
    learned: NDArray[np.int64]
    held_back: NDArray[np.int64]
    read: NDArray[np.int64]


class Kept:
    """Arrays in the cache, named after what they were made of: a run that was stopped does not make them again."""

    def __init__(self, plan: GeneralPlan, name: str, *made_of: Any) -> None:
        digest = hashlib.sha256()
        for one in made_of:
            digest.update(one.tobytes() if isinstance(one, np.ndarray) else repr(one).encode())
        self.path = plan.cache / f"{name}-{digest.hexdigest()[:16]}.npz"

    def arrays(self, make: Callable[[], Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
        if not self.path.is_file():
            beside = self.path.with_suffix(".unfinished.npz")
            np.savez(beside, **make())
            beside.rename(self.path)
        with np.load(self.path) as stored:
            return {name: stored[name] for name in stored.files}


@dataclass(frozen=True)
class Handled:
    """Held-back pictures, rows (n,) among those that are learned from, and their features after each handling."""

    rows: Rows
    features: Mapping[str, NDArray[np.float32]] = field(repr=False)
    """Both views one after the other, (n, 2 * features)."""


@dataclass(frozen=True)
class Prepared:
    """Pictures with the features of both views; readings with the maps of their lungs' view."""

    gathered: Gathered
    readings: tuple[Reading, ...]
    backbone: keras.Model = field(repr=False)
    store: FeatureStore = field(repr=False)
    """Of the features; beside them is the frozen network's graph."""
    features: ViewFeatures = field(repr=False)
    maps: StoredMaps = field(repr=False)
    cells: ReadCells = field(repr=False)
    opacity: OpacityLayer = field(repr=False)
    handled: Handled = field(repr=False)
    refused: int = 0
    """Pictures that the reader or the rules of the gate refused."""

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


@dataclass(frozen=True)
class ReadPictures:
    """All radiographs of a run, before anything is computed of them; the readings are the last of those gathered."""

    dataset: Dataset
    readings: tuple[Reading, ...]
    gathered: Gathered


def read_pictures(plan: GeneralPlan, progress: Progress) -> ReadPictures:
    dataset = read_dataset(plan.data, extra=plan.extra, limit=plan.limit, on_progress=progress.of("Decoding"))
    readings = tuple(read_readings(plan.readings))
    seen = as_samples(plan.readings, readings)
    config, bar = plan.config, progress.of("Finding near duplicates")
    gathered = gather(dataset, seen, config.held_back, plan.seed, bar, config.most_of_a_source)
    return ReadPictures(dataset, readings, gathered)


def prepare(plan: GeneralPlan, progress: Progress) -> Prepared:
    """Read everything, and compute what is frozen; what is on disk already is taken from there."""
    keras.utils.set_random_seed(plan.seed)
    pictures = read_pictures(plan, progress)
    dataset, readings, gathered = pictures.dataset, pictures.readings, pictures.gathered
    seen = gathered.samples[len(dataset.samples) :]
    lungs, backbone = lung_network(plan), build_backbone(WEIGHTS, IMAGE_SIZE)
    views = TwoViews(remembered(lambda pixels: lungs.find(pixels).box), PREPROCESSING)
    maps = reading_maps(plan, frozen_maps(backbone, HEAD), seen, views, progress)
    cells = read_cells(plan, gathered, readings, lungs, progress)
    opacity = opacity_layer(plan, maps, cells)
    frozen = frozen_features(backbone, HEAD, opacity)
    store, features, handled = all_features(plan, frozen, digest(opacity), gathered, views, progress)
    refused = len(dataset.refusals)
    return Prepared(gathered, readings, backbone, store, features, maps, cells, opacity, handled, refused)


def lung_network(plan: GeneralPlan) -> LungNetwork:
    folder = plan.work / "lungs"
    folder.mkdir(parents=True, exist_ok=True)
    write_lung_graph(load_lungs(plan.parts), folder)
    return LungNetwork(folder)


def filled(plan: GeneralPlan, frozen: keras.Model, views: Sequence[View], bar: Any, further: str = "") -> FeatureStore:
    """The store of the frozen network with all these views in it."""
    store = store_for(plan.cache, frozen, PREPROCESSING, plan.precision + further)
    fill_in_parts(store, frozen, views, bar, runner_of(plan), plan.shard)
    return store


def runner_of(plan: GeneralPlan) -> Any:
    """In int8 where the plan has ranges; None: in float32."""
    ranges = plan.ranges
    if ranges is None:
        return None

    def make(frozen: keras.Model, scratch: Path) -> Run:
        return compiled_runner(quantised(frozen_graph(frozen, scratch), load_ranges(ranges)), len(frozen.outputs))

    return make


def reading_maps(
    plan: GeneralPlan, maps: keras.Model, seen: Sequence[Sample], views: TwoViews, progress: Progress
) -> StoredMaps:
    """The maps of each reading's lungs' view, on disk."""
    of_lungs = [view for sample in seen for view in views.views(sample) if view.key == key_of(sample, "lungs", PLAIN)]
    store = filled(plan, maps, of_lungs, progress.of("Maps of readings"))
    return StoredMaps(store, rows_of(store, seen, "lungs"))


def read_cells(
    plan: GeneralPlan, gathered: Gathered, readings: Sequence[Reading], network: LungNetwork, progress: Progress
) -> ReadCells:
    first = len(gathered.samples) - len(readings)
    pictures = [sample.content_key for sample in gathered.samples[first:]]
    kept = Kept(plan, "lungs-of-readings", file_sha256(plan.parts / "lungs.npz"), pictures)
    found = kept.arrays(lambda: lungs_of(readings, network, progress.of("Lungs of readings")))
    views = [Box(*(float(edge) for edge in box)) for box in found["views"]]
    numbers = np.arange(len(readings)) + first
    free, held_back = np.isin(numbers, gathered.judged), gathered.held_back[first:]
    known = np.isin([one.reading for one in readings], LEARNED_READINGS)
    return ReadCells(
        views,
        np.stack([cells_inside(one.boxes, view, ROWS) for one, view in zip(readings, views, strict=True)]),
        found["shares"],
        np.flatnonzero(free & ~held_back & known),
        np.flatnonzero(free & held_back),
        np.flatnonzero(free & ~held_back),
    )


def lungs_of(
    readings: Sequence[Reading], network: LungNetwork, bar: Callable[[int, int], None]
) -> dict[str, NDArray[np.float32]]:
    """views (n, 4): edges of the lungs' view of each reading. shares (n, rows, rows): of its cells, what is lung."""
    views, shares = [], []
    for number, one in enumerate(readings):
        fields = network.find(read_image(one.path).pixels)
        view = edges(lungs_view(fields.box if fields.boxes else None))
        views.append(view)
        shares.append(lung_shares(fields.mask, view, ROWS))
        bar(number + 1, len(readings))
    return {"views": np.array(views), "shares": np.stack(shares)}


def opacity_layer(plan: GeneralPlan, maps: StoredMaps, cells: ReadCells) -> OpacityLayer:
    """Fitted on readings that are not held back."""
    learned = replace(maps, rows=maps.rows[cells.learned])
    targets, lungs = cells.targets[cells.learned], cells.lungs[cells.learned]
    kept = Kept(plan, "opacity-layer", maps.store.folder.name, learned.rows, targets, lungs, plan.config.opacity)
    found = kept.arrays(lambda: vars(fit_opacity(learned, targets, lungs, plan.config.opacity)))
    return OpacityLayer(found["mean"], found["scale"], found["kernel"], float(found["bias"]))


def all_features(
    plan: GeneralPlan,
    frozen: keras.Model,
    further: str,
    gathered: Gathered,
    views: TwoViews,
    progress: Progress,
) -> tuple[FeatureStore, ViewFeatures, Handled]:
    """Of every picture that is learned from or was read, of copies that the head must not follow, of handled ones.

    further: what the features depend on, and no layer's weights say.
    """
    learned = [gathered.samples[row] for row in gathered.learned]
    copied = copied_of(plan, learned)
    rows = handled_rows(gathered, plan.config.handled)
    handled = [learned[row] for row in rows]
    read = [gathered.samples[row] for row in gathered.judged]
    wanted = [view for sample in (*learned, *read) for view in views.views(sample)]
    wanted += [view for copy in COPIES for sample in copied for view in views.views(sample, copy)]
    wanted += [view for copy in HANDLINGS for sample in handled for view in views.views(sample, copy)]
    store = filled(plan, frozen, wanted, progress.of("Features"), further)
    check_no_shard(plan.shard)
    values = store.tensors(0)
    after = {copy: [values[rows_of(store, handled, view, copy)] for view in VIEWS] for copy in HANDLINGS}
    both = {copy: np.concatenate(each, axis=1) for copy, each in after.items()}
    return store, features_of(store, learned, copied), Handled(rows, both)


def copied_of(plan: GeneralPlan, learned: Sequence[Sample]) -> list[Sample]:
    """Those whose handled copies the head is kept from following."""
    recipe = plan.config.discriminant
    return spread_over_sources(learned, recipe.augmented_images) if recipe.augmentation_weight > 0 else []


def digest(opacity: OpacityLayer) -> str:
    """A frozen network's hash is of its layers' weights, and this layer is a constant in it."""
    kernel, bias = opacity.folded()
    return " opacity " + hashlib.sha256(kernel.tobytes() + np.float32(bias).tobytes()).hexdigest()


def handled_rows(gathered: Gathered, count: int) -> Rows:
    """At most `count` held-back pictures, by turns from each hospital; rows among those that are learned from."""
    held_back = np.flatnonzero(gathered.held_back[gathered.learned])
    hospitals = gathered.hospitals[gathered.learned]
    turn = np.zeros(len(held_back), int)
    for hospital in set(hospitals[held_back].tolist()):
        theirs = hospitals[held_back] == hospital
        turn[theirs] = np.arange(theirs.sum())
    return np.sort(held_back[np.argsort(turn, kind="stable")][:count])
