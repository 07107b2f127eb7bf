"""The sheet of a report: head, foot with the page number ("Page 2 of 3"), and the metadata of the PDF."""

import io
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, PageTemplate, Paragraph
from reportlab.platypus import Frame as PlatypusFrame

from diagnosis.reports.drawing import INK, LINE, SOFT
from diagnosis.reports.fonts import REGULAR, Typesetter, is_shaped

MARGIN = 48
_HEAD, _FOOT = 74, 52
_LONGEST_INSTITUTION = 70
_LOGO_WIDTH, _LOGO_HEIGHT = 120, 32


@dataclass(frozen=True)
class Frame:
    """What surrounds the text of every page."""

    title: str
    language: str
    institution: str
    heading: str
    """Whose report it is, on every page."""
    logo: bytes | None
    code: str
    without_date: bool
    """Not even in the file's own details."""


def build_pages(target: io.BytesIO, story: list[Flowable], frame: Frame, typesetter: Typesetter) -> None:
    """Set `story` on as many A4 pages as it needs and write the PDF to `target`."""
    document = BaseDocTemplate(
        target,
        pagesize=A4,
        title=frame.title,
        author=frame.institution,
        creator="covidxray",
        producer="covidxray",
        lang=frame.language,
        displayDocTitle=1,
        invariant=int(frame.without_date),
        initialFontName=REGULAR,
    )
    place = PlatypusFrame(MARGIN, _FOOT, A4[0] - 2 * MARGIN, A4[1] - _HEAD - _FOOT, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[place]))

    def canvas(*args: Any, **options: Any) -> Canvas:
        return _Sheet(*args, frame=frame, typesetter=typesetter, **options)

    document.build(story, canvasmaker=canvas)


class _Sheet(Canvas):
    """Draws head and foot. Each foot is a form that its page names, drawn when it is known how many pages there are."""

    def __init__(self, *args: Any, frame: Frame, typesetter: Typesetter, **options: Any) -> None:
        super().__init__(*args, **options)
        self._sheet, self._typesetter = frame, typesetter

    def showPage(self) -> None:  # noqa: N802
        self._draw_head()
        self.doForm(f"foot-{self.getPageNumber()}")
        super().showPage()

    def save(self) -> None:
        pages = self.getPageNumber() - 1
        for number in range(1, pages + 1):
            self.beginForm(f"foot-{number}", upperx=A4[0], uppery=A4[1])
            self._draw_foot(_("Page %(number)d of %(all)d") % {"number": number, "all": pages})
            self.endForm()
        super().save()

    def _draw_head(self) -> None:
        left, line = MARGIN, A4[1] - _HEAD + 16
        if self._sheet.logo:
            picture = ImageReader(io.BytesIO(self._sheet.logo))
            across, down = picture.getSize()
            scale = min(_LOGO_WIDTH / across, _LOGO_HEIGHT / down)
            self.drawImage(picture, left, line + 6, across * scale, down * scale, mask="auto")
            left += across * scale + 10
        name = _cut(self._sheet.institution, _LONGEST_INSTITUTION)
        half = (A4[0] - MARGIN - left) / 2
        self._paragraph(name, 9.5, INK, (left, line + 8), half)
        heading = _cut(self._sheet.heading, _LONGEST_INSTITUTION)
        self._paragraph(heading, 9.5, INK, (left + half + 8, line + 8), half - 8, right=True)
        self._rule(line)

    def _draw_foot(self, page: str) -> None:
        self._rule(_FOOT - 12)
        width = A4[0] - 2 * MARGIN
        text = _("Decision support, research use. Not a certified medical device.")
        self._paragraph(text, 7.5, SOFT, (MARGIN, _FOOT - 27), width - 190)
        self._paragraph(
            f"{self._sheet.code}  ·  {page}", 7.5, SOFT, (A4[0] - MARGIN - 190, _FOOT - 27), 190, right=True
        )

    def _rule(self, height: float) -> None:
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(MARGIN, height, A4[0] - MARGIN, height)

    def _paragraph(
        self, text: str, size: float, colour: Any, place: tuple[float, float], width: float, right: bool = False
    ) -> None:
        style = ParagraphStyle("sheet", fontName=REGULAR, fontSize=size, leading=size * 1.3, textColor=colour)
        style.alignment = 2 if right else 0
        style.shaping = is_shaped(text)
        paragraph = Paragraph(self._typesetter.markup(text, size=size, width=width), style)
        paragraph.wrapOn(self, width, 100)
        paragraph.drawOn(self, *place)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
