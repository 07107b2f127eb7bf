"""What a run will take, said before it begins: images of each class and source, refusals, epochs, time and disk."""

from collections import Counter
from collections.abc import Iterator, Sequence

from diagnosis.findings import Classes
from diagnosis.inference.contract import IMAGE_SIZE
from training.data.classes import class_in_words
from training.data.dataset import Dataset, RefusedImage, Sample
from training.data.splits import Split
from training.fitting.plan import Plan
from training.fitting.recipe import Recipe
from training.network.resnets import DEFAULT, RESNETS

SECONDS_OF_A_VIEW = 0.12
"""Of the frozen part of ResNet-152, for one image of 224 x 224 on four processors of 2020."""
SECONDS_OF_AN_EPOCH = {1: 0.0002, 2: 0.02}
"""For one training image, with kept features."""
BYTES_OF_A_VIEW = {False: 24_000, True: 425_000}
"""Kept features: pooled ones, or with the map before the layers that stage 2 trains (decision 0002)."""
VERSION_BYTES = 300_000_000
_SHOWN_REASONS = 10


def described(plan: Plan, dataset: Dataset, split: Split) -> Iterator[str]:
    """Lines for a person."""
    for part in ("train", "test", "extra"):
        yield from counts_of(dataset.samples, part, dataset.classes)
    yield from refusals_of(dataset.refusals)
    yield f"Epochs: {_epochs(plan.recipe)}."
    views, epochs = _views(plan.recipe, split), len(split.train)
    seconds = views * SECONDS_OF_A_VIEW * _work(plan.recipe)
    seconds += sum(number * epochs * SECONDS_OF_AN_EPOCH[stage] for stage, number in _stages(plan.recipe))
    disk = views * BYTES_OF_A_VIEW[plan.recipe.fine_tune_epochs > 0] if plan.cache else 0
    yield (
        f"Estimated for four processors without a GPU: {max(1, round(seconds / 60))} min for {views} views of "
        "images (those whose features are kept already cost nothing), "
        f"{disk / 1e9:.1f} GB of kept features and "
        f"{VERSION_BYTES / 1e9:.1f} GB for the version."
    )


def counts_of(of_all: Sequence[Sample], part: str, classes: Classes) -> Iterator[str]:
    """How many images of each class, and from which sources."""
    samples = [sample for sample in of_all if sample.part == part]
    named = [(class_in_words(sample, classes), sample) for sample in samples]
    order = sorted({(sample.label, name) for name, sample in named})
    for name in dict.fromkeys(name for _, name in order):
        sources = Counter(sample.source or "source unknown" for own, sample in named if own == name)
        if sources:
            listed = ", ".join(f"{source} {number}" for source, number in sorted(sources.items()))
            yield f"{part}, {name}: {sources.total()} ({listed})"


def refusals_of(refusals: Sequence[RefusedImage]) -> Iterator[str]:
    """Each reason once, with how many files and the first of them."""
    reasons = Counter(refusal.reason for refusal in refusals)
    for reason, number in reasons.most_common(_SHOWN_REASONS):
        first = next(refusal.name for refusal in refusals if refusal.reason == reason)
        yield f"Dropped {number}: {reason} (first: {first})"
    if len(reasons) > _SHOWN_REASONS:
        yield f"{len(reasons) - _SHOWN_REASONS} more reasons are not shown."


def _work(recipe: Recipe) -> float:
    """What a picture takes, as a share of what it takes in ResNet-152."""
    size = recipe.preprocessing.size / IMAGE_SIZE
    return RESNETS[recipe.backbone].gflop / RESNETS[DEFAULT].gflop * size**2


def _stages(recipe: Recipe) -> list[tuple[int, int]]:
    return [(1, recipe.epochs), (2, recipe.fine_tune_epochs)]


def _epochs(recipe: Recipe) -> str:
    if recipe.fit == "discriminant" and not recipe.epochs + recipe.fine_tune_epochs:
        return "none, the head is fitted in closed form"
    return f"at most {recipe.epochs} of stage 1 (the head), {recipe.fine_tune_epochs} of stage 2 (the last layers too)"


def _views(recipe: Recipe, split: Split) -> int:
    judged = len(split.validation) + len(split.test_part) + len(split.test)
    paired = min(len(split.train), recipe.discriminant.augmented_images) if recipe.fit == "discriminant" else 0
    return judged + len(split.train) * (recipe.views + 1) + paired
