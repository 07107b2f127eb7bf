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
    """In the order of the words' own scale, or of a version's own classes; none of a hidden answer.

    A version that reads lungs has the words or nothing: its rows cost no query where it has none.
    """
    if diagnosis.is_hidden or (diagnosis.quality and not diagnosis.appearance):
        return []
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


def findings_heading(diagnosis: Diagnosis) -> str:
    return _("Other classes of this version") if diagnosis.is_of_own_classes else _("What radiologists may call it")


def findings_anchor(diagnosis: Diagnosis) -> str:
    """Of the section of the version's card."""
    return "classes" if diagnosis.is_of_own_classes else "appearances"


def what_findings_are(diagnosis: Diagnosis) -> str:
    """Reads the version's card: only where there are findings to be shown."""
    if not diagnosis.is_of_own_classes:
        return what_appearances_are(diagnosis.model_version.card)
    return what_classes_are()


def what_classes_are() -> str:
    return _(
        "How much the radiograph is like the images of each class. None of them is the answer or a diagnosis: a "
        "disease without a class is called by another name. The heat map shows what speaks for COVID-19, and nothing "
        "of these classes."
    )


def what_appearances_are(card: Mapping[str, Any]) -> str:
    """What the four are, that none of them is the answer, and how well the model does."""
    what = _(
        "Radiologists use these four words when COVID-19 is possible (RSNA consensus). None of them is the answer: "
        "read all four together. No map shows where one of them is; the maps are of COVID-19 and of opacities."
    )
    return " ".join(filter(None, (what, _how_well(card))))


def _how_well(card: Mapping[str, Any]) -> str:
    """Nothing where the card has no such figures."""
    areas = _areas(card)
    if not areas:
        return ""
    return _(
        "On other patients of the same hospitals the ROC AUC of each against the rest is %(areas)s, in this order; "
        "0.5 is chance. The model seldom recognises indeterminate and atypical ones."
    ) % {"areas": listed(decimal(area, 2) for area in areas)}


def _areas(card: Mapping[str, Any]) -> list[float]:
    """Of each word the ROC AUC, from the section of the card, whose rows have the order of `Appearance`."""
    try:
        (section,) = (each for each in card["sections"] if each["slug"] == "appearances")
        areas = [float(row[_AREA].partition(" ")[0]) for row in section["table"]["rows"]]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return []
    return areas if len(areas) == len(Appearance) else []


_AREA = 2
"""The column of the section's table, which is: read as, studies, ROC AUC, called."""
