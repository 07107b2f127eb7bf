"""What readers call a radiograph (RSNA consensus), as pages and files say it: four probabilities, and no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.wording import listed
from diagnosis.findings import Appearance
from diagnosis.models import Diagnosis, ModelFinding, findings_read
from diagnosis.wording.numbers import decimal, percents


@dataclass(frozen=True)
class FindingInWords:
    """One of the findings of a diagnosis. width: of its bar, for an SVG attribute."""

    label: str
    probability: str
    width: str


def finding_in_words(name: str) -> str:
    """Of a finding's name, as the model gives it; the name itself where this program knows no word for it."""
    return str(Diagnosis.Appearance(name).label) if name in set(Appearance) else name


def findings_of(diagnosis: Diagnosis) -> list[ModelFinding]:
    """In the order of the words' own scale; none of a hidden answer, and of a version that does not look for them."""
    findings_read([diagnosis])
    return list(diagnosis.findings.all())


def findings_in_words(diagnosis: Diagnosis) -> list[FindingInWords]:
    return [_in_words(row) for row in findings_of(diagnosis)]


def _in_words(row: ModelFinding) -> FindingInWords:
    label, probability = finding_in_words(row.name), percents(row.probability)[0]
    return FindingInWords(label, probability, f"{row.probability * 100:.2f}%")


def findings_in_a_line(findings: Mapping[str, float]) -> str:
    """Probabilities by name; empty where there are none."""
    return listed(f"{finding_in_words(name)} {percents(share)[0]}" for name, share in findings.items())


def what_appearances_are(card: Mapping[str, Any]) -> str:
    """What the four are, how well the model does, and that none of them is the answer."""
    sentences = [
        _("Radiologists use these four words for a radiograph when COVID-19 is possible (RSNA consensus)."),
        _how_well(card),
        _("None of them is the answer: read all four together."),
    ]
    return " ".join(filter(None, sentences))


def _how_well(card: Mapping[str, Any]) -> str:
    """Nothing where the card has no such figures."""
    rows = _judged(card)
    if not rows:
        return ""
    figures = listed(f"{name} {decimal(area, 2)}" for name, area in rows)
    return _(
        "On studies of other patients at the same hospitals, the model told each from the rest with these ROC AUCs, "
        "where 0.5 is chance and 1 is perfect: %(figures)s. It seldom recognises indeterminate and atypical ones."
    ) % {"figures": figures}


def _judged(card: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Of each word the ROC AUC, from the section of the card, whose rows have the order of `Appearance`."""
    try:
        (section,) = (each for each in card["sections"] if each["slug"] == "appearances")
        areas = [float(row[_AREA].partition(" ")[0]) for row in section["table"]["rows"]]
        return [(finding_in_words(name), area) for name, area in zip(Appearance, areas, strict=True)]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return []


_AREA = 2
"""The column of the section's table, which is: read as, studies, ROC AUC, called."""
