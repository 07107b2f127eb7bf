"""Archives and installations that are refused, with a sentence, before anything is touched."""

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from accounts.models import Institution, User
from audit.models import AuditHead
from audit.verification import verify
from tests.backup import forging
from tests.backup.conftest import is_empty
from tests.backup.forging import Edit, Members, edited, plain, replaced, special, with_manifest, with_rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def taken(small_archive: Path, empty_machine: Callable[[], None]) -> Path:
    """An archive, on a machine with nothing."""
    empty_machine()
    return small_archive


def refused(archive: Path, settings: Settings) -> str:
    """The sentence with which it is refused, and nothing is here afterwards."""
    with pytest.raises(CommandError) as caught:
        call_command("restore", archive)
    assert is_empty(settings.MEDIA_ROOT)
    assert not list(settings.MODELS_DIR.iterdir())
    return str(caught.value)


def test_the_unchanged_archive_is_right(taken: Path, settings: Settings) -> None:
    call_command("restore", edited(taken, lambda members: None))
    assert not is_empty(settings.MEDIA_ROOT)


def test_an_empty_audit_end_is_no_row(taken: Path) -> None:
    AuditHead.objects.get_or_create(pk=AuditHead.ONLY)
    call_command("restore", taken)
    verify()


@pytest.mark.parametrize("tenth", range(10))
def test_cut_off_at_any_tenth(taken: Path, settings: Settings, tenth: int) -> None:
    content = taken.read_bytes()
    end = content.rindex(b"SHA256SUMS")
    cut = taken.with_name("cut.tar")
    cut.write_bytes(content[: end * tenth // 10])
    assert "damaged or was cut off" in refused(cut, settings) or tenth == 0


@pytest.mark.parametrize("kind", ["backup.json", "database/diagnosis.study", "files/", "model/toy-1/", "missing.json"])
def test_one_bit_of_any_kind_of_member(taken: Path, settings: Settings, kind: str) -> None:
    content = bytearray(taken.read_bytes())
    with tarfile.open(taken) as opened:
        member = next(member for member in opened if member.name.startswith(kind))
    content[member.offset_data + member.size // 2] ^= 1
    altered = taken.with_name("altered.tar")
    altered.write_bytes(content)
    assert refused(altered, settings)


def test_one_bit_of_an_image_is_said_with_its_name(taken: Path, settings: Settings) -> None:
    content = bytearray(taken.read_bytes())
    with tarfile.open(taken) as opened:
        member = next(member for member in opened if member.name.endswith("/original"))
    content[member.offset_data + member.size // 2] ^= 1
    altered = taken.with_name("altered.tar")
    altered.write_bytes(content)
    assert f"{member.name} is not what was written" in refused(altered, settings)


def test_sums_that_were_altered(taken: Path, settings: Settings) -> None:
    content = taken.read_bytes()
    start = content.rindex(b"  missing.json\n") - 64
    altered = taken.with_name("altered.tar")
    altered.write_bytes(content[:start] + b"0" * 64 + content[start + 64 :])
    assert "missing.json is not what was written" in refused(altered, settings)


class TestForeign:
    @pytest.mark.parametrize("content", [b"", b"a text and no archive", b"\0" * 20_480, b"\x1f\x8b\x08\0" * 5000])
    def test_other_bytes(self, taken: Path, settings: Settings, content: bytes) -> None:
        other = taken.with_name("other.tar")
        other.write_bytes(content)
        assert "no archive" in refused(other, settings)

    def test_a_zip_file_and_a_tar_of_something_else(self, taken: Path, settings: Settings) -> None:
        other = taken.with_name("other")
        with zipfile.ZipFile(other, "w") as opened:
            opened.writestr("backup.json", "{}")
        assert "no archive" in refused(other, settings)
        assert "no archive" in refused(forging.write(other, [plain("holiday.jpg")]), settings)

    @pytest.mark.parametrize("text", [b"[]", b"{}", b"{", b"\xff", b'{"application": "another", "format": 1}'])
    def test_a_manifest_of_something_else(self, taken: Path, settings: Settings, text: bytes) -> None:
        assert "no archive" in refused(edited(taken, replaced("backup.json", lambda _text: text)), settings)

    def test_no_file_and_a_folder(self, taken: Path, settings: Settings) -> None:
        assert "cannot be read" in refused(taken.with_name("nothing.tar"), settings)
        assert "cannot be read" in refused(taken.parent, settings)


def test_a_later_format(taken: Path, settings: Settings) -> None:
    assert "format 2" in refused(edited(taken, with_manifest(format=2)), settings)


def test_another_version_of_the_program(taken: Path, settings: Settings) -> None:
    later = edited(taken, with_manifest(version="9.9", migrations={"diagnosis": ["0001_initial", "0099_later"]}))
    assert "made by covidxray 9.9" in refused(later, settings)


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "files/../../outside",
        "/etc/passwd",
        "files//outside",
        "files/./outside",
        "files/.hidden",
        "files/a\\..\\b",
        "files/a\nb",
        "files/é",
        "C:/outside",
        "files/",
        "database/../outside",
        "model/../../outside",
    ],
)
def test_unsafe_names(taken: Path, settings: Settings, tmp_path: Path, name: str) -> None:
    before = set(tmp_path.rglob("*"))
    forged = edited(taken, lambda members: members.insert(1, plain(name)))
    assert "which no backup does" in refused(forged, settings)
    assert set(tmp_path.rglob("*")) - before <= {forged, settings.MEDIA_ROOT}


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"S"],
)
def test_links_folders_devices_and_holes(taken: Path, settings: Settings, kind: bytes) -> None:
    forged = edited(taken, lambda members: members.insert(1, special("files/link", kind, "../../outside")))
    assert refused(forged, settings)


def no_table(members: Members) -> None:
    members[:] = [member for member in members if member[0].name != "database/diagnosis.review.jsonl.gz"]


def no_image(members: Members) -> None:
    del members[next(number for number, (info, _) in enumerate(members) if info.name.endswith("/original"))]


def twice(members: Members) -> None:
    members.insert(-1, next(member for member in members if member[0].name.endswith("/original")))


def one_row_less(rows: list[dict]) -> None:
    rows.pop()


def unsafe_file(rows: list[dict]) -> None:
    rows[0]["original"] = "../../../etc/passwd"


def no_number(rows: list[dict]) -> None:
    rows[0]["width"] = "wide"


def no_such_person(rows: list[dict]) -> None:
    rows[0]["uploaded_by_id"] = 4711


def same_uuid(rows: list[dict]) -> None:
    rows[1]["uuid"] = rows[0]["uuid"]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (no_table, "tables or files are missing"),
        (no_image, "tables or files are missing"),
        (twice, "No row of the archive names"),
        (lambda members: members.insert(-1, plain("files/stranger")), "No row of the archive names"),
        (lambda members: members.insert(-1, plain("readme")), "which no backup does"),
        (lambda members: members.insert(-1, plain("model/toy-2/model_card.json")), "which no backup does"),
        (lambda members: members.insert(-1, plain("database/diagnosis.other.jsonl.gz")), "which no backup does"),
        (with_rows("diagnosis.study", one_row_less), "has other rows"),
        (with_rows("diagnosis.study", unsafe_file), "names the file '../../../etc/passwd'"),
        (with_rows("diagnosis.study", no_number), "damaged"),
        (with_rows("diagnosis.study", no_such_person), "contradict each other"),
        (with_rows("diagnosis.study", same_uuid), "contradict each other"),
        (replaced("database/diagnosis.study.jsonl.gz", lambda _packed: b"no gzip"), "damaged"),
        (replaced("missing.json", lambda _text: b'{"a": 1}'), "damaged"),
    ],
)
def test_what_does_not_fit_together(taken: Path, settings: Settings, edit: Edit, says: str) -> None:
    assert says in refused(edited(taken, edit), settings)


class TestInstallation:
    def test_one_that_has_a_row(self, taken: Path, settings: Settings) -> None:
        Institution.objects.create(name="Here already")
        with pytest.raises(CommandError, match=r"not empty: there are rows in accounts\.Institution"):
            call_command("restore", taken)
        assert not User.objects.exists()
        assert not settings.MEDIA_ROOT.exists()

    def test_one_that_has_a_file(self, taken: Path, settings: Settings) -> None:
        (settings.MEDIA_ROOT / "radiographs").mkdir(parents=True)
        (settings.MEDIA_ROOT / "radiographs" / "old").write_text("old")
        with pytest.raises(CommandError, match="There are files in"):
            call_command("restore", taken)
        assert not User.objects.exists()
        assert (settings.MEDIA_ROOT / "radiographs" / "old").read_text() == "old"

    def test_one_that_is_not_prepared(self, taken: Path, settings: Settings) -> None:
        recorder = MigrationRecorder(connection)
        newest = MigrationLoader(connection).graph.leaf_nodes("diagnosis")[0]
        recorder.record_unapplied(*newest)
        try:
            assert "manage.py migrate" in refused(taken, settings)
        finally:
            recorder.record_applied(*newest)

    def test_one_that_has_another_model_of_that_name(self, taken: Path, settings: Settings) -> None:
        (settings.MODELS_DIR / "toy-1").mkdir()
        (settings.MODELS_DIR / "toy-1" / "model_card.json").write_text("{}")
        with pytest.raises(CommandError, match=r"toy-1 is here already with another model_card\.json"):
            call_command("restore", taken)
        assert is_empty(settings.MEDIA_ROOT)
        assert (settings.MODELS_DIR / "toy-1" / "model_card.json").read_text() == "{}"

    def test_one_that_has_too_little_space(
        self, taken: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("backup.restoring.SPARE_BYTES", 2**60)
        assert "too little space" in refused(taken, settings)
