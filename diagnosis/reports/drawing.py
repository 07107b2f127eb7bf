"""What a report draws itself: the scale of an answer and the QR code, in the colours of the pages."""

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from diagnosis.findings import Prediction
from diagnosis.imaging.own_outputs import heat_palette
from diagnosis.reports.fonts import BOLD, REGULAR

INK = HexColor("#14303a")
SOFT = HexColor("#4a626b")
LINE = HexColor("#b9c6cb")
PANEL = HexColor("#f3f6f7")
ACCENT = HexColor("#0c6572")
LABEL_COLOURS = {
    Prediction.POSITIVE: HexColor("#a8321b"),
    Prediction.NEGATIVE: HexColor("#1b5c93"),
    Prediction.INDETERMINATE: HexColor("#7a5200"),
}
_ZONES = {
    Prediction.NEGATIVE: HexColor("#bcd6ea"),
    Prediction.INDETERMINATE: HexColor("#ecc868"),
    Prediction.POSITIVE: HexColor("#eab5a6"),
}
_BAR_HEIGHT = 11
_BAR_FROM = 14
_UNDER = 225
"""Grey below the key, 0..255."""


class Scale(Flowable):
    """Probabilities of COVID from 0 to 1 on a bar: the band, the operating point, and the answer's place.

    `probability` is the number and its words. The texts stay within `width` points, whatever they say.
    """

    def __init__(
        self, *, probability: tuple[float, str], operating_point: float, band: tuple[float, float], width: float
    ) -> None:
        super().__init__()
        self._probability, self._operating_point, self._band = probability, operating_point, band
        self.width, self.height = width, _BAR_FROM + _BAR_HEIGHT + 24

    def draw(self) -> None:
        low, high = self._band
        self._zone(Prediction.NEGATIVE, 0, low)
        self._zone(Prediction.INDETERMINATE, low, high)
        self._zone(Prediction.POSITIVE, high, 1)
        self._draw_operating_point()
        self._draw_pointer()
        self.canv.setFillColor(SOFT)
        self.canv.setFont(REGULAR, 8)
        self.canv.drawString(0, 0, "0\N{NO-BREAK SPACE}%")
        self.canv.drawRightString(self.width, 0, "100\N{NO-BREAK SPACE}%")

    def _zone(self, zone: Prediction, start: float, end: float) -> None:
        self.canv.setFillColor(_ZONES[zone])
        self.canv.rect(start * self.width, _BAR_FROM, (end - start) * self.width, _BAR_HEIGHT, stroke=0, fill=1)

    def _draw_operating_point(self) -> None:
        place = self._operating_point * self.width
        self.canv.setStrokeColor(INK)
        self.canv.setLineWidth(1.5)
        self.canv.line(place, _BAR_FROM - 4, place, _BAR_FROM + _BAR_HEIGHT + 4)

    def _draw_pointer(self) -> None:
        value, text = self._probability
        place, top = value * self.width, _BAR_FROM + _BAR_HEIGHT
        tip = self.canv.beginPath()
        tip.moveTo(place, top)
        tip.lineTo(place - 4.5, top + 7)
        tip.lineTo(place + 4.5, top + 7)
        tip.close()
        self.canv.setFillColor(INK)
        self.canv.drawPath(tip, stroke=0, fill=1)
        width = stringWidth(text, BOLD, 9)
        self.canv.setFont(BOLD, 9)
        self.canv.drawString(min(max(place - width / 2, 0), self.width - width), top + 11, text)


class HeatKey(Flowable):
    """The colours of the maps from little to much, over grey as they are over a radiograph."""

    def __init__(self, *, width: float, from_right: bool) -> None:
        super().__init__()
        self.width, self.height = width, 10
        self._from_right = from_right

    def draw(self) -> None:
        colours, opacities = heat_palette()
        step = self.width / 64
        for place in range(64):
            level = 4 * (63 - place if self._from_right else place)
            opacity = opacities[level] / 255
            channels = (colours[3 * level + channel] * opacity + _UNDER * (1 - opacity) for channel in range(3))
            self.canv.setFillColorRGB(*(value / 255 for value in channels))
            self.canv.rect(place * step, 0, 1.1 * step, 8, stroke=0, fill=1)


def qr_code(text: str, side: float) -> Drawing:
    """A QR code that survives a fold or a stain (level M), `side` points wide with its quiet zone."""
    widget = QrCodeWidget(text, barLevel="M", barWidth=side, barHeight=side, barFillColor=INK)
    return Drawing(side, side, widget, initialFontName=REGULAR)  # otherwise it names a font that is not embedded
