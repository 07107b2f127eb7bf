"""The operating point of a version as it is in force here: its card's, or the installation's own."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from diagnosis.model_cards.sections import rule_of
from diagnosis.model_cards.values import Value
from diagnosis.model_cards.versions import Version
from diagnosis.models import ModelVersion, OperatingPoint
from diagnosis.wording.numbers import UNDEFINED, decimal
from diagnosis.wording.points import point_in_full


@dataclass(frozen=True)
class PointInWords:
    """value: the number alone, "" where the card has none. full: only of an installation's own, with its figures."""

    value: str
    text: str
    full: str = ""


def point_in_words(version: Version) -> PointInWords:
    rule = rule_of(Value(version.card.raw)["decision"]["rule"]) if version.card else None
    if rule is None:
        return PointInWords("", UNDEFINED)
    own = _own(version)
    if own is None:
        value = decimal(rule.operating_point)
        return PointInWords(value, _("%s, of the card") % value)
    value = decimal(own.point)
    text = _("%(point)s, this site’s own (card: %(card)s)") % {"point": value, "card": decimal(rule.operating_point)}
    return PointInWords(value, text, point_in_full(own))


def _own(version: Version) -> OperatingPoint | None:
    row = ModelVersion.objects.filter(version=version.name, weights_sha256=version.weights_sha256).first()
    return OperatingPoint.objects.in_force(row) if row else None
