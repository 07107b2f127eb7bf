"""Picture quality, opacities and what left-out hospitals say of an answer, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.wording import listed
from diagnosis.findings import Prediction
from diagnosis.inference.gate.sentences import SENTENCES
from diagnosis.models import Diagnosis, OperatingPoint
from diagnosis.wording.appearances import findings_of
from diagnosis.wording.numbers import percents


@dataclass(frozen=True)
class PictureInWords:
    """quality: a word, "" where the model has no gate. limits: sentences that say what is wrong or to be looked at.

    opacities: a word, "" where the model does not look for them. in_lungs: share of the heat map, "" where not known.
    """

    quality: str
    limits: tuple[str, ...]
    opacities: str
    opacity_probability: str
    in_lungs: str


def picture_in_words(diagnosis: Diagnosis) -> PictureInWords:
    """What the model saw of the picture, beside its answer."""
    return PictureInWords(
        quality=diagnosis.get_quality_display(),
        limits=tuple(_(SENTENCES[code]) for code in diagnosis.quality_codes if code in SENTENCES),
        opacities=diagnosis.get_opacities_display(),
        opacity_probability=_share(diagnosis.opacity_probability),
        in_lungs=_share(diagnosis.heat_in_lungs),
    )


def is_map_telling(diagnosis: Diagnosis) -> bool:
    """Whether the map that comes first is shown without being asked for.

    Below the operating point evidence for COVID is what was outweighed: coloured spots would contradict the answer. The
    map of opacities, which comes first where there is one, also tells something where there are opacities.
    """
    return diagnosis.probability >= diagnosis.operating_point or diagnosis.opacities == Diagnosis.Opacities.YES


def _share(value: float | None) -> str:
    return "" if value is None else percents(value)[0]


def how_often_wrong(diagnosis: Diagnosis) -> str:
    """What is known of such answers; "" where nothing is.

    The card's figures are those at the card's operating point. An answer by the installation's own has its own.
    """
    if diagnosis.site_point:
        return _here(diagnosis.prediction, diagnosis.site_point)
    return elsewhere(diagnosis.prediction, diagnosis.model_version.card)


def _here(prediction: str, chosen: OperatingPoint) -> str:
    """By the cases that this operating point was chosen by."""
    right = {Prediction.POSITIVE.value: chosen.specificity, Prediction.NEGATIVE.value: chosen.sensitivity}
    share = right.get(prediction)
    if share is None:
        return ""
    sentences = {
        Prediction.POSITIVE: _(
            "Of 100 people without COVID-19 here, by RT-PCR, %(number)d reached this site’s operating point. "
            "Severe pneumonia of other causes looks alike."
        ),
        Prediction.NEGATIVE: _(
            "Of 100 people with COVID-19 here, by RT-PCR, %(number)d were below this site’s operating point. "
            "A clear radiograph does not exclude COVID-19."
        ),
    }
    return sentences[Prediction(prediction)] % {"number": round(100 * (1 - share))}


def elsewhere(prediction: str, card: Mapping[str, Any]) -> str:
    """What hospitals that the model had not seen say of such an answer; "" where the card has no such figures.

    Those that were left out of training each in turn; of an older version, the collections that it was judged on.
    """
    share = _left_out(prediction, card) if "left_out" in card else _external(prediction, card)
    if share is None:
        return ""
    sentences = {
        Prediction.POSITIVE: _(
            "Of 100 people without COVID-19 at hospitals that the model had not seen, %(number)d were called Positive. "
            "Severe pneumonia of other causes looks alike."
        ),
        Prediction.NEGATIVE: _(
            "Of 100 people with COVID-19 at hospitals that the model had not seen, %(number)d were called Negative. "
            "A clear radiograph does not exclude COVID-19."
        ),
    }
    return sentences[Prediction(prediction)] % {"number": round(100 * share)}


def _left_out(prediction: str, card: Mapping[str, Any]) -> float | None:
    names = {Prediction.POSITIVE.value: "called_positive", Prediction.NEGATIVE.value: "called_negative"}
    try:
        return float(card["left_out"]["summary"][names[prediction]])
    except (KeyError, TypeError, ValueError):
        return None


def _external(prediction: str, card: Mapping[str, Any]) -> float | None:
    """The share that got this answer wrongly, over all external collections."""
    kinds = {Prediction.POSITIVE.value: "non_covid", Prediction.NEGATIVE.value: "covid"}
    try:
        rows = [part["table"][kinds[prediction]] for part in card["external"].values()]
        return sum(row[prediction.lower()] for row in rows) / sum(sum(row.values()) for row in rows)
    except (AttributeError, KeyError, TypeError, ZeroDivisionError):
        return None


def not_looked_for(diagnosis: Diagnosis) -> str:
    """What an answer says nothing of, be it Negative or not."""
    if diagnosis.is_of_own_classes:
        return _(
            "The model looks for signs of COVID-19 and compares the radiograph with images of these classes: "
            "%(classes)s. It looks for nothing else: a disease without a class is not found."
        ) % {"classes": listed(finding.name for finding in findings_of(diagnosis))}
    if diagnosis.appearance:
        return _(
            "The model looks for signs of COVID-19, for opacities in the lungs, and for what radiologists may call the "
            "radiograph. It does not look for anything else, such as tuberculosis, tumours, pneumothorax, effusions, "
            "fractures, or lines and tubes."
        )
    if diagnosis.opacities:
        return _(
            "The model looks for signs of COVID-19 and for opacities in the lungs. It does not look for anything else, "
            "such as tuberculosis, tumours, pneumothorax, effusions, fractures, or lines and tubes."
        )
    return _(
        "The model looks for signs of COVID-19. It does not look for anything else, such as tuberculosis, tumours, "
        "pneumothorax, effusions, fractures, or lines and tubes."
    )
