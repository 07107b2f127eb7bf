"""Pictures, heat maps, originals and reports: what a program gets, and what is recorded of it."""

import hashlib
import io

import pytest
from django.test import Client
from PIL import Image

from accounts.models import User
from audit.models import AuditEntry
from diagnosis.models import Diagnosis, Report
from diagnosis.studies.services import study_void
from tests.api.programs import RESULTS, post, program_of
from tests.diagnosis.reports.made import made
from tests.uploads import radiograph_png


def studies(diagnosis: Diagnosis, name: str) -> str:
    return f"/api/studies/{diagnosis.study.uuid}/{name}/"


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))


class TestPictures:
    @pytest.mark.parametrize(("name", "size"), [("display", (320, 256)), ("full", (320, 256)), ("thumbnail", None)])
    def test_a_copy_is_a_jpeg(self, program: Client, diagnosis: Diagnosis, name: str, size: object) -> None:
        answer = program.get(studies(diagnosis, name))
        assert answer["Content-Type"] == "image/jpeg"
        picture = Image.open(io.BytesIO(answer.getvalue()))
        assert size in (None, picture.size)

    def test_a_heat_map_is_a_png_as_large(self, program: Client, diagnosis: Diagnosis) -> None:
        answer = program.get(f"{RESULTS}{diagnosis.uuid}/heat-map/")
        assert answer["Content-Type"] == "image/png"
        assert Image.open(io.BytesIO(answer.content)).mode in ("RGBA", "P")

    def test_the_original_is_the_file_and_is_only_saved(self, program: Client, diagnosis: Diagnosis) -> None:
        answer = program.get(studies(diagnosis, "original"))
        assert answer.getvalue() == radiograph_png()
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "private, no-store"

    def test_accept_headers_are_ignored(self, program: Client, diagnosis: Diagnosis) -> None:
        for accept in ("text/html", "image/webp", "nonsense"):
            answer = program.get(studies(diagnosis, "display"), headers={"Accept": accept})
            assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
            answer.getvalue()
            assert program.get(RESULTS, headers={"Accept": accept})["Content-Type"] == "application/json"

    def test_a_lost_file_is_404_and_says_so(self, program: Client, diagnosis: Diagnosis) -> None:
        diagnosis.study.display.storage.delete(str(diagnosis.study.display.name))
        answer = program.get(studies(diagnosis, "display"))
        assert (answer.status_code, answer.json()["code"]) == (404, "file-missing")

    def test_what_is_taken_is_recorded_as_from_the_pages(self, bob: User, diagnosis: Diagnosis) -> None:
        client = program_of(bob)
        start = len(actions())
        for name in ("display", "full", "original"):
            client.get(studies(diagnosis, name)).getvalue()
        assert actions()[start:] == ["image-viewed", "original-downloaded"]


class TestReports:
    def test_one_is_made_and_fetched(self, program: Client, diagnosis: Diagnosis) -> None:
        answer = post(program, f"{RESULTS}{diagnosis.uuid}/reports/")
        report = answer.json()
        assert (answer.status_code, report["state"], report["is_deidentified"]) == (201, "valid", False)
        file = program.get(f"/api/reports/{report['uuid']}/file/")
        assert file["Content-Type"] == "application/pdf"
        assert hashlib.sha256(file.content).hexdigest() == report["sha256"]
        assert report["code"] in file["Content-Disposition"]
        listed = program.get(f"{RESULTS}{diagnosis.uuid}/").json()["reports"]
        assert [each["uuid"] for each in listed] == [report["uuid"]]

    def test_a_newer_one_supersedes_it(self, program: Client, diagnosis: Diagnosis, alice: User) -> None:
        first = made(alice, diagnosis)
        post(program, f"{RESULTS}{diagnosis.uuid}/reports/")
        assert program.get(f"/api/reports/{first.uuid}/").json()["state"] == "superseded"

    @pytest.mark.parametrize(("variant", "status"), [("deidentified", 201), ("full", 201), ("x", 422), (5, 422)])
    def test_its_kind_is_asked_for(self, program: Client, diagnosis: Diagnosis, variant: object, status: int) -> None:
        answer = post(program, f"{RESULTS}{diagnosis.uuid}/reports/", {"variant": variant})
        assert answer.status_code == status
        assert [report.is_deidentified for report in Report.objects.all()] == (
            [variant == "deidentified"] if status == 201 else []
        )

    def test_none_is_made_of_a_voided_study(self, program: Client, diagnosis: Diagnosis, alice: User) -> None:
        study_void(user=alice, study=diagnosis.study, reason="wrong")
        answer = post(program, f"{RESULTS}{diagnosis.uuid}/reports/")
        assert (answer.status_code, "voided" in answer.json()["detail"]) == (409, True)

    def test_a_lost_or_altered_file_is_not_handed_out(self, program: Client, diagnosis: Diagnosis, alice: User) -> None:
        report = made(alice, diagnosis)
        address, storage = f"/api/reports/{report.uuid}/file/", report.pdf.storage
        with storage.open(str(report.pdf.name), "wb") as file:
            file.write(b"%PDF-altered")
        assert (program.get(address).status_code, program.get(address).json()["code"]) == (500, "report-altered")
        storage.delete(str(report.pdf.name))
        assert program.get(address).status_code == 404

    def test_each_is_recorded(self, program: Client, diagnosis: Diagnosis) -> None:
        start = len(actions())
        report = post(program, f"{RESULTS}{diagnosis.uuid}/reports/").json()["uuid"]
        program.get(f"/api/reports/{report}/file/")
        assert actions()[start:] == ["report-made", "report-viewed", "report-opened"]
