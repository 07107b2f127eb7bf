"""Long texts: their length is checked before anything is normalised, searched or hashed. Anyone may send one.

The files are those of an attack, made here: 32,000 combining marks took 12 s with Python's lock held, ten times as many
killed the process.
"""

import json
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.forms import (
    ForgottenPasswordForm,
    InvitationForm,
    NewPasswordForm,
    OwnPasswordForm,
    OwnPasswordNeeded,
    SignInForm,
)
from accounts.models import User
from accounts.normalise import LONGEST, normalised
from audit.models import AuditEntry
from diagnosis.models import Patient
from diagnosis.models.fields import search_key, words_of
from diagnosis.models.studies import NOTES_LENGTH
from diagnosis.reports.fonts import printable
from diagnosis.uploads.file_names import shown_file_name
from tests.api.programs import SIGN_IN, anonymous, post, program_of
from tests.cast import client_of
from tests.uploads import diagnosed, radiograph_png

MARK = "\N{COMBINING ACUTE ACCENT}"
MANY = "e" + MARK * 300_000
IN_AN_ADDRESS = MANY[:1_300]  # gunicorn takes no longer line than 8,190 bytes
SECONDS = 1.0


@contextmanager
def quickly() -> Iterator[None]:
    """Without the seconds that other processes of the machine take."""
    start = time.thread_time()
    yield
    assert time.thread_time() - start < SECONDS


class TestSigningIn:
    @pytest.mark.parametrize("marks", [4_000, 480_000])
    def test_by_the_api(self, alice: User, marks: int) -> None:
        body = json.dumps({"username": "é" + MARK * marks, "password": "x"}, ensure_ascii=False).encode()
        with quickly():
            answer = anonymous().post(SIGN_IN, body, content_type="application/json")
        assert answer.status_code in (413, 422)

    @pytest.mark.parametrize("field", ["username", "password"])
    def test_by_the_page(self, stranger: Client, alice: User, field: str) -> None:
        with quickly():
            answer = stranger.post("/accounts/sign-in/", {"username": "alice", "password": "x", field: MANY})
        assert "_auth_user_id" not in stranger.session
        assert answer.status_code in (200, 422)

    def test_nothing_is_counted_or_recorded(self, stranger: Client, alice: User) -> None:
        stranger.post("/accounts/sign-in/", {"username": MANY, "password": "x"})
        assert not AuditEntry.objects.exists()

    def test_a_forgotten_password(self, stranger: Client, alice: User) -> None:
        with quickly():
            assert stranger.post("/accounts/forgotten/", {"email": MANY + "@example.org"}).status_code == 422


class TestJson:
    @pytest.mark.parametrize("levels", [3_000, 50_000])
    def test_nested_deeply(self, alice: User, levels: int) -> None:
        answer = anonymous().post(SIGN_IN, "[" * levels, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "parse-error")

    @pytest.mark.parametrize("body", ['{"a":' * 20_000, "[" * 40_000 + "]" * 40_000])
    def test_nested_in_objects_and_to_the_end(self, alice: User, body: str) -> None:
        assert anonymous().post(SIGN_IN, body, content_type="application/json").status_code in (400, 413)

    def test_too_large(self, alice: User) -> None:
        answer = post(anonymous(), SIGN_IN, {"username": "x" * 200_000, "password": "x"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")

    def test_the_longest_reason_still_passes(self, alice: User, engine: object) -> None:
        address = f"/api/results/{diagnosed(alice).uuid}/review/"
        answer = post(program_of(alice), address, {"conclusion": "unsure", "reason": "\N{PILE OF POO}" * 2000})
        assert answer.status_code == 201


@pytest.mark.parametrize("address", ["/patients/", "/patients/suggestions.json", "/results/"])
def test_searches(alice: User, address: str) -> None:
    client = client_of(alice)
    with quickly():
        answer = client.get(address, {"q": MANY[:99_999], "notes": MANY[:9_999], "low": "1" * 9_999})
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize("row", ["accounts/user", "audit/auditentry", "diagnosis/diagnosis"])
@pytest.mark.parametrize("text", [IN_AN_ADDRESS, "a " * 2_000, "'" * 4_000])
def test_searches_of_an_administrator(dora: User, settings: Any, row: str, text: str) -> None:
    settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS = False
    with quickly():
        assert client_of(dora).get(f"/admin/{row}/", {"q": text}).status_code == 200


def test_every_field_of_an_upload(alice: User, engine: object) -> None:
    fields = dict.fromkeys(("reference", "name", "notes", "birth_date", "sex", "projection"), MANY[:200_000])
    file = SimpleUploadedFile("x" + MARK * 400 + ".png", radiograph_png())
    client = client_of(alice)
    client.post("/upload/")  # what is imported and compiled once in a process
    with quickly():
        answer = client.post("/upload/", {"radiograph": file, **fields})
    assert answer.status_code == 422
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    "spell",
    [normalised, search_key, words_of, shown_file_name, lambda text: words_of(text, NOTES_LENGTH)],
)
def test_what_spells(spell: Any) -> None:
    with quickly():
        spell(MANY)
        spell("\N{TIBETAN VOWEL SIGN II}" * 300_000)  # no mark itself, and two when it is decomposed
        spell("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 300_000)


def test_a_long_note_is_printed_in_time() -> None:
    with quickly():
        printable("e" + MARK * 30_000)


class TestNormalised:
    def test_a_cut_text_equals_no_other(self) -> None:
        assert normalised("a" * LONGEST) != normalised("a" * (LONGEST + 1))
        assert normalised("a" * (LONGEST + 1)) != normalised("a" * LONGEST + "…")[:LONGEST]

    @pytest.mark.parametrize("text", ["Đặng Thị Hạnh", "שָׁלוֹם", "สมชาย", "한글", "ﷺ", "e" + MARK * 30])
    def test_a_name_stays_as_it_was(self, text: str) -> None:
        before = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        assert normalised(text) == before

    def test_texts_with_other_marks_stay_apart(self) -> None:
        assert normalised("e" + MARK * 80) != normalised("e" + MARK * 79)


def _forms(kind: Any) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _forms(each)


def test_no_text_of_a_form_is_without_a_limit(alice: User, rf: Any) -> None:
    """Of every form of the project; those of Django's are told theirs when one is made."""
    for module in ("accounts.forms", "accounts.admin_steps", "diagnosis.urls", "accounts.urls"):
        import_module(module)
    request = rf.get("/")
    request.user = alice
    made = [SignInForm(), OwnPasswordForm(request), OwnPasswordNeeded(request), ForgottenPasswordForm()]
    made += [NewPasswordForm(alice), InvitationForm(alice)]
    ours = [each for each in _forms(forms.BaseForm) if each.__module__.split(".")[0] in ("accounts", "diagnosis")]
    derived = {type(form) for form in made}
    fields = [pair for form in ours if form not in derived for pair in form.base_fields.items()]
    fields += [pair for form in made for pair in form.fields.items()]
    assert len(ours) > 15
    for name, field in fields:
        if isinstance(field, forms.CharField):
            limits = [limit for limit in field.validators if type(limit).__name__ == "MaxLengthValidator"]
            assert field.max_length, name
            assert limits, name
