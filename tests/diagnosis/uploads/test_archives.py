"""ZIP archives: one answer for each radiograph in them, within limits, and nothing outside."""

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from diagnosis.errors import ModelBusy, RadiographRejected
from diagnosis.imaging import archives
from diagnosis.imaging.archives import MAX_MEMBERS, members
from diagnosis.models import Refusal, Study
from diagnosis.uploads import answers
from tests.api.programs import program_of
from tests.cast import client_of
from tests.diagnosis.imaging import dicom_files as make
from tests.toy import ToyEngine
from tests.uploads import radiograph_png, stored_files

UPLOAD = "/upload/"


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


TWO = packed({"a.png": radiograph_png(1), "folder/b.png": radiograph_png(2)})


@pytest.fixture
def client(alice: User, engine: ToyEngine, media_root: Path) -> Client:
    return client_of(alice)


def send(client: Client, content: bytes, **entered: str):
    file = io.BytesIO(content)
    file.name = "x-rays.zip"
    return client.post(UPLOAD, {"radiograph": file, **entered}, headers={"Accept": "application/json"})


def names(content: bytes) -> list[str]:
    return [member.name for member in members(io.BytesIO(content))]


def refused(content: bytes) -> str:
    with pytest.raises(RadiographRejected) as refusal:
        _ = [member.read() for member in members(io.BytesIO(content))]
    assert refusal.value.code == "archive"
    return str(refusal.value)


def test_each_file_has_its_answer(client: Client) -> None:
    files = {"a.png": radiograph_png(1), "deep/b.png": radiograph_png(2), "letter.pdf": b"%PDF-1.7"}
    found = send(client, packed(files), reference="P-1").json()["answers"]
    assert [answer["state"] for answer in found] == ["done", "done", "refused"]
    assert [answer["file"] for answer in found] == [
        "x-rays.zip: a.png",
        "x-rays.zip: b.png",
        "x-rays.zip: letter.pdf",
    ]
    assert "PDF" in found[2]["text"]
    assert {study.patient_reference for study in Study.objects.all()} == {"P-1"}


def test_one_file_alone_is_as_without_a_zip(client: Client) -> None:
    answer = send(client, packed({"a.png": radiograph_png(1)}))
    assert (answer.status_code, answer.json()["state"]) == (201, "done")


def test_without_a_script_the_page_lists_them(client: Client) -> None:
    file = io.BytesIO(TWO)
    file.name = "x.zip"
    page = client.post(UPLOAD, {"radiograph": file}).content.decode()
    assert page.count('data-outcome="done"') == 2


def test_the_api_answers_for_each_file(client: Client, alice: User) -> None:
    file = io.BytesIO(packed({"a.png": radiograph_png(1), "b.txt": b"text"}))
    file.name = "x.zip"
    answer = program_of(alice).post("/api/results/", {"radiograph": file})
    assert answer.status_code == 207
    first, other = answer.json()["files"]
    assert (first["state"], first["result"]["study"]["file_name"]) == ("done", "x.zip: a.png")
    assert (other["state"], other["code"], other["result"]) == ("refused", "unknown-format", None)


def test_the_command_answers_for_each_file(
    engine: ToyEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "x.zip"
    archive.write_bytes(TWO)
    call_command("classify", str(archive), "--format", "jsonl")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["file"] for line in lines] == [f"{archive}/a.png", f"{archive}/folder/b.png"]
    assert [line["prediction"] for line in lines] == ["Positive", "Positive"]


def test_a_damaged_zip_is_a_rejected_line(
    engine: ToyEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.zip").write_bytes(TWO[: len(TWO) // 2])
    with pytest.raises(SystemExit):
        call_command("classify", str(tmp_path / "x.zip"), "--format", "jsonl")
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "pack it again" in line["rejected"]


def test_a_dicom_folder_is_its_dicom_files() -> None:
    cd = {
        "DICOMDIR": make.dicom(make.chest_like()),
        "DICOM/IM000001": make.dicom(make.chest_like()),
        "VIEWER/VIEWER.EXE": b"MZ" + bytes(300),
        "AUTORUN.INF": b"[autorun]",
        "VIEWER/logo.png": radiograph_png(),
    }
    assert names(packed(cd)) == ["DICOM/IM000001"]


def test_what_systems_add_is_passed_over() -> None:
    added = {"__MACOSX/._a.png": b"x", ".DS_Store": b"x", "Thumbs.db": b"x", "folder/": b"", "a.png": radiograph_png()}
    assert names(packed(added)) == ["a.png"]


def test_names_lead_nowhere(client: Client, media_root: Path, tmp_path: Path) -> None:
    odd = {"../../evil.png": radiograph_png(1), "/etc/evil.png": radiograph_png(2), "c:\\evil.png": radiograph_png(3)}
    assert {answer["file"] for answer in send(client, packed(odd)).json()["answers"]} == {"x-rays.zip: evil.png"}
    assert not list(tmp_path.rglob("*evil*"))
    assert len(stored_files(media_root)) == 9


def encrypted() -> bytes:
    content = bytearray(packed({"a.png": radiograph_png()}))
    content[6] |= 1
    struct.pack_into("<H", content, content.index(b"PK\1\2") + 8, 1)
    return bytes(content)


def test_it_refuses_what_cannot_be_unpacked() -> None:
    assert "password" in refused(encrypted())
    assert "damaged" in refused(TWO[:-30])
    assert "no file" in refused(packed({}))
    assert "no file" in refused(packed({".hidden": b"x"}))


def test_a_changed_byte_is_noticed() -> None:
    content = bytearray(packed({"a.png": radiograph_png()}, compression=zipfile.ZIP_STORED))
    content[200] ^= 1
    assert "damaged" in refused(bytes(content))


def test_the_number_of_files_is_limited(client: Client) -> None:
    content = packed({f"{number}.png": b"x" for number in range(MAX_MEMBERS + 1)})
    assert "51 files" in refused(content)
    answer = send(client, content)
    assert (answer.status_code, answer.json()["state"]) == (422, "refused")
    assert Refusal.objects.get().reason == "archive"


def test_a_bomb_is_refused_with_little_read() -> None:
    assert "memory" in refused(packed({"a.png": bytes(40_000_000)}))


def test_a_size_that_the_list_lies_about_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file says that it has 100 bytes; what comes out is compared, not what is said."""
    monkeypatch.setattr(archives, "_ALWAYS_ALLOWED", 1000)
    content = bytearray(packed({"a.png": bytes(3_000_000)}))
    struct.pack_into("<L", content, content.index(b"PK\1\2") + 24, 100)
    assert refused(bytes(content))


def test_all_files_together_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "OF_AN_UPLOAD", archives.Limits(total_bytes=1000))
    assert "more than 0 MB" in refused(TWO)


def test_a_zip_within_a_zip_is_told_to_be_unpacked(client: Client) -> None:
    assert "Unpack" in send(client, packed({"inner.zip": TWO})).json()["text"]


def test_a_busy_server_ends_the_zip(client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(**_: object) -> None:
        raise ModelBusy("Come again.", retry_after=3)

    monkeypatch.setattr(answers, "diagnosis_create", busy)
    answer = send(client, TWO)
    assert (answer.status_code, answer["Retry-After"]) == (503, "3")


def test_a_list_that_is_too_long() -> None:
    """It is refused by its length before it is read: each entry would take ten times its length of memory."""
    entry = TWO[TWO.index(b"PK\1\2") : TWO.index(b"PK\5\6")]
    many = entry * 20_000
    end = bytearray(TWO[TWO.index(b"PK\5\6") :])
    struct.pack_into("<L", end, 12, len(many))
    assert "at most 50" in refused(TWO[: TWO.index(b"PK\1\2")] + many + bytes(end))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZipFile", None)  # not even opened
        assert "at most 50" in refused(TWO[: TWO.index(b"PK\1\2")] + many + bytes(end))
