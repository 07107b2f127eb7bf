"""A diagnosis as a document to print: its content → PDF bytes. No database, no settings, no files."""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from django.utils.formats import date_format
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, Spacer, Table

from diagnosis.reports.drawing import ACCENT, INK, LABEL_COLOURS, LINE, PANEL, SOFT, HeatKey, Scale, qr_code
from diagnosis.reports.fonts import REGULAR, Typesetter, is_shaped, printable, typesetter_for
from diagnosis.reports.parts import Fact, ReportContent
from diagnosis.reports.sheets import MARGIN, Frame, build_pages
from diagnosis.wording.numbers import MOMENT_FORMAT

WIDTH = A4[0] - 2 * MARGIN
_PICTURE_HEIGHT = 205
_GAP = 10
_MOST_LINES = 80
IN_A_ROW = 4
"""Findings: the four words of readers fill one."""


def report_pdf(report: ReportContent) -> bytes:
    """Print a report on A4 pages, numbered "n of m", with every font embedded."""
    buffer = io.BytesIO()
    with typesetter_for(_texts(report), right_to_left=_is_right_to_left(report)) as typesetter:
        frame = Frame(
            title=_title(report),
            language=report.language,
            institution=report.institution,
            heading=report.heading,
            logo=report.logo,
            code=report.code,
            without_date=report.produced is None,
        )
        build_pages(buffer, list(_Story(report, typesetter)), frame, typesetter)
    return buffer.getvalue()


def _is_right_to_left(report: ReportContent) -> bool:
    return bool(get_language_info(report.language.lower())["bidi"])


def _title(report: ReportContent) -> str:
    """Without a name: viewers keep the titles of what they have opened."""
    if report.is_deidentified:
        return _("COVID-19 classification report, de-identified")
    return _("COVID-19 classification report")


def _texts(report: ReportContent) -> Iterator[str]:
    """Every text that is not a word of this program's own."""
    yield from (report.institution, report.heading, report.produced_by, report.answer.label)
    yield report.notes
    for fact in (
        *report.patient,
        *report.study,
        *report.verdicts,
        *report.additions,
        *report.model,
        *report.appearances,
    ):
        yield from (fact.name, fact.value)
    yield from (*report.limits, *report.remarks)
    yield from (figures.measured_on for figures in report.figures)


class _Story:
    """The parts of a report from top to bottom."""

    def __init__(self, report: ReportContent, typesetter: Typesetter) -> None:
        self._report = report
        self._typesetter = typesetter
        self._from_right = _is_right_to_left(report)

    def __iter__(self) -> Iterator[Flowable]:
        yield self._text(_title(self._report), size=17, bold=True, width=WIDTH)
        yield Spacer(0, _GAP)
        yield from self._facts_table()
        yield Spacer(0, _GAP)
        yield self._answer()
        yield from self._additions()
        yield Spacer(0, _GAP)
        yield self._pictures()
        yield from self._notes()
        yield from self._model()
        yield from self._limits()
        yield Spacer(0, _GAP)
        yield self._origin()

    def _text(
        self, text: str, *, width: float, size: float = 8.5, bold: bool = False, colour: Color = INK, hanging: float = 0
    ) -> Paragraph:
        style = ParagraphStyle("text", fontName=REGULAR, fontSize=size, leading=size * 1.42, textColor=colour)
        style.shaping = is_shaped(text)
        if self._from_right:
            style.alignment = TA_RIGHT
        else:
            style.leftIndent, style.firstLineIndent = hanging, -hanging
        return Paragraph(self._typesetter.markup(text, size=size, width=width, bold=bold), style)

    def _row(self, cells: list[Any], widths: list[float]) -> Table:
        """A table of one row, whose first cell is where reading begins."""
        step = -1 if self._from_right else 1
        return Table([cells[::step]], colWidths=widths[::step], splitInRow=1)

    def _heading(self, text: str) -> list[Flowable]:
        return [Spacer(0, 1.4 * _GAP), self._text(text, size=11.5, bold=True, width=WIDTH), Spacer(0, 4)]

    def _facts_table(self) -> Iterator[Flowable]:
        """Patient and study side by side; a very long value goes on on the next page."""
        half = (WIDTH - _GAP) / 2
        columns = [self._column(_("Patient"), self._report.patient, half)]
        columns.append(self._column(_("Study"), self._report.study, half))
        table = self._row(columns, [half + _GAP, half])
        table.setStyle([*_BARE, ("LINEABOVE", (0, 0), (-1, 0), 1, ACCENT), ("LINEBELOW", (0, -1), (-1, -1), 0.5, LINE)])
        yield table

    def _column(self, heading: str, facts: tuple[Fact, ...], width: float) -> list[Flowable]:
        lines: list[Flowable] = [Spacer(0, 5), self._text(heading, size=10.5, bold=True, width=width), Spacer(0, 2)]
        if not facts:
            removed = self._report.is_deidentified
            lines.append(self._text(_("Removed") if removed else _("Not recorded"), width=width, colour=SOFT))
        for fact in facts:
            lines.append(self._fact(fact, width))
        return [*lines, Spacer(0, 5)]

    def _fact(self, fact: Fact, width: float, name_width: float = 88) -> Flowable:
        """A name and its value, next to it, or over whole lines where it is very long."""
        name = self._text(fact.name, width=name_width - 6, colour=SOFT)
        value_width = width - name_width
        if len(fact.value) > 600:
            return self._text(f"{fact.name}: {fact.value}", width=width)
        value = self._text(fact.value, width=value_width)
        table = self._row([name, value], [name_width, value_width])
        table.setStyle([*_BARE, ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5)])
        return table

    def _answer(self) -> Flowable:
        """The model's answer, the reader's and RT-PCR in letters of one size; below them the scale and what was seen.

        Nobody's word dominates.
        """
        answer, reading = self._report.answer, self._report.answer.reading
        inner = WIDTH - 24
        scale = Scale(
            probability=(answer.probability, reading.probability),
            operating_point=answer.operating_point,
            band=(answer.indeterminate_low, answer.indeterminate_high),
            width=inner,
        )
        small = (f"{self._probability()} {self._meaning()}".strip(), *self._report.remarks)
        below: list[Flowable] = [
            Spacer(0, 6),
            scale,
            Spacer(0, 4),
            self._text(self._key(), size=8, width=inner, colour=SOFT),
        ]
        below += [self._text(text, width=inner) for text in small]
        below += self._appearances(inner)
        outer = Table([[[self._side_by_side(inner), *below]]], colWidths=[WIDTH])
        outer.setStyle([("BACKGROUND", (0, 0), (-1, -1), PANEL), *_PADDED])
        return outer

    def _appearances(self, width: float) -> list[Flowable]:
        """Smaller than the answer, which they are not."""
        report = self._report
        if not report.appearances:
            return []
        starts = range(0, len(report.appearances), IN_A_ROW)
        rows = [self._findings(report.appearances[start : start + IN_A_ROW], width) for start in starts]
        heading = self._text(report.appearances_heading, bold=True, width=width)
        about = self._text(report.about_appearances, size=8, width=width, colour=SOFT)
        return [Spacer(0, 5), heading, *rows, Spacer(0, 2), about]

    def _findings(self, facts: Sequence[Fact], width: float) -> Flowable:
        each = width / IN_A_ROW
        cells = [
            [
                self._text(fact.name, size=8, width=each - 6, colour=SOFT),
                self._text(fact.value, size=9.5, width=each - 6),
            ]
            for fact in facts
        ]
        table = self._row([*cells, *[""] * (IN_A_ROW - len(cells))], [each] * IN_A_ROW)
        table.setStyle(_BARE)
        return table

    def _side_by_side(self, width: float) -> Flowable:
        """Nobody's word is larger than another's."""
        answer = self._report.answer
        named = [(_("Model"), answer.label, LABEL_COLOURS[answer.prediction])]
        named += [(fact.name, fact.value, INK) for fact in self._report.verdicts]
        each = width / len(named)
        cells = [
            [
                self._text(name, size=8.5, width=each - 8, colour=SOFT),
                self._text(word, size=14, bold=True, width=each - 8, colour=colour),
            ]
            for name, word, colour in named
        ]
        table = self._row(cells, [each] * len(named))
        table.setStyle(_BARE)
        return table

    def _probability(self) -> str:
        return _("COVID probability %s.") % self._report.answer.reading.probability

    def _meaning(self) -> str:
        reading = self._report.answer.reading
        if reading.confidence is None:
            return _("Too close to the operating point for an answer: refer to a radiologist.")
        if reading.is_improbable_positive:
            return _(
                "Below 50 %%, and still Positive: answers count as Positive from %(positive_from)s, so that fewer "
                "cases are missed."
            ) % {"positive_from": reading.positive_from}
        return ""

    def _key(self) -> str:
        reading = self._report.answer.reading
        parts = [_("Negative below %s") % reading.negative_below]
        if reading.has_band:
            parts.append(_("Indeterminate in between (refer)"))
        parts.append(_("Positive from %s") % reading.positive_from)
        line = _("The line on the scale is the operating point.")
        return f"{', '.join(parts)}. {line}"

    def _additions(self) -> Iterator[Flowable]:
        """What people said, with the model's answer and never instead of it."""
        facts = [self._fact(fact, WIDTH, name_width=130) for fact in self._report.additions]
        yield from self._section(_("Review and outcome"), facts)

    def _notes(self) -> Iterator[Flowable]:
        """Line by line as they were written, unless they are lines without end."""
        lines = [line for line in self._report.notes.splitlines() if printable(line)]
        if len(lines) > _MOST_LINES:
            lines = [" ".join(lines)]
        yield from self._section(_("Clinical notes"), [self._text(line, width=WIDTH) for line in lines])

    def _section(self, title: str, parts: list[Flowable]) -> Iterator[Flowable]:
        """A heading on the page of the first of its parts; nothing where there is none."""
        if parts:
            yield KeepTogether([*self._heading(title), parts[0]])
            yield from parts[1:]

    def _pictures(self) -> Flowable:
        shown = [(self._report.radiograph, _("Radiograph"))]
        if self._report.opacity_map:
            words = _("Opacities, whatever their cause: colour shows where in the lungs the model sees one.")
            shown.append((self._report.opacity_map, words))
        if self._report.heat_map:
            words = _(
                "Heat map: what the model used, not a lesion. Colour shows evidence for COVID, whatever the answer."
            )
            shown.append((self._report.heat_map, words))
        width = min((WIDTH - (len(shown) - 1) * _GAP) / len(shown), WIDTH / 2)
        rows = [
            [_fitted(picture, width) for picture, _caption in shown],
            [self._text(caption, size=8, width=width - 4, colour=SOFT) for _picture, caption in shown],
        ]
        table = Table(rows, colWidths=[width + _GAP / 2] * len(shown), hAlign="LEFT")
        table.setStyle([*_BARE, ("BOTTOMPADDING", (0, 0), (-1, 0), 4)])
        return KeepTogether([table, *self._about_maps(has_map=len(shown) > 1)])

    def _about_maps(self, *, has_map: bool) -> Iterator[Flowable]:
        """What the colours mean, and why there is no heat map."""
        if has_map:
            yield Spacer(0, 4)
            key = HeatKey(width=110, from_right=self._from_right)
            little, much = (self._text(word, size=8, width=50, colour=SOFT) for word in (_("little"), _("much")))
            words = _("The colours mean the same in every picture of this model.")
            table = self._row(
                [little, key, much, self._text(words, size=8, width=260, colour=SOFT)], [42, 118, 60, 270]
            )
            table.setStyle(_BARE)
            yield table
        if not self._report.heat_map:
            words = _("No heat map is printed, because the COVID probability is below the operating point.")
            yield self._text(words, size=8, width=WIDTH, colour=SOFT)

    def _model(self) -> Iterator[Flowable]:
        heading = self._heading(_("Model"))
        facts = [self._fact(fact, WIDTH) for fact in self._report.model]
        # Flat: ReportLab does not measure a KeepTogether within another and begins a new page for it.
        yield KeepTogether([*heading, *facts, Spacer(0, 6), *self._figures()])

    def _figures(self) -> list[Flowable]:
        if self._report.figures:
            return self._figures_table()
        return [self._text(_("The card of this model states no validation figures."), width=WIDTH)]

    def _figures_table(self) -> list[Flowable]:
        widths = [WIDTH - 3 * 118, 118, 118, 118]
        head = (_("Measured on"), _("Sensitivity"), _("Specificity"), _("ROC AUC"))
        rows = [[self._text(text, size=8, bold=True, width=100) for text in head]]
        for figures in self._report.figures:
            texts = (figures.measured_on, figures.sensitivity, figures.specificity, figures.roc_auc)
            rows.append([self._text(text, size=8, width=width - 8) for text, width in zip(texts, widths, strict=True)])
        if self._from_right:
            widths, rows = widths[::-1], [row[::-1] for row in rows]
        table = Table(rows, colWidths=widths, repeatRows=1)
        lines = [("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE), ("LINEABOVE", (0, 0), (-1, 0), 0.5, LINE)]
        table.setStyle([*lines, _OWN_FONT, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)])
        note = _(
            "COVID is the positive class. In brackets: 95 % intervals. They describe those images, not this patient."
        )
        return [table, Spacer(0, 3), self._text(note, size=8, width=WIDTH, colour=SOFT)]

    def _limits(self) -> Iterator[Flowable]:
        items = [self._text(f"• {limit}", width=WIDTH, hanging=6.5) for limit in self._report.limits]
        yield KeepTogether([*self._heading(_("Limits")), *items])

    def _origin(self) -> Flowable:
        """Who, when, and how to check it, next to the QR code. It stays whole."""
        report, code_side = self._report, 84
        width = WIDTH - code_side - 40
        facts = [Fact(_("Produced by"), report.produced_by)] if report.produced_by else []
        if report.produced:
            facts.append(Fact(_("Produced"), _moment(report.produced)))
        facts.append(Fact(_("Verification code"), report.code))
        lines: list[Flowable] = [self._fact(fact, width) for fact in facts]
        address = self._typesetter.markup(report.address, size=8, width=width)
        style = ParagraphStyle("address", fontName=REGULAR, fontSize=8, leading=11.4, textColor=ACCENT)
        lines += [
            Spacer(0, 3),
            self._text(_("Check validity and checksum at"), size=8, width=width),
            Paragraph(f"<link href={quoteattr(report.address)}>{address}</link>", style),
        ]
        table = self._row([lines, qr_code(report.address, code_side)], [WIDTH - code_side - 24, code_side + 24])
        table.setStyle([("BOX", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *_PADDED])
        return KeepTogether([table])


_OWN_FONT = ("FONTNAME", (0, 0), (-1, -1), REGULAR)  # otherwise an empty cell names a font that is not embedded
_BARE = [
    _OWN_FONT,
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]
_PADDED = [
    _OWN_FONT,
    ("LEFTPADDING", (0, 0), (-1, -1), 12),
    ("RIGHTPADDING", (0, 0), (-1, -1), 12),
    ("TOPPADDING", (0, 0), (-1, -1), 8),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
]


def _fitted(picture: bytes, width: float) -> Image:
    """The whole picture in its own proportions, as large as its place allows."""
    across, down = ImageReader(io.BytesIO(picture)).getSize()
    scale = min(width / across, _PICTURE_HEIGHT / down)
    return Image(io.BytesIO(picture), across * scale, down * scale, hAlign="LEFT")


def _moment(moment: datetime) -> str:
    """Date, time, and the zone with its distance from UTC."""
    return f"{date_format(moment, MOMENT_FORMAT)} {date_format(moment, 'T')} (UTC{date_format(moment, 'O')})"
