"""The chain of a training run: data -> split -> network -> features -> two stages -> evaluation -> a version."""

import logging
import shutil
import time
from pathlib import Path

import keras
import numpy as np

from diagnosis.artifacts import checked_version
from diagnosis.contract import IMAGE_SIZE
from training.backbone import build_backbone
from training.dataset import Dataset, DatasetError, read_dataset
from training.discriminant import fit_discriminant
from training.inputs import CachedInputs, ImageInputs, labels_of
from training.network import build_network, set_discriminant
from training.plan import Plan, Trained
from training.progress import Progress
from training.publish import publish
from training.recipe import Recipe
from training.splits import Split, split_samples
from training.tensors import as_stored, assign_tensors
from training.trainer import RunFolder, keep_lowest_validation_loss, tail_tensors, train_stage

logger = logging.getLogger(__name__)

EVALUATED = ("validation", "test_part", "test")


def train(plan: Plan, progress: Progress) -> Path:
    """Do all that ``manage.py train_resnet152`` promises; returns the folder of the new version."""
    check_plan(plan)
    dataset, split = prepare_data(plan, progress)
    version = publish(train_network(plan, dataset, split, progress), progress)
    shutil.rmtree(plan.work)
    return version


def check_plan(plan: Plan) -> None:
    """Refuse what can be refused before any work. Raises DatasetError, FileExistsError or ModelUnavailable."""
    if (plan.output / checked_version(plan.name)).exists():
        raise FileExistsError(f"{plan.output / plan.name} exists already; a version never changes. Choose a --name.")
    if plan.work.exists() and not plan.resume:
        raise DatasetError(f"An interrupted run {plan.name} is there: go on with --resume, or delete {plan.work}.")


def prepare_data(plan: Plan, progress: Progress) -> tuple[Dataset, Split]:
    dataset = read_dataset(
        plan.data, extra=plan.extra, strict=plan.strict, limit=plan.limit, on_progress=progress.of("Decoding")
    )
    progress.say(f"{len(dataset.samples)} images, {len(dataset.refusals)} refused")
    split = split_samples(
        dataset.samples,
        mode=plan.recipe.split,
        seed=plan.recipe.seed,
        on_progress=progress.of("Finding near duplicates"),
    )
    progress.say(", ".join(f"{name} {len(members)}" for name, members in split.parts().items()))
    return dataset, split


def train_network(plan: Plan, dataset: Dataset, split: Split, progress: Progress) -> Trained:
    """Build the network, compute what is frozen, train what is not."""
    started, recipe, folder = time.monotonic(), plan.recipe, RunFolder(plan.work)
    keras.utils.set_random_seed(recipe.seed)
    network = build_network(build_backbone(recipe.weights, IMAGE_SIZE), recipe.head, recipe.seed)
    inputs = CachedInputs(network, recipe, plan.cache) if plan.cache else ImageInputs(network, recipe)
    inputs.prepare(split, progress.of("Features"))
    if recipe.fit == "discriminant":
        fit_head(network, inputs, split, recipe)
    for stage, epochs in ((1, recipe.epochs), (2, recipe.fine_tune_epochs)):
        if epochs:
            data, callback = inputs.stage_data(stage, split), progress.epochs(f"Stage {stage}", epochs)
            train_stage(stage, network, inputs.trained_part(stage), recipe, data, folder, [callback])
    keep_lowest_validation_loss(network, folder)
    assign_tensors(network, as_stored(tail_tensors(network, recipe)))
    parts = {name: members for name, members in split.parts().items() if name in EVALUATED and members}
    predictions = {name: inputs.predict(members) for name, members in parts.items()}
    return Trained(plan, dataset, split, network, folder, predictions, time.monotonic() - started)


def fit_head(network: keras.Model, inputs: CachedInputs | ImageInputs, split: Split, recipe: Recipe) -> None:
    """Fit the linear head in closed form on the training part."""
    if not isinstance(inputs, CachedInputs) or recipe.head.hidden_units:
        raise DatasetError("The discriminant needs the feature cache and a linear head (--hidden-units 0).")
    features = inputs.pooled()[inputs.rows(split.train)[:, 0]].astype(np.float64)
    sources = np.array([sample.source or "" for sample in split.train])
    fitted = fit_discriminant(features, labels_of(split.train), sources, recipe.discriminant)
    set_discriminant(network, fitted)
