"""Many people from a CSV file: checked first, all or none, each invited."""

import io
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.errors import AccountError
from accounts.importing import people_read
from accounts.models import AccountEvent, User
from tests.cast import client_of

HEAD = "username,email,first_name,last_name,institution,roles\n"
EVE = "eve,eve@example.org,Eve,Adams,st. anna,radiographer\n"
GOOD = HEAD + EVE + "fay,fay@example.org,Fay,Bell,St. Anna,administrator\n"
MARKED = "a\u0301" * 50_000
PAGE = "/admin/accounts/user/import/"


@pytest.fixture
def client(dora: User) -> Client:
    return client_of(dora)


def post(client: Client, text: str, button: str):
    return client.post(PAGE, {"file": SimpleUploadedFile("people.csv", text.encode()), button: "1"})


def test_checking_stores_nothing(client: Client) -> None:
    page = post(client, GOOD, "check").content.decode()
    assert "eve@example.org" in page
    assert 'name="import"' in page
    assert not User.objects.filter(username="eve").exists()
    assert mail.outbox == []


def test_what_was_checked_is_imported(client: Client, dora: User) -> None:
    """Without choosing the file again."""
    checked = post(client, GOOD, "check").context["form"].initial["text"]
    assert client.post(PAGE, {"text": checked, "import": "1"}).status_code == 302
    eve, fay = User.objects.get(username="eve"), User.objects.get(username="fay")
    assert (eve.status, eve.is_radiographer, eve.is_staff, eve.is_superuser) == ("invited", True, False, False)
    assert (fay.is_radiographer, fay.is_staff) == (False, True)
    assert [message.to for message in mail.outbox] == [["eve@example.org"], ["fay@example.org"]]
    kinds = AccountEvent.objects.filter(person=eve, actor=dora).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["registered", "invited"]


WRONG = {
    "no role": ("gus,gus@example.org,G,H,St. Anna,", "Roles are"),
    "an unknown role": ("gus,gus@example.org,G,H,St. Anna,superuser", "Roles are"),
    "an unknown institution": ("gus,gus@example.org,G,H,Nowhere,radiographer", "no institution of this name"),
    "no address": ("gus,nowhere,G,H,St. Anna,radiographer", "valid email"),
    "a name that is taken": ("ALICE,gus@example.org,G,H,St. Anna,radiographer", "exists already"),
    "a name twice": ("Eve,gus@example.org,G,H,St. Anna,radiographer", "another line has the same"),
    "a value too many": ("gus,gus@example.org,G,H,St. Anna,radiographer,x", "has 7 values"),
    "a very long name": (f"{MARKED},gus@example.org,G,H,St. Anna,radiographer", "username"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_line_stores_nothing(client: Client, alice: User, case: str) -> None:
    line, sentence = WRONG[case]
    page = post(client, GOOD + line + "\n", "import").content.decode()
    assert "Lines to correct" in page
    assert sentence in " ".join(problem for each in people_read((GOOD + line).encode()) for problem in each.problems)
    assert not User.objects.filter(username__in=["eve", "gus"]).exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "first line"),
        (b"name,mail\n", "first line"),
        (b"\xff\xfe\x00", "not a CSV"),
        (HEAD.encode() + b"x" * 300_000, "larger than"),
        (HEAD.encode() + b"a,b,c,d,e,f\n" * 501, "more than 500"),
    ],
)
def test_another_file_is_refused(db: None, content: bytes, sentence: str) -> None:
    with pytest.raises(AccountError, match=sentence):
        people_read(content)


def test_semicolons_and_a_mark_of_a_spreadsheet(alice: User) -> None:
    lines = people_read(b"\xef\xbb\xbf" + GOOD.replace(",", ";").encode())
    assert [line.problems for line in lines] == [[], []]


class TestTheCommand:
    def run(self, path: Path, text: str, **options: object) -> str:
        path.write_text(text)
        output = io.StringIO()
        call_command("import_people", path, stdout=output, **options)
        return output.getvalue()

    def test_a_dry_run(self, alice: User, tmp_path: Path) -> None:
        said = self.run(tmp_path / "people.csv", GOOD, dry_run=True)
        assert "line 2: eve, eve@example.org" in said
        assert "Dry run: 2 people, nothing was stored." in said
        assert not User.objects.filter(username="eve").exists()

    def test_it_invites(self, alice: User, tmp_path: Path, settings: Settings) -> None:
        settings.SITE_URL = "https://xray.example.org"
        assert "2 invitations sent" in self.run(tmp_path / "people.csv", GOOD)
        assert "https://xray.example.org/accounts/invitation/" in mail.outbox[0].body

    def test_it_names_the_lines(self, alice: User, tmp_path: Path, settings: Settings) -> None:
        settings.SITE_URL = "https://xray.example.org"
        with pytest.raises(CommandError, match=r"Lines to correct: 4\."):
            self.run(tmp_path / "people.csv", GOOD + "gus,nowhere,G,H,St. Anna,radiographer\n")


def test_a_person_without_a_role_is_refused(client: Client, alice: User) -> None:
    form = {"username": "eve", "email": "eve@example.org", "institution": alice.institution_id}
    page = client.post(reverse("admin:accounts_user_add"), form).content.decode()
    assert "Choose at least one role." in page
    assert not User.objects.filter(username="eve").exists()
