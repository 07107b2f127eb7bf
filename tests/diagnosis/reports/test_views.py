"""The pages of reports, and the public one that says whether a report is valid."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Diagnosis, Report
from diagnosis.privacy.erasure import Reason, study_erase
from tests.cast import client_of
from tests.diagnosis.reports.made import made, text_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, stored_files


@pytest.fixture
def diagnosis(alice: User, engine: ToyEngine) -> Diagnosis:
    return diagnosed(alice, name="canary-file.png")


@pytest.fixture
def report(alice: User, diagnosis: Diagnosis) -> Report:
    return made(alice, diagnosis)


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def test_a_button_makes_a_report(client: Client, diagnosis: Diagnosis) -> None:
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    address = f"/results/{diagnosis.uuid}/report/"
    assert f'action="{address}"' in page
    answer = client.post(address)
    report = Report.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, report.get_absolute_url())
    assert not report.is_deidentified
    assert report.get_absolute_url() in client.get(diagnosis.get_absolute_url()).content.decode()


def test_the_deidentified_one_is_asked_for_by_name(client: Client, diagnosis: Diagnosis) -> None:
    client.post(f"/results/{diagnosis.uuid}/report/", {"variant": "deidentified", "code": "AAAA", "created_by": "1"})
    report = Report.objects.get()
    assert (report.is_deidentified, report.created_by.username) == (True, "alice")
    assert report.code != "AAAA"


@pytest.mark.parametrize(("who", "status"), [("bob", 302), ("charlie", 404), ("dora", 403)])
def test_only_colleagues_make_one(
    who: str, status: int, request: pytest.FixtureRequest, diagnosis: Diagnosis, media_root: Path
) -> None:
    files = len(stored_files(media_root))
    client = client_of(request.getfixturevalue(who))
    assert client.post(f"/results/{diagnosis.uuid}/report/").status_code == status
    assert Report.objects.count() == len(stored_files(media_root)) - files == (status == 302)


def test_a_stranger_and_a_forged_form_make_none(stranger: Client, alice: User, diagnosis: Diagnosis) -> None:
    assert stranger.post(f"/results/{diagnosis.uuid}/report/").status_code == 302
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(alice)
    assert forger.post(f"/results/{diagnosis.uuid}/report/").status_code == 403
    assert not Report.objects.exists()


def test_it_is_shown_page_by_page_opened_and_saved(client: Client, report: Report) -> None:
    page = client.get(report.get_absolute_url()).content.decode()
    pictures = re.findall(r'src="(/reports/[^"]+\.png)"', page)
    assert len(pictures) == 2
    for address in pictures:
        answer = client.get(address)
        assert answer["Content-Type"] == "image/png"
        assert Image.open(io.BytesIO(answer.content)).size == (1240, 1754)
    opened, saved = (client.get(f"/reports/{report.uuid}/{name}") for name in ("report.pdf", "download"))
    assert opened.content == saved.content
    assert "Positive" in text_of(saved.content)
    assert opened["Content-Type"] == saved["Content-Type"] == "application/pdf"
    assert opened["Content-Disposition"].startswith("inline")
    assert saved["Content-Disposition"] == f'attachment; filename="covidxray-report-{report.code}.pdf"'


@pytest.mark.parametrize("number", [0, 3, 10**20])
def test_a_page_that_the_report_has_not_is_404(client: Client, report: Report, number: int) -> None:
    assert client.get(f"/reports/{report.uuid}/pages/{number}.png").status_code == 404


def test_its_pages_are_neither_framed_nor_kept(client: Client, report: Report) -> None:
    for name in ("", "report.pdf", "download", "pages/1.png"):
        answer = client.get(f"/reports/{report.uuid}/{name}")
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_superseded_one_leads_to_the_newer(client: Client, alice: User, report: Report) -> None:
    newer = made(alice, report.diagnosis)
    page = client.get(report.get_absolute_url()).content.decode()
    assert "Superseded" in page
    assert newer.get_absolute_url() in page
    assert client.get(f"/reports/{report.uuid}/download").status_code == 200


def test_an_altered_file_is_kept_back(client: Client, report: Report) -> None:
    Path(report.pdf.path).write_bytes(b"%PDF-1.4 forged")
    page = client.get(report.get_absolute_url())
    assert (page.status_code, "was altered" in page.content.decode()) == (500, True)
    for name in ("report.pdf", "download", "pages/1.png"):
        answer = client.get(f"/reports/{report.uuid}/{name}")
        assert answer.status_code == 500
        assert b"forged" not in answer.content


def test_a_lost_file_is_reported(client: Client, report: Report) -> None:
    Path(report.pdf.path).unlink()
    for name in ("", "report.pdf", "download", "pages/1.png"):
        page = client.get(f"/reports/{report.uuid}/{name}")
        assert (page.status_code, "is missing. Make a new report" in page.content.decode()) == (404, True)


def test_the_code_leads_to_the_set_address(client: Client, diagnosis: Diagnosis, settings: Settings) -> None:
    """The code leads to this site unless settings name another."""
    texts = []
    for site in ("", "https://xray.example.org"):
        settings.SITE_URL = site
        client.post(f"/results/{diagnosis.uuid}/report/")
        report = Report.objects.latest("pk")
        texts.append(text_of(client.get(f"/reports/{report.uuid}/download").content))
    assert "http://testserver/verify/" in texts[0]
    assert "https://xray.example.org/verify/" in texts[1]


def test_anyone_can_verify_a_report(stranger: Client, alice: User, report: Report) -> None:
    address = f"/verify/{report.code}/"
    assert "This report is valid." in stranger.get(address).content.decode()
    made(alice, report.diagnosis)
    assert "This report is superseded" in stranger.get(address).content.decode()
    study_erase(actor=alice, study=report.diagnosis.study, reason=Reason.REQUEST)
    assert "This report was erased." in stranger.get(address).content.decode()
    assert report.sha256 in stranger.get(address).content.decode()


def verification(browser: Client, report: Report) -> str:
    """The page, without the token that differs each time."""
    page = browser.get(f"/verify/{report.code}/").content.decode()
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page).replace(report.code, "")


def test_the_public_page_says_nothing_else(stranger: Client, client: Client, alice: User, report: Report) -> None:
    """Two reports of different people, studies and days differ on their pages in nothing but the hash."""
    other = made(alice, diagnosed(alice, 7, "another.png"), is_deidentified=True)
    pages = [verification(browser, report) for browser in (stranger, client)]
    assert pages[0] == pages[1]
    other_page = verification(stranger, other)
    assert other_page.replace(other.sha256, "") == pages[0].replace(report.sha256, "")
    said = re.sub(r"<[^>]+>", " ", pages[0]).lower()
    hidden = ("anna", "alice", "canary", "positive", "negative", str(report.uuid), str(report.diagnosis.uuid), "toy")
    assert [word for word in hidden if word in said] == []


TYPED: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "without hyphens": lambda code: code.replace("-", ""),
    "with spaces": lambda code: f" {code.replace('-', ' ')} ",
}


@pytest.mark.parametrize("case", TYPED)
def test_a_code_typed_off_paper(stranger: Client, report: Report, case: str) -> None:
    answer = stranger.get("/verify/", {"code": TYPED[case](report.code)})
    assert (answer.status_code, answer["Location"]) == (302, f"/verify/{report.code}/")


def test_a_wrong_code_says_so(stranger: Client, report: Report) -> None:
    assert stranger.get("/verify/").status_code == 200
    for code in ("AAAA-BBBB-CCCC-DDDD", "<b>", "\u0301" * 5000):
        answer = stranger.get("/verify/", {"code": code})
        assert answer.status_code == 404
        assert "No report has this code" in answer.content.decode()
        assert "<b>" not in answer.content.decode()
    assert stranger.get(f"/verify/{report.code.replace('-', '')}/").status_code == 200


def test_the_code_in_either_case(stranger: Client, report: Report) -> None:
    assert stranger.get(f"/verify/{report.code.lower()}/").status_code == 200
    for code in ("AAAA-BBBB-CCCC-DDDD", "x", "1" * 500):
        assert stranger.get(f"/verify/{code}/").status_code == 404
    assert stranger.post(f"/verify/{report.code}/").status_code in {403, 405}
