"""Pictures of a stored report's pages, for browsers that show no PDF within a page."""

import io
from threading import Lock

import numpy as np
from pypdfium2 import PdfDocument

from diagnosis.imaging.own_outputs import own_mark

PAGE_WIDTH = 1240
"""A4 at 150 dots per inch: readable on a screen, and on paper if the page itself is printed."""
_one_at_a_time = Lock()
"""PDFium is not made for threads."""


def number_of_pages(pdf: bytes) -> int:
    with _one_at_a_time, PdfDocument(pdf) as document:
        return len(document)


def page_picture(pdf: bytes, number: int) -> bytes:
    """Page `number`, from 1, as a PNG of PAGE_WIDTH pixels across."""
    with _one_at_a_time, PdfDocument(pdf) as document:
        page = document[number - 1]
        picture = page.render(scale=PAGE_WIDTH / page.get_width()).to_pil()
        page.close()
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG", pnginfo=own_mark())
    return buffer.getvalue()


def page_pixels(pdf: bytes, *, width: int) -> np.ndarray:
    """The first page as (height, width, 3) uint8, RGB."""
    with _one_at_a_time, PdfDocument(pdf) as document:
        page = document[0]
        picture = page.render(scale=width / page.get_width()).to_pil()
        page.close()
    return np.asarray(picture.convert("RGB"))
