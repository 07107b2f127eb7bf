"""The operating point of a version as it is in force here: its card's, or the installation's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from diagnosis.model_cards.sections import rule_of
from diagnosis.model_cards.values import Value
from diagnosis.model_cards.versions import Version
from diagnosis.models import OperatingPoint
from diagnosis.wording.numbers import UNDEFINED, decimal
from diagnosis.wording.points import point_in_full


@dataclass(frozen=True)
class PointInWords:
    """value: the number alone, "" where the card has none. full: only of an installation's own, with its figures."""

    value: str
    text: str
    full: str = ""


def points_in_words(versions: Sequence[Version]) -> list[PointInWords]:
    """Of each version. One query."""
    rows = OperatingPoint.objects.select_related("model_version").defer("model_version__card").order_by("pk")
    newest = {(row.model_version.version, row.model_version.weights_sha256): row for row in rows}
    return [_in_words(version, newest.get((version.name, version.weights_sha256))) for version in versions]


def point_in_words(version: Version) -> PointInWords:
    return points_in_words([version])[0]


def _in_words(version: Version, own: OperatingPoint | None) -> PointInWords:
    rule = rule_of(Value(version.card.raw)["decision"]["rule"]) if version.card else None
    if rule is None:
        return PointInWords("", UNDEFINED)
    if own is None or own.point is None:
        value = decimal(rule.operating_point)
        return PointInWords(value, _("%s, of the card") % value)
    value = decimal(own.point)
    text = _("%(point)s, this site’s own (card: %(card)s)") % {"point": value, "card": decimal(rule.operating_point)}
    return PointInWords(value, text, point_in_full(own))
