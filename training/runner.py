"""The chain of a training run: data -> split -> network -> features -> two stages -> evaluation -> a version."""

import hashlib
import logging
import shutil
import time
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np

from training.data.classes import class_in_words, truth_of
from training.data.dataset import Dataset, read_dataset
from training.data.splits import Split, split_samples
from training.evaluation.leave_out import LeftOut, summary
from training.fitting.class_left_out import left_out_classes
from training.fitting.inputs import CachedInputs, ImageInputs, labels_of
from training.fitting.plan import Plan, Trained, check_free, forget_half_written
from training.fitting.recipe import Recipe
from training.fitting.tensorboard import EpochScalars
from training.fitting.trainer import (
    RunFolder,
    in_mixed_precision,
    keep_lowest_validation_loss,
    tail_tensors,
    train_stage,
)
from training.network.architecture import build_network, set_discriminant
from training.network.backbone import NAMED_WEIGHTS, build_backbone, check_weights, scaling_of
from training.network.class_discriminants import fit_class_discriminants, set_class_discriminants
from training.network.discriminant import fit_discriminant
from training.network.tensors import as_stored, assign_tensors
from training.progress import Progress
from training.publishing.publish import publish

logger = logging.getLogger(__name__)

EVALUATED = ("validation", "test_part", "test")


class PlanRefused(RuntimeError):
    """The run cannot be done as it was asked for."""


class TrainingDiverged(RuntimeError):
    """The network gives no numbers any more."""


def train(plan: Plan, progress: Progress) -> Path:
    """Do all that ``manage.py train_resnet152`` promises; returns the folder of the new version."""
    check_plan(plan)
    dataset, split = prepare_data(plan, progress)
    forget_half_written(plan.output, plan.name)
    plan = plan.for_classes(dataset.classes)
    if plan.shard:
        compute_features(plan, split, progress)
    version = publish(train_network(plan, dataset, split, progress), progress)
    shutil.rmtree(plan.work)
    return version


def check_plan(plan: Plan) -> None:
    """Refuse what can be refused before any work.

    Raises PlanRefused, DatasetError, FileExistsError or ModelUnavailable.
    """
    check_free(plan.output, plan.name, resume=plan.resume or plan.shard is not None)
    for folder in filter(None, (plan.originals, *plan.external)):
        if not folder.is_dir():
            raise PlanRefused(f"There is no folder {folder}.")
    if plan.shard and not plan.cache:
        raise PlanRefused("--shard shares the feature cache out: it does not go with --no-feature-cache.")
    check_recipe(plan.recipe, cached=plan.cache is not None)


def check_recipe(recipe: Recipe, cached: bool) -> None:
    """Raises PlanRefused or BackboneUnavailable when the parts of a recipe do not go together."""
    check_weights(recipe.weights, recipe.backbone)
    if recipe.weights not in NAMED_WEIGHTS and not Path(recipe.weights).is_file():
        raise PlanRefused(f"There is no weights file {recipe.weights}; --weights takes astra, imagenet or such a file.")
    if recipe.fit == "discriminant" and (recipe.head.hidden_units or not cached):
        raise PlanRefused("The discriminant of this preset needs the feature cache (and a head without hidden layer).")
    if recipe.fit == "gradient" and not recipe.epochs + recipe.fine_tune_epochs:
        raise PlanRefused("Without epochs there is nothing to train; give --epochs or --fine-tune-epochs.")


def prepare_data(plan: Plan, progress: Progress) -> tuple[Dataset, Split]:
    dataset = read_dataset(
        plan.data,
        extra=plan.extra,
        strict=plan.strict,
        limit=plan.limit,
        choice=plan.choice,
        on_progress=progress.of("Decoding"),
    )
    progress.say(f"{len(dataset.samples)} images, {len(dataset.refusals)} refused")
    split = split_samples(
        dataset.samples,
        mode=plan.recipe.split,
        seed=plan.recipe.seed,
        classes=dataset.classes,
        on_progress=progress.of("Finding near duplicates"),
    )
    progress.say(", ".join(f"{name} {len(members)}" for name, members in split.parts().items()))
    return dataset, split


def train_network(plan: Plan, dataset: Dataset, split: Split, progress: Progress) -> Trained:
    """Build the network, compute what is frozen, train what is not."""
    started, recipe, folder = time.monotonic(), plan.recipe, RunFolder(plan.work)
    claim(folder, plan, split)
    network = network_of(recipe)
    inputs = CachedInputs(network, recipe, plan.cache) if plan.cache else ImageInputs(network, recipe)
    inputs.prepare(split, progress.of("Features"))
    if recipe.fit == "discriminant" and isinstance(inputs, CachedInputs):
        fit_head(network, inputs, split, recipe)
    for stage, epochs in ((1, recipe.epochs), (2, recipe.fine_tune_epochs)):
        if epochs:
            data, callbacks = inputs.stage_data(stage, split), [progress.epochs(f"Stage {stage}", epochs)]
            if plan.tensorboard:
                callbacks.append(EpochScalars(plan.tensorboard / plan.name / f"stage{stage}"))
            part = inputs.trained_part(stage)
            with in_mixed_precision(part) if recipe.mixed_precision else nullcontext():
                train_stage(stage, network, part, recipe, data, folder, callbacks)
    keep_lowest_validation_loss(network, folder)
    assign_tensors(network, as_stored(tail_tensors(network, recipe)))
    parts = {name: members for name, members in split.parts().items() if name in EVALUATED and members}
    predictions = {name: inputs.predict(members) for name, members in parts.items()}
    if not all(np.isfinite(values).all() for values in predictions.values()):
        raise TrainingDiverged("The training diverged: nothing was published. Try a lower --learning-rate.")
    left_out = unseen(inputs, split, recipe, progress)
    return Trained(plan, dataset, split, network, folder, predictions, time.monotonic() - started, left_out)


def unseen(inputs: CachedInputs | ImageInputs, split: Split, recipe: Recipe, progress: Progress) -> tuple[LeftOut, ...]:
    """Left-out sources of classes of its own, where the head is the one in closed form and nothing else."""
    is_closed = recipe.fit == "discriminant" and not recipe.epochs + recipe.fine_tune_epochs
    if split.classes.are_usual or not is_closed or not isinstance(inputs, CachedInputs):
        return ()
    left_out = left_out_classes(inputs, split, recipe)
    if left_out:
        progress.say(f"Left-out sources: {summary(left_out)}")
    else:
        progress.say("Left-out sources: too few of them; the validation part chooses the operating point")
    return left_out


def network_of(recipe: Recipe) -> keras.Model:
    """As every machine and every run of this recipe builds it, before training."""
    keras.utils.set_random_seed(recipe.seed)
    backbone = build_backbone(recipe.weights, recipe.preprocessing.size, recipe.backbone)
    if recipe.weights == "random":  # they have a seed of their own
        keras.utils.set_random_seed(recipe.seed)
    network = build_network(backbone, recipe.head, recipe.seed, scaling_of(recipe.weights, recipe.backbone))
    check_unfreeze(network, recipe)
    return network


def compute_features(plan: Plan, split: Split, progress: Progress) -> None:
    """This machine's share of what is frozen, into the cache and nowhere else. Always raises PartDone."""
    if plan.cache:
        inputs = CachedInputs(network_of(plan.recipe), plan.recipe, plan.cache, plan.shard)
        inputs.prepare(split, progress.of(f"Features, {plan.shard}"))


def claim(folder: RunFolder, plan: Plan, split: Split) -> None:
    """A run is resumed as it was begun, or its card would lie. Raises PlanRefused for other options or images."""
    digest = hashlib.sha256(repr(sorted(plan.recipe.as_dict().items())).encode())
    for name, members in split.parts().items():
        digest.update(f"{name} {[sample.content_key for sample in members]}".encode())
        if not split.classes.are_usual:
            digest.update(repr([class_in_words(sample, split.classes) for sample in members]).encode())
    if folder.begun_as(digest.hexdigest()) != digest.hexdigest():
        raise PlanRefused(
            f"The interrupted run {plan.name} was begun with other options or other images: repeat them with --resume, "
            "or give --discard to begin anew."
        )


def check_unfreeze(network: keras.Model, recipe: Recipe) -> None:
    """Raises PlanRefused when the backbone has no frozen layer left, or fewer layers than are to be trained."""
    number = len(network.get_layer("backbone").layers)
    if not 0 <= recipe.unfreeze < number - 1:
        raise PlanRefused(f"--unfreeze takes 0 to {number - 2} layers of this backbone, not {recipe.unfreeze}.")


def fit_head(network: keras.Model, inputs: CachedInputs, split: Split, recipe: Recipe) -> None:
    """Fit the linear head in closed form on the training part."""
    features = inputs.pooled()[inputs.rows(split.train)[:, 0]].astype(np.float64)
    sources = np.array([sample.source or "" for sample in split.train])
    how = (sources, recipe.discriminant, inputs.changes(split))
    if split.classes.are_usual:
        set_discriminant(network, fit_discriminant(features, labels_of(split.train), *how))
    else:
        fitted = fit_class_discriminants(features, truth_of(split.train, split.classes), *how)
        set_class_discriminants(network, fitted)
