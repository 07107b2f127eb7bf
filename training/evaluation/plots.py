"""Figures of an evaluation, each as SVG and PNG; the same numbers always give the same bytes.

Colours are those of Okabe and Ito, which colour-blind people can tell apart; lines are labelled where they end.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from diagnosis.errors import RadiographRejected
from diagnosis.findings import COVID_INDEX, USUAL_CLASSES, Classes
from diagnosis.inference.decision import DecisionRule
from training.data.classes import class_in_words, truth_of
from training.data.dataset import read_image
from training.evaluation.class_figures import confusion_of
from training.evaluation.judgement import Error, Judgement, Scored
from training.evaluation.metrics import Answers, ThreeWayTable, calibration_curve, roc_auc, three_way_table

COVID_COLOUR, NON_COVID_COLOUR = "#D55E00", "#0072B2"
PART_COLOURS = {"validation": "#666666", "test_part": "#009E73", "test": "#0072B2", "external": "#CC79A7"}
PART_TITLES = {"validation": "Validation", "test_part": "15 % test part", "test": "Test folder", "external": "External"}
CLASS_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
QUIET = "#666666"
BAND = "#E8E8E8"
DPI = 110
WHOLE: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.1}
"""Nothing that is drawn is cut off at the edge, and a title does not touch it."""
BINS = 25
WORST = 24
COLUMNS = 6

STYLE = {
    "svg.hashsalt": "covidxray",
    "svg.fonttype": "none",
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
}


class HistoryRow(Protocol):
    """One epoch, as in history.csv."""

    @property
    def stage(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def accuracy(self) -> float: ...
    @property
    def val_loss(self) -> float: ...
    @property
    def val_accuracy(self) -> float: ...


def draw_plots(
    folder: Path, parts: Mapping[str, Scored], judgement: Judgement, history: Sequence[HistoryRow] = ()
) -> list[str]:
    """Every plot of a version into `folder`; returns their names without ending. No history, no history plot."""
    with mpl.rc_context(STYLE):
        figures = {
            **({"history": training_history(history)} if history else {}),
            "confusion": confusion(parts, judgement),
            "roc": roc(parts, judgement),
            "precision_recall": precision_recall(parts, judgement),
            "calibration": calibration(parts, judgement),
            "scores_by_source": scores_by_source(parts, judgement),
            **({} if judgement.classes.are_usual else {"classes": each_class(parts, judgement)}),
        }
        for name, figure in figures.items():
            _save(figure, folder / name)
    return list(figures)


def _save(figure: Figure, path: Path) -> None:
    """`path`.svg and `path`.png, without a date and with the same identifiers each time."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once is enough
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None, "Creator": None}, **WHOLE)
    figure.savefig(path.with_suffix(".png"), dpi=DPI, metadata={"Software": None}, **WHOLE)


def training_history(history: Sequence[HistoryRow]) -> Figure:
    """Loss and accuracy of each epoch of both stages, the boundary marked, and the epoch that was kept."""
    figure, (loss, accuracy) = _panels(1, 2, (10, 3.8))
    epochs = np.arange(1, len(history) + 1)
    kept = int(np.argmin([row.val_loss for row in history]))
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        for values, label, colour in (
            ([getattr(row, name) for row in history], "training", QUIET),
            ([getattr(row, f"val_{name}") for row in history], "validation", NON_COVID_COLOUR),
        ):
            axes.plot(epochs, values, color=colour, marker="o", markersize=3)
            _label(axes, epochs[-1], values[-1], label, colour)
        axes.plot(kept + 1, getattr(history[kept], f"val_{name}"), "o", color=COVID_COLOUR, markersize=9, mfc="none")
        axes.set(title=name.capitalize(), xlabel="epoch", xlim=(0.5, len(history) * 1.18 + 0.5))
        _mark_stages(axes, [row.stage for row in history], at_top=name == "loss")
    loss.set_title("circle: kept, the lowest validation loss", loc="right", color=COVID_COLOUR, fontsize=9)
    return figure


def confusion(parts: Mapping[str, Scored], judgement: Judgement) -> Figure:
    """Counts and shares of what each class was called, as served."""
    figure, panels = _panels(1, len(parts), (4.2 * len(parts), 2.6))
    for axes, (name, part) in zip(panels, parts.items(), strict=True):
        probabilities = judgement.probabilities(part)
        table = three_way_table(part.labels, probabilities, judgement.rule, part.refused)
        _draw_table(axes, table, judgement.classes)
        axes.set_title(_title(name))
    panels[0].set_ylabel("truth")
    return figure


def roc(parts: Mapping[str, Scored], judgement: Judgement) -> Figure:
    """ROC curve of each part, its area with interval, and where the operating point lies on it."""
    figure, [axes] = _panels(1, 1, (5.2, 5))
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
    for row, (name, part) in enumerate(_with_both_classes(parts).items()):
        truth, probabilities = part.labels == COVID_INDEX, judgement.probabilities(part)
        false, true, _ = roc_curve(truth, probabilities)
        called = probabilities >= judgement.rule.operating_point
        axes.plot(false, true, color=_colour(name))
        axes.plot(called[~truth].mean(), called[truth].mean(), "o", color=_colour(name), mec="white", markersize=8)
        area = roc_auc(part.labels, probabilities, groups=part.groups)
        text = f"{_title(name)}: {area.value:.3f} ({area.low:.3f} to {area.high:.3f})" if area else _title(name)
        axes.text(0.98, 0.26 - 0.06 * row, text, color=_colour(name), ha="right", transform=axes.transAxes)
    axes.text(0.98, 0.32, "Area with 95 % interval", ha="right", color=QUIET, transform=axes.transAxes)
    axes.text(0.98, 0.02, "Dot: operating point", ha="right", color=QUIET, transform=axes.transAxes)
    axes.set(title="ROC", xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_aspect("equal")
    return figure


def precision_recall(parts: Mapping[str, Scored], judgement: Judgement) -> Figure:
    """Precision against sensitivity of each part, with the operating point and the share of COVID as the floor."""
    figure, [axes] = _panels(1, 1, (5.2, 5))
    for row, (name, part) in enumerate(_with_both_classes(parts).items()):
        truth, probabilities = part.labels == COVID_INDEX, judgement.probabilities(part)
        precision, recall, _ = precision_recall_curve(truth, probabilities)
        called = probabilities >= judgement.rule.operating_point
        axes.plot(recall, precision, color=_colour(name), drawstyle="steps-post")
        if called.any():
            axes.plot(called[truth].mean(), truth[called].mean(), "o", color=_colour(name), mec="white", markersize=8)
        axes.axhline(truth.mean(), color=_colour(name), linewidth=0.8, linestyle=":")
        text = f"{_title(name)} ({truth.mean():.0%} {judgement.classes.leading})"
        axes.text(0.02, 0.20 - 0.06 * row, text, color=_colour(name), transform=axes.transAxes)
    explained = f"Dot: operating point. Dotted: share of {judgement.classes.leading}"
    axes.text(0.02, 0.02, explained, color=QUIET, transform=axes.transAxes)
    axes.set(title="Precision and sensitivity", xlabel="sensitivity", ylabel="precision")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_aspect("equal")
    return figure


def calibration(parts: Mapping[str, Scored], judgement: Judgement) -> Figure:
    """Share of COVID among images of like probability; the size of a dot shows how many there are."""
    leading = judgement.classes.leading
    figure, panels = _panels(1, len(parts), (4.2 * len(parts), 4.2))
    for axes, (name, part) in zip(panels, parts.items(), strict=True):
        bins = calibration_curve(part.labels, judgement.probabilities(part))
        sizes = [15 + 500 * one.images / max(len(part.samples), 1) for one in bins]
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
        points = [one.probability for one in bins], [one.covid_share for one in bins]
        axes.plot(*points, color=_colour(name))
        axes.scatter(*points, s=sizes, color=_colour(name), alpha=0.7)
        leading = judgement.classes.leading
        note = (
            f"{np.mean(part.labels == COVID_INDEX):.0%} {leading}, calibrated at {judgement.calibration.prevalence:.0%}"
        )
        axes.text(0.98, 0.02, note, ha="right", color=QUIET, transform=axes.transAxes)
        axes.set(
            title=_title(name), xlabel=f"calibrated probability of {leading}", xlim=(-0.05, 1.05), ylim=(-0.05, 1.05)
        )
        axes.set_aspect("equal")
    panels[0].set_ylabel(f"share that is {leading}")
    return figure


def scores_by_source(parts: Mapping[str, Scored], judgement: Judgement) -> Figure:
    """Histograms of the probability for each source and class, over all parts but validation."""
    shown = [part for name, part in parts.items() if name != "validation"] or list(parts.values())
    labels = np.concatenate([part.labels for part in shown])
    sources = np.concatenate([np.array(part.sources, dtype=object) for part in shown])
    probabilities = np.concatenate([judgement.probabilities(part) for part in shown])
    rows = sorted({(str(source), int(label)) for source, label in zip(sources, labels, strict=True)})
    figure, panels = _panels(len(rows), 1, (7.5, 1.15 * len(rows) + 0.9), sharex=True)
    for axes, (source, label) in zip(panels, rows, strict=True):
        colour = COVID_COLOUR if label == COVID_INDEX else NON_COVID_COLOUR
        own = probabilities[(sources == source) & (labels == label)]
        _mark_rule(axes, judgement.rule)
        axes.hist(own, list(np.linspace(0, 1, BINS + 1)), weights=np.full(len(own), 1 / len(own)), color=colour)
        name = f"{_label_name(label, judgement.classes)}, {source or 'source unknown'}, {len(own)} images"
        axes.set_title(name, color=colour, fontsize=10)
        axes.set(xlim=(0, 1), yticks=[])
        axes.spines["left"].set_visible(False)
    leading = judgement.classes.leading
    panels[-1].set_xlabel(f"calibrated probability of {leading} (line: operating point; grey: indeterminate)")
    return figure


def each_class(parts: Mapping[str, Scored], judgement: Judgement) -> Figure:
    """ROC curve of each class against all others, and how often each true class was called which."""
    part = parts.get("test_part") or next(iter(parts.values()))
    probabilities = judgement.of_classes(part)
    truth, names = truth_of(part.samples, part.classes), part.classes.names
    figure, (curves, called) = _panels(1, 2, (11, 5))
    curves.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
    for index, name in enumerate(names):
        if probabilities is not None and truth[:, index].any() and not truth[:, index].all():
            false, true, _ = roc_curve(truth[:, index], probabilities[:, index])
            colour, style = CLASS_COLOURS[index % len(CLASS_COLOURS)], "-" if index < len(CLASS_COLOURS) else "--"
            curves.plot(false, true, color=colour, linestyle=style, label=name)
    curves.set(title=f"Each against all others, {_title('test_part')}", xlabel="1 - specificity", ylabel="sensitivity")
    curves.legend(loc="lower right", frameon=False)
    curves.set_aspect("equal")
    if probabilities is None or part.classes.is_multi_label:
        called.set_axis_off()
    else:
        _draw_confusion(called, np.array(confusion_of(truth, probabilities)), names)
    return figure


def _draw_confusion(axes: Axes, counts: NDArray[np.int64], names: Sequence[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (row, column), number in np.ndenumerate(counts):
        colour = NON_COVID_COLOUR if row == column else COVID_COLOUR
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, alpha=0.65 * shares[row, column] ** 0.5))
        axes.text(column + 0.5, row + 0.5, str(number), ha="center", va="center")
    places = np.arange(len(names)) + 0.5
    axes.set_xticks(places, names, fontsize=8, rotation=30, ha="right")
    axes.set_yticks(places, names, fontsize=8)
    axes.set(xlim=(0, len(names)), ylim=(len(names), 0), title="Most probable class", ylabel="truth")
    axes.grid(visible=False)
    axes.tick_params(length=0)


def draw_worst_errors(path: Path, errors: Sequence[Error], classes: Classes = USUAL_CLASSES) -> None:
    """A PNG of the errors that surprised the model most. It shows patients' radiographs: never commit it."""
    worst = list(errors[:WORST])
    rows = max(-(-len(worst) // COLUMNS), 1)
    figure, panels = _panels(rows, COLUMNS, (2.1 * COLUMNS, 2.5 * rows))
    for axes in panels:
        axes.set_axis_off()
    for axes, error in zip(panels, worst, strict=False):
        try:
            axes.imshow(read_image(error.sample.path).pixels, cmap="gray", vmin=0, vmax=255)
        except RadiographRejected:
            continue
        truth = class_in_words(error.sample, classes)
        axes.set_title(f"{truth}, called {error.answer}\n{error.probability:.3f}  {error.sample.source or ''}", size=7)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI, metadata={"Software": None}, **WHOLE)


def _panels(rows: int, columns: int, size: tuple[float, float], sharex: bool = False) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex)
    return figure, list(axes.ravel())


def _draw_table(axes: Axes, table: ThreeWayTable, named: Classes) -> None:
    answers = ("positive", "indeterminate", "negative", "refused")
    classes: tuple[tuple[str, Answers, str], ...] = (
        (named.leading, table.covid, "positive"),
        (named.rest, table.non_covid, "negative"),
    )
    for row, (_, counts, right) in enumerate(classes):
        for column, answer in enumerate(answers):
            number = getattr(counts, answer)
            share = number / max(counts.images, 1)
            colour = NON_COVID_COLOUR if answer == right else COVID_COLOUR
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, alpha=0.65 * share**0.5))
            weight = "bold" if answer == right else "normal"
            axes.text(column + 0.5, row + 0.5, f"{number}\n{share:.1%}", ha="center", va="center", weight=weight)
    axes.set_xticks(np.arange(4) + 0.5, [answer.capitalize() for answer in answers], fontsize=8)
    axes.set_yticks([0.5, 1.5], [name for name, _, _ in classes])
    axes.set(xlim=(0, 4), ylim=(2, 0))
    axes.grid(visible=False)
    axes.tick_params(length=0)


def _mark_stages(axes: Axes, stages: list[int], at_top: bool) -> None:
    """A line where stage 2 begins, labelled in room that no curve gets to."""
    if not {1, 2} <= set(stages):
        return
    low, high = axes.get_ylim()
    room = (high - low) / 10
    axes.set_ylim(low - room * (not at_top), high + room * at_top)
    boundary = stages.count(1) + 0.5
    height, side = (0.98, "top") if at_top else (0.02, "bottom")
    axes.axvline(boundary, color="black", linewidth=0.8, linestyle="--")
    axes.annotate(
        "stage 2: last layers unfrozen",
        (boundary, height),
        xycoords=axes.get_xaxis_transform(),
        xytext=(4, 0),
        textcoords="offset points",
        va=side,
        color=QUIET,
    )


def _mark_rule(axes: Axes, rule: DecisionRule) -> None:
    axes.axvspan(rule.indeterminate_low, rule.indeterminate_high, color=BAND)
    axes.axvline(rule.operating_point, color="black", linewidth=0.8)


def _label(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.annotate(text, (x, y), xytext=(5, 0), textcoords="offset points", color=colour, va="center")


def _with_both_classes(parts: Mapping[str, Scored]) -> dict[str, Scored]:
    return {name: part for name, part in parts.items() if len(set((part.labels == COVID_INDEX).tolist())) > 1}


def _label_name(label: int, classes: Classes) -> str:
    """Of a picture's label: where it may have several classes, with the leading one or without."""
    return (classes.leading, classes.rest)[label] if classes.is_multi_label else classes.names[label]


def _title(part: str) -> str:
    return PART_TITLES.get(part, part)


def _colour(part: str) -> str:
    return PART_COLOURS.get(part, "#000000")
