"""What a card says first, as tables: left-out hospitals, opacities, picture quality, clear films, steadiness.

Each section is words and one table of strings, which MODEL_CARD.md and the page of the model show as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.evaluation.clear_films import ClearFilms
from training.evaluation.leave_out import LeftOut, Row, table
from training.evaluation.opacity_judgement import BoxFigures
from training.evaluation.steadiness import Steadiness
from training.evaluation.unseen_decision import UnseenDecision

Json = dict[str, Any]


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


def steadiness_section(rows: Sequence[Steadiness], of: str) -> Json:
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
    return section("steadiness", "Handled mildly", [of], header, shown)


def gate_section(kinds: Sequence[Json], texts: Sequence[str]) -> Json:
    """kinds: name, pictures, and shares refused, limited and ok, 0..1."""
    rows = [
        (one["name"], str(one["pictures"]), *(_percent(one[name]) for name in ("refused", "limited", "ok")))
        for one in kinds
    ]
    header = ("kind of picture", "pictures", "refused", "quality limited", "assessed")
    return section("gate", "Pictures that cannot be assessed", texts, header, rows)


def _left_out_row(row: Row) -> Sequence[str]:
    answers = (row.called_positive, row.called_indeterminate, row.called_negative)
    wrong = "-" if row.wrong is None else _percent(row.wrong)
    return (row.source, row.label, str(row.pictures), f"{row.auc:.3f}", *map(_percent, answers), wrong)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
