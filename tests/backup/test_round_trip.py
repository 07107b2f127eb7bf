"""Backup, and restore on an empty machine: database, images, reports and model come back with equal hashes."""

import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from audit.models import AuditEntry
from audit.verification import verify
from diagnosis.models import Diagnosis, Report, Study
from diagnosis.reports.files import read_report
from diagnosis.uploads.services import diagnosis_create
from tests.backup.conftest import every_hash, every_row, without_audit
from tests.cast import PASSWORD, client_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_png, upload

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_comes_back_with_equal_hashes(
    installation: User, tmp_path: Path, settings: Settings, empty_machine: Callable[[], None]
) -> None:
    """The full-size copy of a large radiograph too."""
    large = radiograph_png(77, width=2600, height=2000)
    study = diagnosis_create(user=installation, content=large, file_name="large.png").diagnosis.study
    assert study.is_reduced
    rows, files = every_row(), every_hash(settings.MEDIA_ROOT)
    call_command("backup", tmp_path / "backup.tar")
    current = (settings.MODELS_DIR / "current.json").read_bytes()
    card = (settings.MODELS_DIR / "toy-1" / "model_card.json").read_bytes()
    empty_machine()
    assert not Study.objects.exists()
    call_command("restore", tmp_path / "backup.tar")
    assert without_audit(every_row()) == without_audit(rows)
    assert every_row()["audit.AuditEntry"][:-1] == rows["audit.AuditEntry"]
    assert every_hash(settings.MEDIA_ROOT) == files
    assert len(files) == 3 * Study.objects.count() + 1 + Report.objects.count() == 15
    assert Path(Study.objects.get(uuid=study.uuid).full.path).read_bytes()[:3] == b"\xff\xd8\xff"
    assert (settings.MODELS_DIR / "current.json").read_bytes() == current
    assert (settings.MODELS_DIR / "toy-1" / "model_card.json").read_bytes() == card


@pytest.fixture
def restored(archive: Path, empty_machine: Callable[[], None]) -> None:
    empty_machine()
    call_command("restore", archive)


@pytest.mark.usefixtures("restored")
class TestAfterwards:
    def test_the_restored_audit_is_whole(self, archive: Path) -> None:
        end = verify()
        entry = AuditEntry.objects.get(sequence=end.sequence)
        assert entry.action == "backup-restored"
        assert entry.detail["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()

    def test_people_sign_in_with_their_passwords(self, client: Client) -> None:
        answer = client.post("/accounts/sign-in/", {"username": "Alice", "password": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, "/")

    def test_results_images_and_reports_are_shown(self) -> None:
        client = client_of(User.objects.get(username="alice"))
        diagnosis = Diagnosis.objects.order_by("pk")[0]
        assert client.get(diagnosis.get_absolute_url()).status_code == 200
        assert client.get(f"/results/{diagnosis.uuid}/heat-map.png").getvalue().startswith(b"\x89PNG")
        for report in Report.objects.all():
            assert read_report(report).startswith(b"%PDF")

    def test_new_rows_find_free_numbers(self, settings: Settings, engine: ToyEngine) -> None:
        settings.MODELS_DIR = settings.MEDIA_ROOT.parent.parent / "models"  # where the graphs are built
        before = set(Study.objects.values_list("pk", flat=True))
        client = client_of(User.objects.get(username="alice"))
        assert upload(client, radiograph_png(9)).status_code == 302
        newest = Study.objects.latest("pk")
        assert newest.pk > max(before)
        result = newest.diagnoses.get().get_absolute_url()
        assert client.post(f"{result}review/", {"review-conclusion": "likely"}).status_code == 302
        assert newest.diagnoses.get().review_state == "agrees"
        verify()

    def test_a_second_backup_has_the_same_rows(self, archive: Path, tmp_path: Path) -> None:
        """A restored installation is backed up again with the same rows."""
        call_command("backup", tmp_path / "again.tar")
        first, second = table_hashes(archive), table_hashes(tmp_path / "again.tar")
        assert {name for name in first if first[name] != second[name]} == {
            "database/audit.auditentry.jsonl.gz",
            "database/audit.audithead.jsonl.gz",
        }


def table_hashes(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as opened:
        return {
            member.name: hashlib.sha256(opened.extractfile(member).read()).hexdigest()  # type: ignore[union-attr]
            for member in opened
            if member.name.startswith("database/")
        }
