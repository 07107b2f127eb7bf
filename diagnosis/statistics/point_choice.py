"""Put an installation's own operating point in force for a model version, or go back to the card's."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Action
from audit.services import record
from diagnosis.errors import DiagnosisError
from diagnosis.estimates import Estimate
from diagnosis.inference.decision import DecisionRule
from diagnosis.models import ModelVersion, OperatingPoint
from diagnosis.models.locking import changed_meanwhile, locked_version
from diagnosis.statistics.site_point import FEWEST_CASES, FiguresAt, best_point, cases_of, figures_at


class TooFewCases(DiagnosisError):
    """There are not enough cases to choose an operating point by."""

    default_code = "too-few-cases"


@dataclass(frozen=True)
class Seen:
    """What the person saw when they decided: the proposed point, and the key of the choice in force (0: none)."""

    point: float | None
    newest: int


def operating_point_choose(*, actor: User, model: ModelVersion, card: DecisionRule, seen: Seen) -> OperatingPoint:
    """Every process decides by it from the next answer on. Answers that were given stay as they are.

    `card`: the rule of the version's card. Raises TooFewCases, and ChangedMeanwhile where another point than the one
    that was seen would come into force, or another one is in force.
    """
    cases = cases_of(model)  # before the lock, for which every upload would wait
    point = best_point(cases)
    if point is None:
        raise TooFewCases(_("At least %(number)d cases of each kind are needed.") % {"number": FEWEST_CASES})
    if point.value != seen.point:
        raise changed_meanwhile()
    columns = _columns(point, figures_at(cases, card.moved_to(point.value)))
    counts = {"positives": len(cases.covid), "negatives": len(cases.others)}
    with transaction.atomic():
        model = locked_version(model)
        _refuse_change(model, seen)
        chosen = OperatingPoint.objects.create(model_version=model, chosen_by=actor, **counts, **columns)
        _record(actor, model, chosen)
    return chosen


def _columns(point: Estimate, figures: FiguresAt) -> dict[str, float]:
    named = {"point": point, "sensitivity": figures.sensitivity, "specificity": figures.specificity}
    ends = {"": "value", "_low": "low", "_high": "high"}
    return {f"{name}{end}": getattr(figure, part) for name, figure in named.items() for end, part in ends.items()}


@transaction.atomic
def operating_point_withdraw(*, actor: User, model: ModelVersion, seen: Seen) -> None:
    """Back to the card's. Raises ChangedMeanwhile where another choice is in force than the one that was seen."""
    model = locked_version(model)
    _refuse_change(model, seen)
    if OperatingPoint.objects.in_force(model):
        _record(actor, model, OperatingPoint.objects.create(model_version=model, chosen_by=actor))


def _refuse_change(model: ModelVersion, seen: Seen) -> None:
    if newest_choice(model) != seen.newest:
        raise changed_meanwhile()


def newest_choice(model: ModelVersion) -> int:
    """The key of the newest choice for this version; 0 where there is none yet."""
    return OperatingPoint.objects.filter(model_version=model).order_by("-pk").values_list("pk", flat=True).first() or 0


def _record(actor: User, model: ModelVersion, chosen: OperatingPoint) -> None:
    detail = {
        "version": model.version,
        "point": "card" if chosen.point is None else f"{chosen.point:.6f}",
        "positives": chosen.positives,
        "negatives": chosen.negatives,
    }
    record(Action.MODEL_OPERATING_POINT, actor=actor, subject=model, detail=detail)
