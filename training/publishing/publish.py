"""From a trained network to a version in ``models/``: judged on held-out images, described, hashed, renamed."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from diagnosis.findings import COVID_INDEX, USUAL_CLASSES, Classes
from diagnosis.inference.artifacts import (
    CARD,
    GOLDEN,
    ONE_NETWORK,
    OWN_CLASSES,
    TRAINED,
    WITH_LUNGS,
    Artifact,
    new_version,
    write_built,
    write_json,
)
from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.decision import Decision
from diagnosis.inference.engines import Engine, EngineOutput, OpenVINOEngine
from diagnosis.inference.examination import open_examiner
from diagnosis.inference.preprocessing import preprocess
from training.data.classes import class_in_words, truth_of
from training.data.dataset import NONE_REFUSED, Sample, read_image, read_judged
from training.data.splits import Split, write_split
from training.evaluation.judgement import Judgement, Scored, errors, judge, metrics_tree, part_metrics, write_errors
from training.evaluation.plots import draw_plots, draw_worst_errors
from training.evaluation.shortcuts import audit_shortcuts
from training.evaluation.unseen_decision import decide
from training.fitting.features import openvino_runner
from training.fitting.plan import Trained
from training.fitting.trainer import tail_tensors, write_history
from training.network.architecture import cut_network
from training.network.backbone import scaling_of
from training.network.resnets import RESNETS
from training.network.tensors import named_tensors, save_tensors, tensors_sha256
from training.progress import Progress
from training.publishing.assembly import write_graphs
from training.publishing.card import write_card
from training.publishing.class_sections import class_limits, class_notes, class_sections
from training.publishing.golden import golden_answers
from training.publishing.precision import choose_precision
from training.publishing.unseen_sections import tells_apart, with_left_out

logger = logging.getLogger(__name__)

EVIDENCE_IMAGES = 100
"""COVID images of the validation part that set the scale of the heat map."""
AUDIT_IMAGES = 400
PACKAGES = ("tensorflow-cpu", "tensorflow", "keras", "openvino", "numpy", "pillow", "scikit-learn", "pydicom")


def publish(trained: Trained, progress: Progress) -> Path:
    """Write the version's folder; it appears under its name when all of it is there."""
    plan = trained.plan
    with new_version(plan.output, plan.name) as folder:
        write_graphs(trained.network, folder)
        engine = OpenVINOEngine(folder)
        parts = scored_parts(trained)
        judgement = judge(parts["validation"])
        unseen = decide(trained.left_out) if tells_apart(trained.left_out) else None
        if unseen:
            judgement = replace(judgement, calibration=unseen.calibration, rule=unseen.rule)
        judged = {name: part for name, part in parts.items() if name != "validation"}
        decision = Decision(
            judgement.calibration,
            judgement.rule,
            evidence_scale(trained, engine, plan.recipe.preprocessing),
            others=judgement.others,
        )
        metrics = metrics_tree(parts, judgement)
        audit = audit_of(trained, engine, judgement, folder, progress)
        card = describe(trained, decision, metrics, audit) | {
            "external": {path.name: external_figures(path, trained, engine, judgement) for path in plan.external}
        }
        if trained.left_out:
            card = with_left_out(card, trained.left_out, unseen, decision)
        found = errors(judged, judgement)

        save_tensors(folder / TRAINED, tail_tensors(trained.network, plan.recipe))
        write_json(folder / CARD, card)
        write_json(folder / "metrics.json", metrics)
        write_split(folder / "split.csv", trained.split)
        write_history(folder / "history.csv", trained.folder.read_history())
        write_errors(folder / "errors.csv", found, trained.split.classes)
        draw_plots(folder, parts, judgement, trained.folder.read_history())
        draw_worst_errors(folder / "worst_errors.png", found, trained.split.classes)
        write_card(folder, card)  # shows the plots that are there
        artifact = Artifact(plan.name, folder, card, plan.recipe.preprocessing, decision)
        write_json(folder / GOLDEN, {"probabilities": golden_answers(open_examiner(artifact, engine))})
        choice = choose_precision(artifact, folder)
        write_built(artifact, folder, choice.precision, choice.why)
    return plan.output / plan.name


def scored_parts(trained: Trained) -> dict[str, Scored]:
    """Each evaluated part with the network's raw probabilities and what the reader and the gate refused of it.

    Only classes of its own are judged one by one: of the usual two, COVID says all.
    """
    split, dataset = trained.split, trained.dataset
    return {
        name: Scored(
            samples=split.parts()[name],
            raw=raw[:, COVID_INDEX],
            shares=None if dataset.classes.are_usual else raw,
            classes=dataset.classes,
            groups=split.group_numbers(split.parts()[name]),
            refused=dataset.refused("test") if name == "test" else NONE_REFUSED,
        )
        for name, raw in trained.predictions.items()
    }


def evidence_scale(trained: Trained, engine: Engine, preprocessing: Preprocessing) -> float:
    """Median, over COVID images of the validation part, of the strongest evidence in the image, in logits."""
    covid = [sample for sample in trained.split.validation if sample.label == COVID_INDEX][:EVIDENCE_IMAGES]
    peaks = [float(run_on(engine, [read_image(sample.path).pixels], preprocessing).evidence.max()) for sample in covid]
    return max(float(np.median(peaks)), 1e-6)


def run_on(engine: Engine, pictures: Iterable[np.ndarray], preprocessing: Preprocessing) -> EngineOutput:
    """The engine's output for decoded pictures, one after the other: what serving does."""
    outputs = [engine.run(preprocess(pixels, preprocessing)[None]) for pixels in pictures]
    return EngineOutput(
        np.concatenate([output.probabilities for output in outputs]),
        np.concatenate([output.evidence for output in outputs]),
    )


def audit_of(
    trained: Trained, engine: Engine, judgement: Judgement, folder: Path, progress: Progress
) -> dict[str, Any]:
    """The shortcut audit, on Test where there is one and on the paper's 15 % part otherwise."""
    recipe, split = trained.plan.recipe, trained.split
    scratch = trained.plan.work
    frozen = openvino_runner(cut_network(trained.network, 0).frozen, scratch)
    originals = sorted(trained.plan.originals.rglob("*.*")) if trained.plan.originals else []

    def predict(pictures: Sequence[np.ndarray]) -> np.ndarray:
        return run_on(engine, pictures, recipe.preprocessing).probabilities[:, COVID_INDEX].astype(float)

    def features(pictures: Sequence[np.ndarray]) -> np.ndarray:
        images = np.stack([preprocess(pixels, recipe.preprocessing) for pixels in pictures])
        return np.concatenate(frozen(images), axis=1)

    audit = audit_shortcuts(
        split.train,
        (split.test if split.classes.are_usual else ()) or split.test_part,  # Test may lack one of several classes
        predict=predict,
        features=features,
        judgement=judgement,
        originals=originals,
        images=AUDIT_IMAGES,
        on_progress=progress.of("Shortcut audit"),
    )
    return audit.as_dict()


def external_figures(path: Path, trained: Trained, engine: Engine, judgement: Judgement) -> dict[str, Any]:
    """Figures on a collection that gave nothing to training; nothing is chosen by them."""
    dataset = read_judged(path, trained.split.classes, trained.plan.choice, trained.plan.limit)
    pictures = (read_image(sample.path).pixels for sample in dataset.samples)
    raw = run_on(engine, pictures, trained.plan.recipe.preprocessing).probabilities.astype(float)
    shares = None if dataset.classes.are_usual else raw
    refused = dataset.refused("train")
    part = Scored(dataset.samples, raw[:, COVID_INDEX], refused=refused, shares=shares, classes=dataset.classes)
    return part_metrics(part, judgement)


def describe(trained: Trained, decision: Decision, metrics: dict[str, Any], audit: dict[str, Any]) -> dict[str, Any]:
    """The model card: the contract that serving checks, and everything a reader wants to know."""
    plan, split = trained.plan, trained.split
    return {
        "version": plan.name,
        "notes": list(plan.notes),
        **own_classes(split, metrics, audit, plan.notes),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "contract": {
            "format": format_of(plan.recipe.preprocessing, split.classes),
            "class_names": list(split.classes.names),
            "image_size": plan.recipe.preprocessing.size,
            "preprocessing": plan.recipe.preprocessing.as_dict(),
            **({} if split.classes.are_usual else {"multi_label": split.classes.is_multi_label}),
        },
        "network": {
            "architecture": RESNETS[plan.recipe.backbone].title,
            "backbone": plan.recipe.weights,
            "scaling": scaling_of(plan.recipe.weights, plan.recipe.backbone).as_dict(),
            "head": plan.recipe.head.as_dict(),
            "weights_sha256": tensors_sha256(named_tensors(trained.network)),
            "trained_sha256": tensors_sha256(tail_tensors(trained.network, plan.recipe)),
        },
        "decision": decision.as_dict(),
        "recipe": plan.recipe.as_dict(),
        "training": {
            "command": plan.command,
            "seconds": round(trained.seconds),
            "packages": installed_versions(),
            "parts": {name: counts_of(members, split.classes) for name, members in split.parts().items()},
            "refused": len(trained.dataset.refusals),
            "near_duplicates_crossing": split.crossing,
            "groups_with_both_classes": split.contradicting,
        },
        "figures": metrics,
        "shortcut_audit": audit,
    }


def installed_versions() -> dict[str, str]:
    """Of the packages that decide the result; TensorFlow's name depends on whether it runs on a GPU."""
    versions = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def format_of(preprocessing: Preprocessing, classes: Classes) -> int:
    if not classes.are_usual:
        return OWN_CLASSES
    return WITH_LUNGS if preprocessing.reads_lungs else ONE_NETWORK


def own_classes(split: Split, metrics: dict[str, Any], audit: dict[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """What a card says of classes of its own; nothing for the usual two."""
    classes = split.classes
    if classes.are_usual:
        return {}
    truth = truth_of(split.train, classes)
    sources = [sample.source or "source unknown" for sample in split.train]
    counts = {
        name: dict(Counter(source for source, is_there in zip(sources, has, strict=True) if is_there))
        for name, has in zip(classes.names, truth.T, strict=True)
    }
    return {
        "notes": [*class_notes(classes), *notes],
        "sections": class_sections(classes, metrics, audit, counts),
        "limits": class_limits(classes, counts),
    }


def counts_of(samples: Sequence[Sample], classes: Classes = USUAL_CLASSES) -> dict[str, int]:
    """Number of images by class and source, "COVID, name of the source"."""
    names = [f"{class_in_words(sample, classes)}, {sample.source or 'source unknown'}" for sample in samples]
    return {name: names.count(name) for name in sorted(set(names))}
