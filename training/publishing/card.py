"""model_card.json → MODEL_CARD.md: the same facts for a reader, with the figures first and the limits next to them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from diagnosis.findings import CLASS_NAMES
from diagnosis.model_cards.sources import BACKBONES, LUNG_MASKS, SOURCES
from diagnosis.model_cards.words import FIGURES, LIMITS, PART_NAMES, PLOTS, PUBLIC_LIMITS, SHARES

MARKDOWN = "MODEL_CARD.md"
UNDEFINED = "-"
COUNTS = {
    "refused": "Refused by the reader or the gate",
    "near_duplicates_crossing": "Images with a near duplicate on another side of the split",
    "groups_with_both_classes": "Groups of near duplicates with both classes",
}
"""Of the training data, where a run counted them."""
Json = dict[str, Any]
_NOTHING: Json = {}


def write_card(folder: Path, card: Json) -> None:
    """MODEL_CARD.md next to model_card.json, with the plots that are in the folder."""
    plots = [name for name in PLOTS if (folder / f"{name}.svg").is_file()]
    (folder / MARKDOWN).write_text(render_card(card, plots), encoding="utf-8")


def render_card(card: Json, plots: Sequence[str] = ()) -> str:
    """The card as Markdown. `plots`: names in PLOTS whose SVG is next to it."""
    first, *others = map(_measured, card.get("sections") or [_NOTHING])
    sections = (
        _what_it_is(card),
        first,
        _facts(card),
        *others,
        _figures(card["figures"]),
        _beside_the_paper(card["figures"]),
        _external(card.get("external", {})),
        _shortcuts(card.get("shortcut_audit")),
        _sources(card["figures"]),
        _decision(card),
        _int8(card.get("int8")),
        _data(card["training"]),
        _plots(plots),
        _limits(card),
        _licences(card),
        _reproduce(card),
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; bars and line ends in cells cannot break it."""
    cells = [
        [" ".join(str(cell).split()).replace("|", "\\|") for cell in row]
        for row in (header, ["---"] * len(header), *rows)
    ]
    return [f"| {' | '.join(row)} |" for row in cells]


def figure(estimate: Json | None, digits: int = 3) -> str:
    """A figure with its interval, or a dash where it is undefined."""
    if estimate is None:
        return UNDEFINED
    return f"{estimate['value']:.{digits}f} ({estimate['low']:.{digits}f} to {estimate['high']:.{digits}f})"


def percent(share: float | None, digits: int = 1) -> str:
    """A share, 0..1, in per cent, or a dash where it is undefined."""
    return UNDEFINED if share is None else f"{100 * share:.{digits}f} %"


def _what_it_is(card: Json) -> list[str]:
    notes = [line for note in card.get("notes", []) for line in ("", note)]
    return [
        f"# Model card: {card['version']}",
        "",
        f"{card['network']['architecture']} that estimates from a frontal chest radiograph the probability of "
        f"{_sought(card)}, and shows which parts of the image spoke for it.",
        *notes,
    ]


def _sought(card: Json) -> str:
    leading = card["contract"]["class_names"][0]
    return "COVID-19 pneumonia" if leading == CLASS_NAMES[0] else str(leading)


def _facts(card: Json) -> list[str]:
    network, contract = card["network"], card["contract"]
    hidden = network["head"].get("hidden_units")
    size, names = contract["image_size"], contract["class_names"]
    return table(
        ("", ""),
        [
            ("made", card["created"]),
            ("classes", f"{', '.join(names)}; {names[0]} is the positive class everywhere"),
            ("input", f"{size} x {size} pixels, grey on three channels"),
            ("preprocessing", ", ".join(f"{name}: {value}" for name, value in contract["preprocessing"].items())),
            ("backbone weights", network["backbone"]),
            *([("pixels in the network", _scaling(network["scaling"]))] if "scaling" in network else []),
            ("head", f"a hidden layer of {hidden} units" if hidden else "linear"),
            ("SHA-256 of all tensors", f"`{network['weights_sha256']}`"),
        ],
    )


def _scaling(scaling: Json) -> str:
    scale, offset = (
        ", ".join(f"{value:.4g}" for value in (values if isinstance(values, list) else [values]))
        for values in (scaling["scale"], scaling["offset"])
    )
    return f"value x ({scale}) + ({offset})"


def _measured(section: Json) -> list[str]:
    """A table of its own, as the page shows it."""
    if not section:
        return []
    texts = [line for text in section["texts"] for line in (text, "")]
    shown = table(section["table"]["header"], section["table"]["rows"]) if section["table"]["header"] else []
    return [f"## {section['title']}", "", *texts, *shown]


def _figures(figures: Json) -> list[str]:
    parts = figures["parts"]
    header = ["", *(f"{_part(name)}, {part['images']} images" for name, part in parts.items())]
    rows = [[title, *(figure(part[name]) for part in parts.values())] for name, title in FIGURES.items()]
    at_own = (_number(part["ece_at_own_prevalence"]) for part in parts.values())
    rows.append(["ECE at the part's own prevalence", *at_own])
    rows += [[title, *(percent(part[name]) for part in parts.values())] for name, title in SHARES.items()]
    return [
        "## Figures",
        "",
        figures["how"],
        "",
        *table(header, rows),
        "",
        "### Answers",
        "",
        *_answers(parts),
    ]


def _answers(parts: Json) -> list[str]:
    names = ("positive", "indeterminate", "negative", "refused")
    rows = [
        [_part(name), title, *(part["table"][label][answer] for answer in names)]
        for name, part in parts.items()
        for label, title in (("covid", "COVID"), ("non_covid", "Non-COVID"))
    ]
    return table(["part", "truth", *(name.capitalize() for name in names)], rows)


def _beside_the_paper(figures: Json) -> list[str]:
    if "beside_the_paper" not in figures:
        return []
    names = ("accuracy", "sensitivity", "specificity", "precision", "f1")
    rows = [[row["model"], *(percent(row[name], 2) for name in names)] for row in figures["beside_the_paper"]["rows"]]
    return [
        "## Beside the paper, on its Test folder",
        "",
        *table(["model", *(name.capitalize() for name in names)], rows),
        "",
        figures["beside_the_paper"]["note"] + " A Test folder of the same size and kind does not hold the same images.",
    ]


def _external(external: Json) -> list[str]:
    """Figures on collections that gave nothing to training, if there are any: {name: part}."""
    if not external:
        return []
    shown = ("roc_auc", "pr_auc", "accuracy", "sensitivity", "specificity", "brier")
    rows = [[name, part["images"], *(figure(part[key]) for key in shown)] for name, part in external.items()]
    return [
        "## On collections that gave nothing to training",
        "",
        "These, and not the figures above, say what another hospital may expect.",
        "",
        *table(["collection", "images", *(FIGURES[key].split(" (")[0] for key in shown)], rows),
    ]


def _shortcuts(audit: Json | None) -> list[str]:
    if not audit:
        return []
    centre, border = percent(audit["centre_share"]), percent(audit["border_share"])
    rows = [
        ("the model, whole images", figure(audit["whole"])),
        (f"the model, middle {centre} of each side blacked out", figure(audit["without_centre"])),
        (f"the model, only a border of {border} of each side left", figure(audit["border"])),
        ("logistic regression on frozen features of that border, trained for it", figure(audit["border_probe"])),
    ]
    return [
        "## Shortcut audit",
        "",
        audit["meaning"],
        "",
        *table(("what was seen", f"ROC AUC on {audit['images']} images"), rows),
        "",
        *_size_shift(audit["size_shift"]),
    ]


def _size_shift(shift: Json | None) -> list[str]:
    if shift is None:
        return []
    return [
        f"Full-size originals against their 240-pixel copies, {shift['images']} pairs: mean change "
        f"{shift['mean_change']:+.3f}, mean size of the change {shift['mean_absolute_change']:.3f}, largest "
        f"{shift['largest_change']:+.3f}, other answer for {shift['answers_changed']}."
    ]


def _sources(figures: Json) -> list[str]:
    rows = [
        [_part(name), one["source"], one["comparison"], one["covid"], one["non_covid"], figure(one["roc_auc"])]
        for name, part in figures["parts"].items()
        for one in part["by_source"]
        if name != "validation"
    ]
    if not rows:
        return []
    header = ("part", "source", "compared", "COVID", "Non-COVID", "ROC AUC")
    return ["## By source", "", *table(header, rows)]


def _decision(card: Json) -> list[str]:
    rule, calibration = card["decision"]["rule"], card["decision"]["calibration"]
    if card["decision"].get("opacities") or card.get("left_out", {}).get("decides"):
        return _unseen_decision(rule, calibration)
    return [
        "## From probability to answer",
        "",
        f"Positive from a probability of {rule['operating_point']:.3f}, the highest specificity with a sensitivity of "
        f"at least 95 % on the validation part. From {rule['indeterminate_low']:.3f} to below "
        f"{rule['indeterminate_high']:.3f} the answer is Indeterminate: refer. Probabilities are calibrated on the "
        f"validation part ({calibration['method']}: logit = {calibration['slope']:.3f} x raw logit "
        f"{calibration['intercept']:+.3f}) at a prevalence of {percent(calibration['prevalence'])}.",
    ]


def _unseen_decision(rule: Json, calibration: Json) -> list[str]:
    return [
        "## From probability to answer",
        "",
        f"Positive from a probability of {rule['indeterminate_high']:.3f}, Negative below "
        f"{rule['indeterminate_low']:.3f}, Indeterminate between them and wherever the picture's quality is limited. "
        "Calibration and borders were chosen on predictions for sources that were left out of training, every source "
        f"weighing the same (logit = {calibration['slope']:.3f} x raw logit {calibration['intercept']:+.3f}, at a "
        f"prevalence of {percent(calibration['prevalence'])}).",
    ]


def _int8(section: Json | None) -> list[str]:
    """What the eight-bit graph costs, if the version has one."""
    if not section:
        return []
    default = (
        "It is the default on machines where it gives its golden answers and is the faster one."
        if section["is_default"]
        else "It is not the default: answers or ROC AUC differ too much."
    )
    header = ("", *(f"{_part(name)}, {part['images']} images" for name, part in section["parts"].items()))
    rows = [
        (f"{title}, {precision}", *(figure(part[precision][name]) for part in section["parts"].values()))
        for name, title in (("roc_auc", "ROC AUC"), ("sensitivity", "Sensitivity"), ("specificity", "Specificity"))
        for precision in ("float32", "int8")
    ]
    rows += [
        (title, *(text(part) for part in section["parts"].values()))
        for title, text in (
            ("Answers as in float32", lambda part: percent(part["equal_answers"], 2)),
            ("Positive in one and Negative in the other", lambda part: str(part["crossed"])),
            *_CLASSES_IN_INT8[: any("equal_classes" in part for part in section["parts"].values())],
            ("Images compared in the next two lines", lambda part: str(part["closely"]["images"])),
            (
                "Change of the probability: mean, largest",
                lambda part: _pair(part["closely"], "mean_change", "largest_change"),
            ),
            (
                "Correlation of the heat maps: median, lowest 5 %",
                lambda part: _pair(part["closely"], "map_median", "map_low"),
            ),
        )
    ]
    others = section.get("judged_in", "float32")
    return [
        "## In eight bits (int8)",
        "",
        f"All other figures are of {others}. The same network with its convolutions in int8 takes the same "
        "calibration, operating point and band; its ranges were learned on "
        f"{section['learned_on']} training images. {default}",
        "",
        *table(header, rows),
    ]


_CLASSES_IN_INT8 = (("Most probable class as in float32", lambda part: percent(part.get("equal_classes"), 2)),)
"""Only of a version with classes of its own."""


def _pair(figures: Json, *names: str) -> str:
    return ", ".join(_number(figures[name]) for name in names)


def _data(training: Json) -> list[str]:
    rows = [
        (_part(part), name, number) for part, counts in training["parts"].items() for name, number in counts.items()
    ]
    return [
        "## Data",
        "",
        *table(("part", "class and source", "images"), rows),
        "",
        *(f"{title}: {training[name]}." for name, title in COUNTS.items() if name in training),
        "Which image was used for what is in split.csv.",
    ]


def _plots(plots: Sequence[str]) -> list[str]:
    if not plots:
        return []
    return ["## Plots", *(line for name in plots for line in ("", f"![{PLOTS[name]}]({name}.svg)"))]


def _limits(card: Json) -> list[str]:
    public = PUBLIC_LIMITS if _used_sources(card) & set(SOURCES) else ()
    return ["## Limits", "", *(f"* {limit}" for limit in (*LIMITS, *public, *card.get("limits", [])))]


def _licences(card: Json) -> list[str]:
    unknown = ("not recorded here", "not recorded here")
    rows = [(source, *SOURCES.get(source, unknown)) for source in sorted(_used_sources(card))]
    backbone = BACKBONES.get(card["network"]["backbone"], unknown)
    return [
        "## Sources, licences and citations",
        "",
        *table(("source", "what to cite", "licence"), [*rows, (f"weights: {card['network']['backbone']}", *backbone)]),
    ]


def _used_sources(card: Json) -> set[str]:
    used = {name.partition(", ")[2] for counts in card["training"]["parts"].values() for name in counts}
    return used | ({LUNG_MASKS} if "parts" in card else set())


def _reproduce(card: Json) -> list[str]:
    training = card["training"]
    packages = ", ".join(f"{name} {version}" for name, version in training["packages"].items())
    recipe = [f"{name}: {value}" for name, value in card["recipe"].items()]
    return [
        "## Reproduce",
        "",
        "```",
        training["command"],
        "```",
        "",
        *_duration(training),
        f"Packages: {packages}.",
        "",
        "Recipe: " + "; ".join(recipe) + ".",
    ]


def _duration(training: Json) -> list[str]:
    if "seconds" not in training:
        return []
    return [f"Training took {training['seconds'] / 60:.0f} minutes, features that were cached already not counted."]


def _part(name: str) -> str:
    return str(PART_NAMES.get(name, name))


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}"
