"""What a card says first, as tables: left-out hospitals, opacities, picture quality, clear films, steadiness.

Each section is words and one table of strings, which MODEL_CARD.md and the page of the model show as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from diagnosis.inference.decision import Decision
from training.evaluation.clear_films import ClearFilms
from training.evaluation.leave_out import LeftOut, Row, summary, table
from training.evaluation.opacity_judgement import BoxFigures
from training.evaluation.steadiness import Steadiness
from training.evaluation.unseen_decision import UnseenDecision, decided_elsewhere

Json = dict[str, Any]
CHANCE = 0.5
NOTHING_TOLD = (
    "This version does not tell the leading class from others at a hospital that it has not seen: over all left-out "
    "sources together the ROC AUC is at chance or below. So they could not choose its operating point, and the "
    "validation part of the training hospitals did. Its answers hold for those hospitals at best."
)


def section(slug: str, title: str, texts: Sequence[str], header: Sequence[str], rows: Iterable[Sequence[str]]) -> Json:
    content = {"caption": title, "header": list(header), "rows": [list(row) for row in rows]}
    return {"slug": slug, "title": title, "texts": list(texts), "table": content}


def left_out_section(left_out: Sequence[LeftOut], decision: UnseenDecision, summary: Mapping[str, float]) -> Json:
    """One line for each source and class; the mean, the worst and what they mean lead."""
    rows = table(left_out, decision.calibration, decision.rule)
    texts = [
        "Each source was left out of training once, with every copy of its pictures, and then judged: this, not the "
        "figures on held-out pictures of the same hospitals, says what another hospital may expect.",
        f"ROC AUC: mean {summary['mean']:.3f}, worst {summary['worst']:.3f}. Of pictures without COVID "
        f"{_percent(summary['called_positive'])} were called Positive, of pictures with COVID "
        f"{_percent(summary['called_negative'])} Negative, and {_percent(summary['indeterminate'])} of all "
        "Indeterminate (every source weighs the same). Of answered pictures "
        f"{_percent(decision.wrong_mean)} are wrong on average, {_percent(decision.wrong_worst)} in the worst source.",
        "Positive means an appearance like COVID-19 on a radiograph. A clear film does not exclude it, and severe "
        "pneumonia of other causes cannot be told apart.",
    ]
    header = (
        "left-out source",
        "class",
        "pictures",
        "ROC AUC",
        "Positive",
        "Indeterminate",
        "Negative",
        "wrong answers",
    )
    return section("left-out", "On hospitals that were left out of training", texts, header, map(_left_out_row, rows))


def tells_apart(left_out: Sequence[LeftOut]) -> bool:
    """Whether unseen pictures of the leading class score higher than unseen others: if not, they can choose nothing."""
    return bool(left_out) and summary(left_out).get("pooled", 0.0) > CHANCE


def with_left_out(card: Json, left_out: Sequence[LeftOut], unseen: UnseenDecision | None, chosen: Decision) -> Json:
    """A card that says first how sources did that were left out of training, and whether they chose what decides."""
    decision = unseen or decided_elsewhere(left_out, chosen.calibration, chosen.rule)
    figures = summary(left_out) | shares_of(left_out, decision)
    first = left_out_section(left_out, decision, figures)
    if not unseen:
        first["texts"].insert(0, NOTHING_TOLD)
    sections = [first, *card["sections"]]
    return card | {"sections": sections, "left_out": {"summary": figures, "decides": unseen is not None}}


def shares_of(left_out: Sequence[LeftOut], decision: UnseenDecision) -> dict[str, float]:
    """Mean over sources, 0..1: called Positive without COVID, called Negative with it, Indeterminate."""
    rows = table(left_out, decision.calibration, decision.rule)
    covid = [row for row in rows if row.label == "COVID"]
    others = [row for row in rows if row.label != "COVID"]
    return {
        "called_positive": _mean(row.called_positive for row in others),
        "called_negative": _mean(row.called_negative for row in covid),
        "indeterminate": _mean(row.called_indeterminate for row in rows),
    }


def opacity_section(boxes: Sequence[BoxFigures], auc: float) -> Json:
    texts = [
        "A linear layer on the network's maps, trained on boxes that radiologists drew, judged on studies kept apart. "
        f"Its mean over the lungs tells typical from negative readings with ROC AUC {auc:.3f}. It says where "
        "something is seen and does not tell COVID-19 from another pneumonia.",
    ]
    rows = [
        (one.reading, str(one.pictures), _percent(one.peak_inside), _percent(one.heat_inside), _percent(one.chance))
        for one in boxes
    ]
    header = ("reading", "pictures", "highest point in a box", "heat inside boxes", "chance")
    return section("opacities", "Where opacities are seen", texts, header, rows)


def clear_film_section(found: ClearFilms) -> Json:
    rows = [
        ("clear to readers", str(found.clear), _percent(found.clear_called_positive)),
        ("typical to readers", str(found.typical), _percent(found.typical_called_positive)),
    ]
    texts = [found.as_dict()["meaning"], f"ROC AUC of clear ones against pictures without COVID: {found.auc:.3f}."]
    return section("clear-films", "Clear films of people with COVID-19", texts, ("film", "pictures", "Positive"), rows)


def test_section(parts: Mapping[str, Json]) -> Json:
    """parts: figures of Test by name, as in part_metrics; accuracy and so on here are of answered pictures alone."""
    rows = [(name, *_answered_row(figures)) for name, figures in parts.items()]
    header = ("pictures", "number", "ROC AUC", "answered", "accuracy among answered", "sensitivity", "specificity")
    texts = ["Among answered pictures: those that are called Positive or Negative."]
    return section("test", "Test, with and without the clear films", texts, header, rows)


def _answered_row(figures: Json) -> Sequence[str]:
    covid, others = figures["table"]["covid"], figures["table"]["non_covid"]
    counts = (covid["positive"], covid["negative"], others["negative"], others["positive"])
    found, missed, right, wrong = counts
    everything = sum(sum(row.values()) for row in (covid, others))
    return (
        str(everything),
        f"{figures['roc_auc']['value']:.3f}" if figures["roc_auc"] else "-",
        _share(sum(counts), everything),
        _share(found + right, sum(counts)),
        _share(found, found + missed),
        _share(right, right + wrong),
    )


def _share(number: int, of: int) -> str:
    return _percent(number / of) if of else "-"


def steadiness_section(rows: Sequence[Steadiness]) -> Json:
    pictures = rows[0].pictures if rows else 0
    text = (
        f"{pictures} radiographs of left-out sources, as small as public collections have them: half of that, and "
        "JPEG of quality 40 on it, are harsher than on an upload. Each is judged by a head that has not seen its "
        "source. An answer is Positive, Indeterminate or Negative."
    )
    shown = [
        (one.handling, str(one.pictures), f"{one.mean_change:.3f}", _percent(one.turned_over), _percent(one.changed))
        for one in rows
    ]
    header = (
        "handling",
        "pictures",
        "mean change of the probability",
        "Positive to Negative or back",
        "any other answer",
    )
    return section("steadiness", "Handled mildly", [text], header, shown)


def gate_section(card: Json) -> Json:
    """card: gate.json, as `train_gate` writes it."""
    kinds, sources = card["by_kind"], card["by_source"]
    rows = [
        (
            name,
            str(one["pictures"]),
            _percent(one["refused"]),
            _percent(one["limited"]),
            _percent(max(0.0, 1 - one["refused"] - one["limited"])),
        )
        for name, one in kinds.items()
    ]
    refused = ", ".join(f"{source}: {_percent(one['refused'])}" for source, one in sources.items())
    texts = [
        "Each source of radiographs, and each kind of picture without a chest, was left out of the heads, the distance "
        "and the limits and then judged. Refused: no answer, with the reason. Quality limited: the answer is "
        "Indeterminate, with the reason.",
        f"Of adult frontal radiographs of a left-out source {refused} were refused.",
        *_mirrored_and_children(kinds),
    ]
    header = ("kind of picture", "pictures", "refused", "quality limited", "assessed")
    return section("gate", "Pictures that cannot be assessed", texts, header, rows)


def _mirrored_and_children(kinds: Json) -> list[str]:
    """Two kinds that are not refused."""
    texts = []
    if mirrored := kinds.get("adult: mirrored"):
        good = kinds.get("adult: as it is", {"warned": 0.0})
        texts.append(
            "Mirrored radiographs are answered with a warning, because dextrocardia exists: "
            f"{_percent(mirrored['warned'])} of mirrored adults, and {_percent(good['warned'])} of good ones."
        )
    if child := kinds.get("child: as it is"):
        texts.append(
            f"Children are recognised by the picture in {_percent(child['refused'] + child['limited'])}, and then "
            "limited; a birth date decides before any picture is read."
        )
    return texts


def _left_out_row(row: Row) -> Sequence[str]:
    answers = (row.called_positive, row.called_indeterminate, row.called_negative)
    wrong = "-" if row.wrong is None else _percent(row.wrong)
    return (row.source, row.label, str(row.pictures), f"{row.auc:.3f}", *map(_percent, answers), wrong)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
