"""Every sentence is there in Malay and in Arabic, with the same placeholders, and the compiled files are of today."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.utils import translation

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.models import Diagnosis
from diagnosis.reports.fonts import typesetter_for
from diagnosis.wording.errors import error_text

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = (
    "accounts",
    "administration",
    "api",
    "attempts",
    "audit",
    "backup",
    "covidxray",
    "diagnosis",
    "jobs",
    "operations",
    "pacs",
    "reader_studies",
    "training",
)
LANGUAGES = ("ms", "ar")
PLURALS = {"ms": 1, "ar": 6}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w+\}|</?\w+")


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(PROJECT / "locale" / language / "LC_MESSAGES" / "django.po"))


def compiled(language: str) -> polib.MOFile:
    return polib.mofile(str(PROJECT / "locale" / language / "LC_MESSAGES" / "django.mo"))


def texts(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def test_the_site_offers_what_is_translated() -> None:
    assert [code for code, _name in settings.LANGUAGES] == ["en", *LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_missing_or_guessed(language: str) -> None:
    entries = catalogue(language)
    assert len(entries) > 1000
    assert not [entry.msgid for entry in entries if entry.fuzzy or not all(texts(entry))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_form_for_every_number(language: str) -> None:
    plurals = [entry for entry in catalogue(language) if entry.msgid_plural]
    assert plurals
    assert {len(entry.msgstr_plural) for entry in plurals} == {PLURALS[language]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_marks_are_the_same(language: str) -> None:
    different = [
        (entry.msgid, text)
        for entry in catalogue(language)
        for text in texts(entry)
        if placeholders(text) != placeholders(entry.msgid_plural or entry.msgid)
    ]
    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_file_says_the_same(language: str) -> None:
    """A fresh clone has no gettext to compile with: the compiled file is committed, and `make messages` writes it."""
    source = {(entry.msgctxt, entry.msgid): texts(entry) for entry in catalogue(language)}
    assert {(entry.msgctxt, entry.msgid): texts(entry) for entry in compiled(language)} == source


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_three_answers_differ_clearly(language: str) -> None:
    with translation.override(language):
        labels = [str(label) for _value, label in Diagnosis._meta.get_field("prediction").flatchoices]
    assert len(set(labels)) == 3
    for first, second in pairwise(sorted(labels)):
        assert not second.startswith(first)
    assert not {"Positive", "Negative", "Indeterminate"} & set(labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_says_why_in_the_persons_language(language: str) -> None:
    with pytest.raises(RadiographRejected) as caught:
        read_radiograph(b"\x89PNG\r\n\x1a\nand nothing more")
    with translation.override(language):
        text = error_text(caught.value)
    assert "PNG" in text
    assert "%" not in text
    assert text != str(caught.value)


def test_every_sentence_is_in_the_catalogues(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("GNU gettext, which collects the sentences of the code, is not installed here")
    (tmp_path / "locale").mkdir()
    for room in (*ROOMS, "templates"):
        shutil.copytree(PROJECT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "ms", "--no-wrap"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=300)
    found = polib.pofile(str(tmp_path / "locale" / "ms" / "LC_MESSAGES" / "django.po"))
    known = {(entry.msgid, entry.msgid_plural) for entry in catalogue("ms")}
    assert not {(entry.msgid, entry.msgid_plural) for entry in found} - known, "run `make messages` and translate"


def test_brackets_are_mirrored_in_arabic() -> None:
    with typesetter_for([], right_to_left=True) as typesetter:
        markup = typesetter.markup("الثقة في «إيجابي» (1)", size=9, width=300)
    line = re.sub(r"<[^>]*>", "", markup)
    assert line.startswith("(1)")
    assert line.index("«") < line.index("»")


def labels_of_lists() -> Iterator[tuple[str, str]]:
    """Every heading and label of the administration's lists and pages, in the language in force."""
    for model, page in admin.site._registry.items():
        names = {*page.list_display, *page.readonly_fields, *(page.fields or ())}
        for name in names - {"__str__"}:
            yield f"{model.__name__}.{name}", str(label_for_field(name, model, page))


def test_nothing_is_untranslated_in_the_administration() -> None:
    """A column without a name of its own gets one from its code, in English; abbreviations stay Latin."""
    with translation.override("ar"):
        found = dict(labels_of_lists())
    assert len(found) > 50
    assert {name: text for name, text in found.items() if not re.search(r"[\u0600-\u06ff]", text)} == {}
