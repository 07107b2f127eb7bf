"""Making a backup: what is in it and what is not, while others work, and when it fails."""

import gzip
import json
import resource
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from audit.models import AuditEntry
from backup.progress import Bars
from diagnosis.models import Study
from diagnosis.privacy.erasure import Reason, study_erase
from tests.backup import forging
from tests.toy import ToyEngine
from tests.uploads import diagnosed, stored_files

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(archive: Path) -> str:
    """All that is in it, unpacked, but for the stored files."""
    found = ""
    for info, content in forging.members_of(archive):
        if not info.name.startswith("files/"):
            found += (gzip.decompress(content) if info.name.endswith(".gz") else content).decode("utf-8", "replace")
    return found


class TestContents:
    def test_the_manifest_says_what_made_it(self, archive: Path) -> None:
        with tarfile.open(archive) as opened:
            assert opened.next().name == "backup.json"  # type: ignore[union-attr]
        manifest = json.loads(forging.members_of(archive)[0][1])
        assert (manifest["application"], manifest["format"], manifest["model"]) == ("covidxray", 1, "toy-1")
        assert manifest["database"] == connection.vendor
        assert "0001_initial" in manifest["migrations"]["diagnosis"]
        assert manifest["rows"]["diagnosis.study"] == Study.objects.count()

    def test_common_tools_check_every_member(self, archive: Path, tmp_path: Path) -> None:
        with tarfile.open(archive) as opened:
            opened.extractall(tmp_path / "out", filter="data")
        check = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out", check=False)  # noqa: S607
        assert check.returncode == 0
        sums = (tmp_path / "out" / "SHA256SUMS").read_text().splitlines()
        assert {line.split("  ")[1] for line in sums} | {"SHA256SUMS"} == {
            path.relative_to(tmp_path / "out").as_posix() for path in stored_files(tmp_path / "out")
        }

    def test_every_table_but_the_listed_is_in_it(self, archive: Path) -> None:
        """Every table is in it but sessions, failed sign-ins, the history of uploads, jobs and what migrate makes."""
        names = {info.name for info, _content in forging.members_of(archive)}
        left_out = {
            model._meta.label_lower
            for model in apps.get_models(include_auto_created=True)
            if f"database/{model._meta.label_lower}.jsonl.gz" not in names
        }
        left_out = {label for label in left_out if label.split(".")[0] not in ("sessions", "axes")}
        assert left_out - {"accounts.apitoken", "accounts.apiuse"} == {
            "contenttypes.contenttype",
            "auth.permission",
            "diagnosis.uploadrecord",
            "jobs.job",
            "jobs.item",
        }

    def test_no_session_no_tried_name_no_address_no_key(self, archive: Path) -> None:
        text = text_of(archive)
        assert "fever" in text
        assert Session.objects.exists()
        for secret in (Session.objects.all()[0].session_key, "127.0.0.1", "canary-wrong", site.SECRET_KEY):
            assert secret not in text

    def test_no_graph_that_is_built_from_other_files(self, archive: Path) -> None:
        names = {info.name for info, _content in forging.members_of(archive) if info.name.startswith("model/")}
        assert names == {"model/current.json", "model/toy-1/model_card.json"}

    def test_only_its_owner_reads_it_and_it_is_recorded(self, archive: Path) -> None:
        assert archive.stat().st_mode & 0o777 == 0o600
        entry = AuditEntry.objects.latest("sequence")
        assert (entry.action, entry.actor) == ("backup-made", None)
        assert entry.detail["bytes"] == archive.stat().st_size


class TestTarget:
    def test_into_a_folder_under_the_name_of_the_moment(self, installation: User, tmp_path: Path) -> None:
        (tmp_path / "backups").mkdir()
        call_command("backup", tmp_path / "backups")
        (archive,) = (tmp_path / "backups").iterdir()
        assert archive.name.startswith("covidxray-20")
        assert archive.suffix == ".tar"

    def test_nothing_is_overwritten(self, installation: User, tmp_path: Path) -> None:
        (tmp_path / "taken.tar").write_text("taken")
        with pytest.raises(CommandError, match="exists already"):
            call_command("backup", tmp_path / "taken.tar")
        assert (tmp_path / "taken.tar").read_text() == "taken"

    def test_no_folder_is_made(self, installation: User, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="There is no folder"):
            call_command("backup", tmp_path / "nowhere" / "backup.tar")

    def test_an_installation_without_model_and_rows(self, transactional_db: None, settings: Settings, tmp_path: Path):
        settings.MODELS_DIR = tmp_path / "no-models"
        call_command("backup", tmp_path / "empty.tar")
        call_command("flush", interactive=False, verbosity=0)
        call_command("restore", tmp_path / "empty.tar")
        assert AuditEntry.objects.get().action == "backup-restored"


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond this many bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_there_is_no_space_nothing_is_left(installation: User, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    entries = AuditEntry.objects.count()
    with largest_file(1_000_000), pytest.raises(CommandError, match=r"cannot be written: .+\. Nothing was left behind"):
        call_command("backup", folder)
    assert list(folder.iterdir()) == []
    assert AuditEntry.objects.count() == entries


def test_where_it_cannot_be_recorded_nothing_is_left(
    installation: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_values: object, **_named: object) -> None:
        raise OSError(5, "Input/output error")

    folder = tmp_path / "unrecorded"
    folder.mkdir()
    monkeypatch.setattr("backup.making.record", fail)
    with pytest.raises(CommandError):
        call_command("backup", folder)
    assert list(folder.iterdir()) == []


class TestLostFiles:
    def test_they_are_named_and_the_rest_comes_back(
        self,
        alice: User,
        engine: ToyEngine,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        empty_machine: Callable[[], None],
    ) -> None:
        name = str(diagnosed(alice).study.original.name)
        default_storage.delete(name)
        call_command("backup", tmp_path / "backup.tar")
        assert f"has lost 1 files, which are not in it: {name}" in capsys.readouterr().err
        empty_machine()
        call_command("restore", tmp_path / "backup.tar")
        assert "1 files had been lost" in capsys.readouterr().err
        study = Study.objects.get()
        assert default_storage.exists(str(study.display.name))
        assert not default_storage.exists(str(study.original.name))


def in_another_connection(work: Callable[[], object]) -> None:
    """As another process of the site would do it, and an error of it is this test's."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


class Meanwhile:
    """Does something at the first row, or the first file, of each attempt."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: str, work: Callable[[], object]) -> None:
        self.times = 0
        start = Bars.start

        def started(bars: Bars, name: str, total: int) -> None:
            start(bars, name, total)
            if name == at:
                self.times += 1
                in_another_connection(work)

        monkeypatch.setattr(Bars, "start", started)


class TestWhileOthersWork:
    @pytest.mark.parametrize("at", ["rows", "files"])
    def test_an_upload_during_it_waits_for_next(
        self,
        small_installation: User,
        tmp_path: Path,
        at: str,
        monkeypatch: pytest.MonkeyPatch,
        empty_machine: Callable[[], None],
    ) -> None:
        before = set(Study.objects.values_list("uuid", flat=True))
        with monkeypatch.context() as patched:
            meanwhile = Meanwhile(patched, at, lambda: diagnosed(small_installation, seed=7))
            call_command("backup", tmp_path / "backup.tar")
        assert meanwhile.times == 1
        assert Study.objects.count() == len(before) + 1
        empty_machine()
        call_command("restore", tmp_path / "backup.tar")
        assert set(Study.objects.values_list("uuid", flat=True)) == before

    @pytest.mark.parametrize("at", ["rows", "files"])
    def test_what_is_erased_during_it_is_left_out(
        self,
        small_installation: User,
        tmp_path: Path,
        at: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        gone, kept = Study.objects.order_by("pk")

        def erase() -> None:
            if study := Study.objects.filter(pk=gone.pk).first():
                study_erase(actor=None, study=study, reason=Reason.REQUEST)

        meanwhile = Meanwhile(monkeypatch, at, erase)
        call_command("backup", tmp_path / "backup.tar")
        assert meanwhile.times == 2
        text = text_of(tmp_path / "backup.tar")
        names = {info.name for info, _content in forging.members_of(tmp_path / "backup.tar")}
        assert f"files/{kept.original.name}" in names
        assert f"files/{gone.original.name}" not in names
        assert gone.sha256 not in text
        assert kept.sha256 in text
        assert "has lost" not in capsys.readouterr().err

    def test_erasing_again_and_again_leaves_no_archive(
        self, alice: User, engine: ToyEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for seed in range(3):
            diagnosed(alice, seed=seed)

        def erase() -> None:
            study_erase(actor=None, study=Study.objects.all()[0], reason=Reason.REQUEST)

        (tmp_path / "backups").mkdir()
        Meanwhile(monkeypatch, "files", erase)
        with pytest.raises(CommandError, match="erased each time"):
            call_command("backup", tmp_path / "backups")
        assert list((tmp_path / "backups").iterdir()) == []

    def test_the_rows_are_those_of_one_moment(
        self, small_installation: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Meanwhile(monkeypatch, "rows", lambda: diagnosed(small_installation, seed=7))
        call_command("backup", tmp_path / "backup.tar")
        manifest = json.loads(forging.members_of(tmp_path / "backup.tar")[0][1])
        lines = {
            info.name.split("/")[1].removesuffix(".jsonl.gz"): len(gzip.decompress(content).splitlines()) - 1
            for info, content in forging.members_of(tmp_path / "backup.tar")
            if info.name.startswith("database/")
        }
        assert lines == manifest["rows"]
        assert lines["diagnosis.study"] == 2
