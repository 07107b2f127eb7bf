"""A card's sections on classes of its own: each against the rest, which was called what, and what sources give away."""

from collections.abc import Mapping
from typing import Any

from diagnosis.findings import Classes
from diagnosis.model_cards.sources import CHILDREN
from training.publishing.unseen_sections import section

Json = dict[str, Any]
PARTS = {"test": "Test folder", "test_part": "15 % test part"}
Counts = Mapping[str, Mapping[str, int]]
"""Of the training data: images of each class by source."""


def class_sections(classes: Classes, metrics: Json, audit: Json, counts: Counts) -> list[Json]:
    """metrics: as metrics_tree gives it. audit: of shortcuts."""
    judged = {name: part["classes"] for name, part in metrics["parts"].items() if name in PARTS and "classes" in part}
    sections = [_areas(classes, judged), given_away(counts, audit.get("border_probe_by_class") or {})]
    return sections + [_confusion(name, found) for name, found in judged.items() if found["confusion"]]


def class_notes(classes: Classes) -> list[str]:
    """How to read the tables that every card has."""
    leading, others = classes.leading, ", ".join(classes.others)
    together = "A picture may have several of them, or none. " if classes.is_multi_label else ""
    return [
        f"This version tells classes of its own apart: {leading} and {others}. {together}The answer, its operating "
        f"point and its heat map are of {leading}. Where a table says COVID it means {leading}, and Non-COVID "
        "every image without it.",
    ]


def class_limits(classes: Classes, counts: Counts) -> list[str]:
    """What holds of any such version, and of these sources."""
    limits = [
        f"The probabilities of {', '.join(classes.others)} are shown beside the answer and decide nothing. Each says "
        "how much a picture is like the images of that folder; a disease without a folder is called by another name.",
    ]
    return limits + [_child(name, sources) for name, sources in counts.items() if _is_of_children(sources)]


def given_away(counts: Counts, probes: Mapping[str, Json | None]) -> Json:
    """Which sources stand for a class, and how well its images are known by a border without any lung."""
    texts = [
        "A class whose images all come from sources that have no other class can be told by the source alone: by age, "
        "projection, borders and compression, not by the lungs. The last column is a logistic regression on frozen "
        "features of a border of 8 % of each side, where no lung is: 0.5 gives nothing away, 1 everything.",
    ]
    texts += [_child(name, sources) for name, sources in counts.items() if _is_of_children(sources)]
    rows = [
        (name, ", ".join(f"{source} {number}" for source, number in sources.items()), own, _shown(probes.get(name)))
        for name, sources in counts.items()
        for own in ["yes" if _stands_alone(name, counts) else "no"]
    ]
    header = ("class", "sources, training images", "its sources have no other class", "ROC AUC by the border alone")
    return section("given-away", "What the sources give away", texts, header, rows)


def _areas(classes: Classes, judged: Mapping[str, Json]) -> Json:
    texts = [f"{PARTS[name]}: {_summary(found)}" for name, found in judged.items()]
    how = (
        "each by its own Platt or temperature scaling"
        if classes.is_multi_label
        else ("the leading one by itself; the others share what it leaves, by temperature scaling")
    )
    rows = [
        (PARTS[name], one["name"], str(one["images"]), *map(_shown, (one["roc_auc"], one["pr_auc"], one["brier"])))
        for name, found in judged.items()
        for one in found["classes"]
    ]
    header = ("part", "class", "images", "ROC AUC", "PR AUC", "Brier score")
    return section("classes", "Each class against all others", [*texts, f"Calibrated: {how}."], header, rows)


def _summary(found: Json) -> str:
    words = [f"mean ROC AUC of one class against the rest {_shown(found['mean_roc_auc'])}"]
    if found["accuracy"]:
        words.append(f"the most probable class is the true one in {_shown(found['accuracy'])}")
    return "; ".join(words) + "."


def _confusion(name: str, found: Json) -> Json:
    names = [one["name"] for one in found["classes"]]
    rows = [
        (one["name"], *map(str, called), str(one["refused"]))
        for one, called in zip(found["classes"], found["confusion"], strict=True)
        if one["images"] or one["refused"]
    ]
    texts = ["Rows: the true class. Columns: the most probable one."]
    header = ("true class", *names, "refused")
    return section(f"confusion-{name}", f"What each class was called, {PARTS[name]}", texts, header, rows)


def _stands_alone(name: str, counts: Counts) -> bool:
    others = {source for other, sources in counts.items() if other != name for source in sources}
    return not set(counts[name]) & others


def _is_of_children(sources: Mapping[str, int]) -> bool:
    return bool(sources) and set(sources) <= CHILDREN


def _child(name: str, sources: Mapping[str, int]) -> str:
    return (
        f"Every image of {name} is a child's, of one hospital ({', '.join(sources)}): to this version the class also "
        "means child. Linear heads tell child from adult with an ROC AUC of 0.99; a class pneumonia that was learned "
        "from these pictures called 97 % of healthy children pneumonia, and no adult with pneumonia (NIH)."
    )


def _shown(estimate: Json | None) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})" if estimate else "-"
