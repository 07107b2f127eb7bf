"""The label of an answer and of a review, the probability of a result, and the facts of a study, for templates.

A list shows fifty labels, of four kinds: each is drawn once in each language.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.translation import get_language

from diagnosis.models import Diagnosis, ReviewState
from diagnosis.wording.answers import covid_probability_of, probability_of
from diagnosis.wording.appearances import findings_in_a_line
from diagnosis.wording.errors import stored_text
from diagnosis.wording.facts import image_facts, patient_facts, preprocessing_in_words
from diagnosis.wording.reading_notes import reading_notes

register = template.Library()
register.filter("probability", probability_of)
register.filter("covid_probability", covid_probability_of)
register.filter("patient_facts", patient_facts)
register.filter("image_facts", image_facts)
register.filter("preprocessing_words", preprocessing_in_words)
register.filter("refusal_text", stored_text)
register.filter("findings_line", findings_in_a_line)

_NAMES = {
    "diagnosis/wording/_label.html": Diagnosis.Label.choices,
    "diagnosis/reviews/_state.html": ReviewState.choices,
}


@register.filter
def svg_points(outline: Sequence[Sequence[float]]) -> str:
    """Points (x, y) as a polygon of SVG has them, in any language; 300 of them are too many for a template's loop."""
    return " ".join(f"{x},{y}" for x, y in outline)


@register.simple_tag
def answer_label(answer: Any) -> str:
    """What a diagnosis answered, or whatever else has a prediction; of one that is hidden, that it is."""
    hidden = getattr(answer, "is_hidden", False)
    return _drawn("diagnosis/wording/_label.html", "" if hidden else answer.prediction, get_language())


@register.simple_tag
def review_state(diagnosis: Diagnosis) -> str:
    """What the newest review says of a diagnosis."""
    return _drawn("diagnosis/reviews/_state.html", diagnosis.review_state, get_language())


@lru_cache(maxsize=100)
def _drawn(template_name: str, value: str, language: str | None) -> str:
    """`language` is the one in force: the word is in it, so it is part of the key."""
    name = dict(_NAMES[template_name]).get(value, value)
    return render_to_string(template_name, {"value": value, "name": name})


register.filter("reading_notes", reading_notes)
