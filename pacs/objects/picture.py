"""A result as one picture for people: the radiograph under its heat map, and next to it the answer in words.

It is set as a page with the fonts of reports, so that any script can be read, and then drawn. Nothing about the patient
is written on it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.utils.translation import get_language_info, override, to_locale
from django.utils.translation import gettext as _
from PIL import Image
from reportlab.lib.colors import Color, HexColor, black, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer

from diagnosis.findings import Prediction
from diagnosis.models import Conclusion, Diagnosis, ReviewState
from diagnosis.reports.content import printed_radiograph, under_map
from diagnosis.reports.fonts import REGULAR, Typesetter, is_shaped, typesetter_for
from diagnosis.reports.preview import page_pixels
from diagnosis.wording.answers import in_words
from diagnosis.wording.appearances import findings_in_words, what_appearances_are, what_classes_are
from diagnosis.wording.numbers import moment
from diagnosis.wording.pictures import not_looked_for, picture_in_words
from pacs.objects.statements import Statement

WIDTH, HEIGHT = 1536, 1024
"""Of the picture, in pixels."""
_PAGE = (960.0, 640.0)
_SIDE, _MARGIN, _TEXT_WIDTH = 600.0, 20.0, 300.0
_SOFT = HexColor("#b4c2c7")
_COLOURS = {
    Prediction.POSITIVE: HexColor("#ff9a80"),
    Prediction.NEGATIVE: HexColor("#8fc7ff"),
    Prediction.INDETERMINATE: HexColor("#ffd166"),
}


@dataclass(frozen=True)
class _Line:
    text: str
    size: float = 11
    bold: bool = False
    colour: Color = white
    gap: float = 6


def result_picture(statement: Statement) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8, in the site's own language. Raises FileNotFoundError where the copy is lost."""
    with override(settings.LANGUAGE_CODE):
        language = to_locale(settings.LANGUAGE_CODE).replace("_", "-").lower()
        from_right = bool(get_language_info(language)["bidi"])
        lines = list(_lines(statement))
        with typesetter_for([line.text for line in lines], right_to_left=from_right) as typesetter:
            page = _page(statement, lines, typesetter, from_right)
    return page_pixels(page, width=WIDTH)


def _page(statement: Statement, lines: list[_Line], typesetter: Typesetter, from_right: bool) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=_PAGE, invariant=1, initialFontName=REGULAR)
    canvas.setFillColor(black)
    canvas.rect(0, 0, *_PAGE, stroke=0, fill=1)
    if not statement.is_withdrawn:
        _draw_radiograph(canvas, statement.diagnosis)
    _draw_lines(canvas, lines, typesetter, from_right)
    canvas.save()
    return buffer.getvalue()


def _draw_radiograph(canvas: Canvas, diagnosis: Diagnosis) -> None:
    radiograph = printed_radiograph(diagnosis)
    picture: Image.Image = under_map(radiograph, diagnosis.study, bytes(diagnosis.heat_map))
    scale = _SIDE / max(picture.size)
    width, height = picture.width * scale, picture.height * scale
    left, bottom = _MARGIN + (_SIDE - width) / 2, _MARGIN + (_SIDE - height) / 2
    canvas.drawImage(ImageReader(picture), left, bottom, width, height)


def _draw_lines(canvas: Canvas, lines: list[_Line], typesetter: Typesetter, from_right: bool) -> None:
    left = _MARGIN + _SIDE + _MARGIN
    frame = Frame(left, _MARGIN, _TEXT_WIDTH, _PAGE[1] - 2 * _MARGIN, 0, 0, 0, 0)
    story: list[Flowable] = []
    for line in lines:
        story += [_paragraph(line, typesetter, from_right), Spacer(0, line.gap)]
    frame.addFromList([KeepInFrame(_TEXT_WIDTH, _PAGE[1] - 2 * _MARGIN, story, mode="shrink")], canvas)


def _paragraph(line: _Line, typesetter: Typesetter, from_right: bool) -> Paragraph:
    style = ParagraphStyle(
        "line", fontName=REGULAR, fontSize=line.size, leading=line.size * 1.35, textColor=line.colour
    )
    style.shaping = is_shaped(line.text)
    if from_right:
        style.alignment = TA_RIGHT
    return Paragraph(typesetter.markup(line.text, size=line.size, width=_TEXT_WIDTH, bold=line.bold), style)


def _lines(statement: Statement) -> Iterator[_Line]:
    yield _Line(_("COVID-19 classification"), 13, colour=_SOFT, gap=10)
    if statement.is_withdrawn:
        yield _Line(_("Withdrawn"), 30, bold=True, colour=_COLOURS[Prediction.INDETERMINATE], gap=8)
        yield _Line(_("This answer was withdrawn. Do not use it, or any earlier picture or report of it."), 12, gap=12)
    else:
        yield from _answer(statement)
    yield from _model(statement)
    yield _Line(_("Decision support, research use. This is not a certified medical device."), 10.5, bold=True)
    yield _Line(
        _("No diagnosis may rest on this answer alone: it never replaces the judgement of a qualified person."), 10.5
    )


def _answer(statement: Statement) -> Iterator[_Line]:
    diagnosis, words = statement.diagnosis, in_words(statement.diagnosis)
    yield _Line(diagnosis.get_prediction_display(), 30, bold=True, colour=_COLOURS[statement.prediction], gap=4)
    yield _Line(_("COVID probability %s") % words.probability, 14, bold=True, gap=4)
    yield _Line(_("Positive from %s") % words.positive_from, gap=2)
    if words.has_band:
        yield _Line(_("Negative below %s") % words.negative_below, gap=12)
    seen = picture_in_words(diagnosis)
    if seen.opacities:
        values = {"answer": seen.opacities, "probability": seen.opacity_probability}
        yield _Line(_("Opacities in the lungs: %(answer)s (%(probability)s)") % values)
    for one in findings_in_words(diagnosis):
        yield _Line(f"{one.label}: {one.probability}", 10.5, gap=2)
    if diagnosis.is_of_own_classes:
        yield _Line(what_classes_are(), 9, colour=_SOFT)
    elif diagnosis.appearance:
        yield _Line(what_appearances_are({}), 9, colour=_SOFT)
    if seen.quality:
        yield _Line(_("Picture quality: %s") % seen.quality)
    for sentence in seen.limits:
        yield _Line(sentence, 10.5, colour=_SOFT)
    yield _Line(not_looked_for(diagnosis), 9, colour=_SOFT)
    if review := statement.review:
        if review.conclusion:
            yield _Line(_("Reader's conclusion: %s") % Conclusion(review.conclusion).label, 14, bold=True, gap=2)
        yield _Line(_("Review: %s") % ReviewState(review.verdict).label)
    if statement.replaces:
        yield _Line(_("This replaces an earlier answer in this study."), bold=True)


def _model(statement: Statement) -> Iterator[_Line]:
    version = statement.diagnosis.model_version
    yield _Line(_("Model %s") % version.version, colour=_SOFT, gap=2)
    yield _Line(f"SHA-256 {version.weights_sha256[:16]}…", 9, colour=_SOFT, gap=2)
    yield _Line(moment(statement.made, with_zone=True), colour=_SOFT, gap=14)
