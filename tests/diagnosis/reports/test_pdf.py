"""What a report prints, read back from the PDF and from pictures of its pages."""

import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader
from pypdfium2 import PdfDocument
from reportlab.pdfbase import pdfmetrics

from diagnosis.reports.parts import Fact, Figures, ReportContent
from diagnosis.reports.pdf import report_pdf
from diagnosis.reports.preview import page_picture
from tests.diagnosis.reports.made import answer, content, text_of

NASTY = ['<img src="/etc/passwd"/>', "</font></para><b>unclosed", "<para>&nbsp;&#65;", "a < b & c > d", "<a href='x'"]


def pages_of(report: ReportContent) -> int:
    return len(PdfReader(io.BytesIO(report_pdf(report))).pages)


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """Name of every font that a page uses → whether it is embedded."""
    fonts = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for reference in page["/Resources"]["/Font"].values():  # type: ignore[index]
            font = reference.get_object()
            fonts[font["/BaseFont"]] = "/FontFile2" in font.get("/FontDescriptor", {})
    return fonts


def test_it_says_what_was_found() -> None:
    text = text_of(report_pdf(content()))
    for part in (
        "St. Anna",
        "Jane Doe",
        "MRN-0042",
        "thorax.dcm",
        "Positive",
        "COVID probability 31",
        "Negative below 20",
        "Positive from 28",
        "toy-1",
        "90.0 % (80.0 to 95.0)",
        "Decision support, research use. Not a certified medical device.",
        "not a lesion",
        "Alice",
        "AAAA-BBBB-CCCC-DDDD",
        "https://xray.example.org/verify/AAAA-BBBB-CCCC-DDDD/",
    ):
        assert part in text


def test_the_time_is_printed_with_its_zone() -> None:
    moment = datetime(2026, 3, 4, 13, 6, tzinfo=ZoneInfo("Asia/Kuala_Lumpur"))
    assert "4 Mar 2026, 13:06 +08 (UTC+0800)" in text_of(report_pdf(content(produced=moment)))


def test_every_page_says_which_of_how_many_it_is() -> None:
    report = content(limits=("A sentence about limits. " * 40,) * 6)
    reader = PdfReader(io.BytesIO(report_pdf(report)))
    number = len(reader.pages)
    assert number > 2
    for place, page in enumerate(reader.pages, start=1):
        assert f"Page {place} of {number}" in page.extract_text()


def test_it_is_a4_and_says_its_title_and_language() -> None:
    reader = PdfReader(io.BytesIO(report_pdf(content(language="ms"))))
    sheet = reader.pages[0].mediabox
    assert (round(sheet.width), round(sheet.height)) == (595, 842)
    details = f"{reader.metadata}"
    assert "'/Title': 'COVID-19 classification report'" in details
    assert "Jane" not in details
    assert str(reader.root_object["/Lang"]) == "ms"


def test_every_font_is_embedded() -> None:
    fonts = fonts_of(report_pdf(content(institution="李 محمد Łukasz")))
    assert len(fonts) >= 4
    assert all(fonts.values()), fonts


@pytest.mark.parametrize("name", ["Đặng Thị", "Łukasz Żółć", "李明", "山田 さくら", "김철수", "Ελένη Ирина", "ไทย"])
def test_names_of_many_scripts_are_printed(name: str) -> None:
    report = content(patient=(Fact("Name", name),), institution=name, produced_by=name)
    assert text_of(report_pdf(report)).count(name) >= 3


def places_of(pdf: bytes, letters: str) -> list[float]:
    """How far from the left each of the letters is, in the order of `letters`, each at its first place."""
    with PdfDocument(pdf) as document:
        text = document[0].get_textpage()
        characters = [text.get_text_range(index, 1) for index in range(text.count_chars())]
        return [text.get_charbox(characters.index(letter))[0] for letter in letters]


def test_arabic_is_shaped_and_runs_leftwards() -> None:
    pdf = report_pdf(content(patient=(Fact("Name", "محمد 42"),)))
    assert "\ufee3\ufea4\ufee4\ufeaa" in text_of(pdf)
    assert "42" in text_of(pdf)


def test_hebrew_runs_from_right_to_left() -> None:
    places = places_of(report_pdf(content(patient=(Fact("Name", "שלום"),))), "שלום")
    assert places == sorted(places, reverse=True)


def test_a_long_arabic_name_starts_on_line_one() -> None:
    """Its first and its last word are one letter each, which nothing else on the page has."""
    pdf = report_pdf(content(patient=(Fact("Name", f"ظ {'الف ' * 30} ق"),)))
    with PdfDocument(pdf) as document:
        text = document[0].get_textpage()
        heights = {text.get_text_range(index, 1): text.get_charbox(index)[1] for index in range(text.count_chars())}
    first, last = (next(heights[form] for form in forms if form in heights) for forms in ("\ufec5ظ", "\ufed5ق"))
    assert first > last + 20


def test_tamil_vowels_precede_their_consonant() -> None:
    """Where they are written, although they are spoken, and stored, after it."""
    report = content(patient=(Fact("Name", "கௌரி"),), institution="கௌரி, Łódź", produced_by="கௌரி")
    text = text_of(report_pdf(report))
    assert text.count("ெகௗரி") >= 3
    assert "Łódź" in text


@pytest.mark.parametrize("name", ["श्रीमती प्रिया शर्मा", "ஸ்ரீனிவாசன்", "తెలుగు", "ಕನ್ನಡ", "മലയാളം", "ਗੁਰਪ੍ਰੀਤ", "ગુજરાતી", "ଓଡ଼ିଆ"])
def test_indian_scripts_leave_no_mark(name: str) -> None:
    text = text_of(report_pdf(content(patient=(Fact("Name", name),), notes=name)))
    assert "\N{REPLACEMENT CHARACTER}" not in text


def test_thai_marks_do_not_meet() -> None:
    """The tone has a glyph of its own above the vowel; unshaped, both are drawn at one height."""
    pdf = report_pdf(content(patient=(Fact("Name", "ที่"),)))
    assert "ที่" not in text_of(pdf)
    assert "ที" in text_of(pdf)


@pytest.mark.parametrize("name", ["Łukaszகௌரி", "李கௌரிLee", "கௌரி😀"])
def test_a_mixed_word_loses_no_letter(name: str) -> None:
    """Shaping a whole word with the font of its first letter would print other letters."""
    text = text_of(report_pdf(content(patient=(Fact("Name", name),)))).replace(" ", "")
    assert name.replace("கௌரி", "ெகௗரி").replace("😀", "\N{REPLACEMENT CHARACTER}") in text


def test_tamil_beside_arabic_prints_marks() -> None:
    text = text_of(report_pdf(content(patient=(Fact("Name", "கௌரி محمد"),))))
    assert "\N{REPLACEMENT CHARACTER}" in text
    assert "\ufee3\ufea4\ufee4\ufeaa" in text


def test_simultaneous_reports_keep_letters() -> None:
    names = [f"Number{number} 李{chr(0x674E + number)} Łukasz" for number in range(4)]
    names += [f"Number{number} {chr(0x0B95 + number)}ன Łukasz" for number in (0, 4)]
    with ThreadPoolExecutor(len(names)) as pool:
        pdfs = pool.map(lambda name: report_pdf(content(patient=(Fact("Name", name),))), names)
    assert all(name in text_of(pdf) for name, pdf in zip(names, pdfs, strict=True))


def test_a_character_that_no_font_has_leaves_a_mark() -> None:
    text = text_of(report_pdf(content(patient=(Fact("Name", "a😀b"),))))
    assert "a\N{REPLACEMENT CHARACTER}b" in text


@pytest.mark.parametrize("nasty", NASTY)
def test_markup_in_any_value_stays_text(nasty: str) -> None:
    report = content(
        institution=nasty,
        patient=(Fact(nasty, nasty),),
        study=(Fact(nasty, nasty),),
        additions=(Fact(nasty, nasty),),
        notes=nasty,
        answer=dataclasses.replace(answer(), label=nasty),
        model=(Fact(nasty, nasty),),
        figures=(Figures(nasty, nasty, nasty, nasty),),
        limits=(nasty,),
        produced_by=nasty,
    )
    pdf = report_pdf(report)
    assert text_of(pdf).replace(" ", "").count(nasty.replace(" ", "")) >= 10
    assert b"root:x:" not in pdf


@pytest.mark.parametrize("letter", ["W", "李", "م", "<", "த"])
@pytest.mark.parametrize("length", [300, 5000])
def test_very_long_values_are_printed_whole(letter: str, length: int) -> None:
    long = letter * length
    facts = (Fact("Value", long),)
    report = content(institution=long, patient=facts, study=facts, produced_by=letter * 150)
    assert 2 <= pages_of(report) <= 14
    if letter in "W李<த":
        assert text_of(report_pdf(report)).count(letter) >= 2 * length


def test_very_long_notes_are_whole() -> None:
    report = content(notes="Ŵ" * 5000, additions=(Fact("Reason", "Ž" * 2000),))
    text = text_of(report_pdf(report))
    assert (text.count("Ŵ"), text.count("Ž")) == (5000, 2000)


def test_a_note_of_many_words_runs_over_pages() -> None:
    words = " ".join(f"word{number}" for number in range(700))
    for changes in ({"study": (Fact("Notes", words),)}, {"notes": words}, {"additions": (Fact("Reason", words),)}):
        text = text_of(report_pdf(content(**changes)))
        assert all(f"word{number}" in text for number in range(700))


def test_notes_keep_their_lines() -> None:
    pdf = report_pdf(content(notes="One.\r\n\nTwo."))
    lines = [line.split() for line in PdfReader(io.BytesIO(pdf)).pages[0].extract_text().splitlines()]
    assert ["One."] in lines
    assert ["Two."] in lines
    report = content(notes="x\n" * 2500)
    assert pages_of(report) <= 5
    assert text_of(report_pdf(report)).count("x x x") >= 800


def test_without_notes_there_is_no_heading_for_them() -> None:
    assert "Clinical notes" in text_of(report_pdf(content()))
    assert "Clinical notes" not in text_of(report_pdf(content(notes=" \n ")))


def test_radiograph_and_heat_map_side_by_side() -> None:
    page = np.asarray(Image.open(io.BytesIO(page_picture(report_pdf(content()), 1))).convert("L"))
    left, right = page[:, : page.shape[1] // 2], page[:, page.shape[1] // 2 :]
    dark, light = (left == 90).sum(), (right == 160).sum()
    assert dark > 50_000
    assert light > 50_000


def test_without_figures_it_says_so() -> None:
    assert "states no validation figures" in text_of(report_pdf(content(figures=())))


def test_a_document_leaves_no_font_behind() -> None:
    report_pdf(content())
    before = set(pdfmetrics.getRegisteredFontNames())
    report_pdf(content(patient=(Fact("Name", "李"),)))
    assert set(pdfmetrics.getRegisteredFontNames()) == before


def test_control_characters_are_not_printed() -> None:
    text = text_of(report_pdf(content(patient=(Fact("Name", "Doe\x00\u202egpj.exe\nJane"),))))
    assert "Doe gpj.exe Jane" in text


def test_a_positive_below_half_is_explained() -> None:
    """The probability stands once, and a positive below one half is explained."""
    text = text_of(report_pdf(content(answer=answer(0.31))))
    assert "Below 50 %, and still Positive: answers count as Positive from 28" in text
    assert text.count("COVID probability 31") == 1
    text = text_of(report_pdf(content(answer=answer(0.9))))
    assert "Below 50" not in text


def sizes_of(pdf: bytes) -> dict[str, float]:
    """Each run of text on the first page with the size of its letters."""
    sizes: dict[str, float] = {}

    def note(text: str, _cm: object, _tm: object, _font: object, size: float) -> None:
        sizes.setdefault(text.strip(), size)

    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=note)
    return sizes


def test_nobodys_word_is_larger() -> None:
    """The model is Positive, the reader disagrees, RT-PCR is negative: three words of one size."""
    verdicts = (Fact("Reader", "Disagrees"), Fact("RT-PCR", "Undetected"))
    sizes = sizes_of(report_pdf(content(verdicts=verdicts)))
    assert sizes["Positive"] == sizes["Disagrees"] == sizes["Undetected"] == 14


def test_every_page_says_whose_it_is() -> None:
    pages = PdfReader(io.BytesIO(report_pdf(content(limits=("A sentence about limits. " * 40,) * 6)))).pages
    assert all("Jane Doe · MRN-0042" in " ".join(page.extract_text().split()) for page in pages)


def test_without_details_it_says_removed() -> None:
    changes = {"is_deidentified": True, "institution": "", "heading": "Patient details removed", "patient": ()}
    text = text_of(report_pdf(content(**changes, produced=None, produced_by="")))
    assert text.count("COVID-19 classification report, de-identified") == 1
    assert "Patient Removed" in text
    assert "Patient details removed" in text
    assert "Not recorded" not in text


def test_maps_have_a_key_or_a_reason() -> None:
    assert "mean the same in every picture" in text_of(report_pdf(content()))
    without = text_of(report_pdf(content(heat_map=None)))
    assert "No heat map is printed" in without
    assert "mean the same" not in without


def test_text_continues_below_the_pictures() -> None:
    """A long reason moves the pictures to the second page, which has room for the rest."""
    reason = Fact("Reason", "Patchy opacities in both lower zones. " * 60)
    pages = PdfReader(io.BytesIO(report_pdf(content(additions=(reason,))))).pages
    assert ["Radiograph" in page.extract_text() for page in pages] == [False, True]
    assert "Measured on" in pages[1].extract_text()
