"""From folders to a version, or to what one left-out source says of the recipe."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from diagnosis.findings import CLASS_NAMES, COVID_INDEX
from diagnosis.inference.artifacts import check_new
from training.data.dataset import DatasetError, read_image
from training.data.gathered import Gathered
from training.evaluation.leave_out import leave_out, summary, table
from training.evaluation.opacity_rule import choose_opacity_rule
from training.fitting.general import GeneralFit, fit_general, fit_head, left_out_together
from training.fitting.plan import check_free, forget_half_written
from training.general_runner.appearances import fitted_appearances
from training.general_runner.judging import judged, opacities, sections_of, test_samples
from training.general_runner.plan import HEAD, WEIGHTS, GeneralPlan
from training.general_runner.preparation import Prepared, prepare
from training.network.architecture import set_discriminant
from training.network.tensors import as_stored, assign_tensors
from training.network.two_views import build_two_view_network, set_opacity
from training.progress import Progress
from training.publishing.general import GeneralVersion, publish_general, trained_tensors
from training.publishing.unseen_sections import shares_of

EVIDENCE_PICTURES = 40
COMPARED = 200
"""Pictures of Test on which int8 and float32 are compared."""


def check_general(plan: GeneralPlan) -> None:
    """Refuse what can be refused before any work. Raises DatasetError, FileExistsError or ModelUnavailable."""
    check_free(plan.output, plan.name, resume=plan.resume or plan.shard is not None)
    named = (plan.readings, plan.parts, plan.originals, *plan.external)
    if missing := [folder for folder in named if folder and not folder.is_dir()]:
        raise DatasetError(f"There is no folder {missing[0]}.")


def train_general(plan: GeneralPlan, progress: Progress) -> Path:
    """Do all that ``manage.py train_resnet152 --preset general`` promises; returns the new version's folder."""
    started = time.monotonic()
    check_new(plan.output, plan.name)
    forget_half_written(plan.output, plan.name)
    prepared = prepare(plan, progress)
    fitted = fit_general(prepared.features, prepared.pictures, plan.config)
    progress.say(f"Left-out sources: {summary(fitted.left_out)}")
    folder = publish_general(version_of(plan, prepared, fitted, progress, started))
    shutil.rmtree(plan.work)
    return folder


def train_without(plan: GeneralPlan, source: str, progress: Progress) -> list[dict[str, Any]]:
    """Leave one source out, with those of the same hospitals, and say how it is judged; nothing is published."""
    prepared = prepare(plan, progress)
    shutil.rmtree(plan.work)  # nothing is published, and what was computed is in the cache
    pictures, features = prepared.pictures, prepared.features
    kinds = {one: (name, sources) for name, sources in left_out_together(pictures).items() for one in sources}
    if source not in kinds:
        raise ValueError(f"There is no source {source!r} to leave out; there are {', '.join(sorted(kinds))}.")
    decision = fit_general(features, pictures, plan.config).decision
    one = leave_out(
        pictures,
        lambda rows: lambda others: fit_head(features, pictures, rows, plan.config).scores(features.both[others]),
        *kinds[source],
    )
    return [row.as_dict() for row in table([one], decision.calibration, decision.rule)]


def version_of(
    plan: GeneralPlan, prepared: Prepared, fitted: GeneralFit, progress: Progress, started: float
) -> GeneralVersion:
    """The network with its head and opacity layer, rounded as they are stored, and what the card says."""
    network = build_two_view_network(prepared.backbone, HEAD)
    set_discriminant(network, fitted.head)
    set_opacity(network, prepared.opacity)
    shares = shares_of(fitted.left_out, fitted.decision)
    figures = summary(fitted.left_out) | shares
    appearances = fitted_appearances(prepared, plan.config.appearances)
    test = test_samples(prepared)
    chosen = np.random.default_rng(plan.seed).permutation(len(test))[:COMPARED]
    version = GeneralVersion(
        name=plan.name,
        output=plan.output,
        network=network,
        backbone=WEIGHTS,
        head=HEAD,
        parts=plan.parts,
        ranges=plan.ranges,
        decision=fitted.decision,
        opacities=choose_opacity_rule(opacities(prepared)[0]),
        covid=covid_pixels(prepared.gathered),
        sections=sections_of(plan, prepared, fitted, figures, appearances),
        appearances=appearances.head if appearances else None,
        summary=shares,
        recipe={"preset": "general", **plan.config.as_dict()},
        training=training_facts(plan, prepared, round(time.monotonic() - started)),
        notes=plan.notes,
        judge=lambda classifier: judged(classifier, plan, prepared, progress),
        compared=[test[row] for row in chosen],
        pictures=list(split_rows(prepared.gathered)),
    )
    assign_tensors(version.network, as_stored(trained_tensors(version)))
    return version


def split_rows(gathered: Gathered) -> Iterator[tuple[str, ...]]:
    for part, rows in (("train", gathered.learned), ("test", gathered.test)):
        for row in rows:
            sample, label = gathered.samples[row], CLASS_NAMES[gathered.labels[row]]
            group = str(gathered.groups[row])
            yield (sample.name, part, label, sample.source or "", group, sample.content_key)


def covid_pixels(gathered: Gathered) -> list[np.ndarray]:
    """Of COVID pictures, evenly spread over those that are learned from."""
    rows = [row for row in gathered.learned if gathered.labels[row] == COVID_INDEX]
    spread = np.unique(np.linspace(0, len(rows) - 1, min(EVIDENCE_PICTURES, len(rows))).astype(int))
    return [read_image(gathered.samples[rows[number]].path).pixels for number in spread]


def training_facts(plan: GeneralPlan, prepared: Prepared, seconds: int) -> dict[str, Any]:
    gathered = prepared.gathered
    names = [
        f"{CLASS_NAMES[gathered.labels[row]]}, {gathered.samples[row].hospital or 'source unknown'}"
        for row in gathered.learned
    ]
    return {
        "command": plan.command,
        "seconds": seconds,
        "parts": {"train": {name: names.count(name) for name in sorted(set(names))}},
        "refused": prepared.refused,
    }
