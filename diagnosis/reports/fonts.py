"""Text of any script as reportlab markup: escaped, shaped, in visual order, each character in a font that has it.

Noto Sans and its relatives come from the packages manimgx-fonts and justmytype-intl-cjk. A font of the first is ready
as it is; those for Chinese, Japanese and Korean are far too large and drawn too thin, so that every document gets
the few characters that it prints, at the right weight, as a font of its own.
"""

import io
import unicodedata
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from threading import RLock
from xml.sax.saxutils import escape

from arabic_reshaper import ArabicReshaper
from bidi.algorithm import get_display  # mirrors brackets, unlike the one of `bidi` itself
from fontTools import subset
from fontTools.ttLib import TTFont as FontFile
from fontTools.varLib import instancer
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from accounts.normalise import with_few_marks

REGULAR = "NotoSans"
BOLD = "NotoSans-Bold"
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
"""Replaces a character that no font here has, so that nothing is left out unseen."""

# Scripts that can be set letter by letter, in either direction.
_SCRIPTS = (
    REGULAR,
    "NotoSansArabic",
    "NotoSansHebrew",
    "NotoSansArmenian",
    "NotoSansGeorgian",
    "NotoSansThai",
    "NotoSansLao",
    "NotoSansEthiopic",
    "NotoSansSymbols",
)
# Scripts whose letters change form, order or height in a word: HarfBuzz shapes them (uharfbuzz, through reportlab).
_SHAPED = (
    "NotoSansThai",
    "NotoSansLao",
    "NotoSansTamil",
    "NotoSansDevanagari",
    "NotoSansBengali",
    "NotoSansTelugu",
    "NotoSansKannada",
    "NotoSansMalayalam",
    "NotoSansGurmukhi",
    "NotoSansGujarati",
    "NotoSansOriya",
)
_LARGE = ("notosanssc/NotoSansSC", "notosanskr/NotoSansKR")
_BOLD_RANGES = (range(0x20, 0x250), range(0x370, 0x500), range(0x1EA0, 0x1F00), range(0x2010, 0x2040))
_NOT_DRAWN = frozenset({"GSUB", "GPOS", "GDEF", "BASE", "STAT", "HVAR", "VVAR", "MVAR", "vhea", "vmtx", "VORG"})
_REGULAR_WEIGHT, _BOLD_WEIGHT = 400, 700
_RIGHT_TO_LEFT = {"R", "AL", "RLE", "RLO", "RLI"}
_lock = RLock()
_reshaper = ArabicReshaper({"support_ligatures": True})


class Typesetter:
    """Puts texts into markup for `reportlab.platypus.Paragraph`. Made by `typesetter_for`."""

    def __init__(self, own_fonts: Iterable[str], *, right_to_left: bool = False) -> None:
        self._own_fonts = tuple(own_fonts)
        self._base = "R" if right_to_left else "L"

    def markup(self, text: str, *, size: float, width: float, bold: bool = False) -> str:
        """`text` as markup without any tag but fonts and line ends.

        Text with right-to-left letters is broken into lines here, for a column of `width` points at `size`: visual
        order must be made line by line, and reportlab breaks lines where they are wide enough from the left.
        """
        cleaned = printable(text)
        if is_shaped(cleaned):
            return " ".join(self._shaped_word(word) for word in cleaned.split())
        lines = self._lines(cleaned, size, width, bold) if _is_right_to_left(cleaned) else [cleaned]
        return "<br/>".join(self._line(line, bold) for line in lines)

    def _line(self, logical: str, bold: bool) -> str:
        return "".join(_runs(self._placed(_in_visual_order(logical, self._base), bold)))

    def _shaped_word(self, word: str) -> str:
        """A word in one font, or else in pieces: reportlab shapes all between two spaces with the first font of it."""
        fonts = (*_SCRIPTS, *_SHAPED, *self._own_fonts)
        whole = next((font for font in fonts if all(_has(font, character) for character in word)), None)
        if whole:
            return "".join(_runs((character, whole) for character in word))
        return " ".join(_runs(self._placed(word, bold=False, others=_SHAPED)))

    def _lines(self, text: str, size: float, width: float, bold: bool) -> list[str]:
        lines, line = [], ""
        width_of = partial(self._width, size=size, bold=bold)
        for word in _short_enough(text.split(" "), width_of, width):
            longer = f"{line} {word}".strip()
            if line and width_of(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        return [*lines, line]

    def _width(self, text: str, size: float, bold: bool) -> float:
        placed = self._placed(_in_visual_order(text, self._base), bold)
        return sum(pdfmetrics.stringWidth(character, font, size) for character, font in placed)

    def _placed(self, text: str, bold: bool, others: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
        """Each character and the name of a font that has it; spaces and marks stay in the font before them."""
        before = BOLD if bold else REGULAR
        for character in text:
            stays = character == " " or unicodedata.category(character).startswith("M")
            candidates = ([before] if stays else []) + ([BOLD] if bold else []) + [*_SCRIPTS, *self._own_fonts, *others]
            found = next((name for name in candidates if _has(name, character)), None)
            before = found or REGULAR
            yield (character if found else UNPRINTABLE), (found or REGULAR)


@contextmanager
def typesetter_for(texts: Iterable[str], *, right_to_left: bool = False) -> Iterator[Typesetter]:
    """A typesetter for a document that prints `texts`, whose own fonts are forgotten when the document is made."""
    printed = [printable(text) for text in texts]
    rest = {character for text in printed for character in text if not _is_in_a_script(character)}
    names = list(_register_large(frozenset(rest)))
    # Shaping adds glyphs to a font that other documents print with too.
    with _lock if any(map(is_shaped, printed)) else nullcontext():
        try:
            yield Typesetter(names, right_to_left=right_to_left)
        finally:
            for name in names:
                pdfmetrics.getFont(name).unregister()


def is_shaped(text: str) -> bool:
    """Whether a paragraph of this text needs a style with `shaping`. Never where some of it is set from the right."""
    others = [character for character in text if not _has(REGULAR, character)]
    return not _is_right_to_left(text) and any(_has(font, each) for each in others for font in _SHAPED)


def printable(text: str) -> str:
    """One line: composed, without control characters or invisible ones that turn the direction of writing."""
    composed = unicodedata.normalize("NFC", with_few_marks(text))
    shown = "".join(character if character.isprintable() else " " for character in composed)
    return " ".join(shown.split())


def _is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)


def _in_visual_order(text: str, base: str) -> str:
    return str(get_display(_reshaper.reshape(text), base_dir=base)) if _is_right_to_left(text) else text


def _short_enough(words: Iterable[str], width_of: Callable[[str], float], width: float) -> Iterator[str]:
    """Words, those that are wider than `width` cut into pieces."""
    for word in words:
        rest = word
        while len(rest) > 1 and width_of(rest) > width:
            cut = max(1, bisect_right(range(1, len(rest)), width, key=lambda end: width_of(rest[:end])))
            yield rest[:cut]
            rest = rest[cut:]
        yield rest


def _runs(placed: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Characters in a row that have the same font, as one tag."""
    for font, run in groupby(placed, key=lambda each: each[1]):
        yield f'<font name="{font}">{escape("".join(character for character, _ in run))}</font>'


def _has(name: str, character: str) -> bool:
    return ord(character) in _font(name).face.charToGlyph


def _is_in_a_script(character: str) -> bool:
    return any(_has(name, character) for name in _SCRIPTS)


def _font(name: str) -> TTFont:
    try:
        return pdfmetrics.getFont(name)
    except KeyError:
        return _register(name)


def _register(name: str) -> TTFont:
    with _lock:  # a registration during another thread's document would lose its letters
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, io.BytesIO(_bold_font() if name == BOLD else _script_font(name))))
        return pdfmetrics.getFont(name)


def _script_font(name: str) -> bytes:
    """The file of a script's font: variable, and of regular weight where nothing is varied."""
    return (_package("manimgx_fonts") / f"{name}[wght].ttf").read_bytes()


def _bold_font() -> bytes:
    characters = frozenset(chr(code) for codes in _BOLD_RANGES for code in codes)
    return _cut_font(_script_font(REGULAR), characters, _BOLD_WEIGHT, BOLD)


def _register_large(characters: frozenset[str]) -> Iterator[str]:
    """Make and register the fonts that have what of `characters` the scripts lack."""
    rest = characters
    for file in _LARGE:
        path = _package("justmytype_intl_cjk") / f"fonts/ofl/{file}[wght].ttf"
        if there := frozenset(character for character in rest if ord(character) in _codes_in(path)):
            name = f"{path.stem.partition('[')[0]}-{uuid.uuid4().hex}"
            font = _cut_font(path.read_bytes(), there, _REGULAR_WEIGHT, name)
            pdfmetrics.registerFont(TTFont(name, io.BytesIO(font)))
            rest -= there
            yield name


@cache
def _codes_in(path: Path) -> frozenset[int]:
    with FontFile(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def _cut_font(variable: bytes, characters: frozenset[str], weight: int, name: str) -> bytes:
    """A TrueType font with only these characters, at one weight, from a variable font."""
    with FontFile(io.BytesIO(variable), lazy=True) as font:
        for table in _NOT_DRAWN & set(font.keys()):
            del font[table]
        cutter = subset.Subsetter(subset.Options(notdef_outline=True, hinting=False))
        cutter.populate(text="".join(characters) + " ")
        cutter.subset(font)
        single = instancer.instantiateVariableFont(font, {"wght": weight})
        for record in single["name"].names:  # two fonts with one name in a document would be taken for the same
            record.string = name
        buffer = io.BytesIO()
        single.save(buffer)
    return buffer.getvalue()


@cache
def _package(name: str) -> Path:
    """Where an installed package that only ships fonts keeps them. It is found, never run."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"The package {name} is not installed: run make run or pip install.", name=name)
    return Path(next(iter(spec.submodule_search_locations)))
