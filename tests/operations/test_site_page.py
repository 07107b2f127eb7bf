"""The administrators' page of the site's figures: what it says, about whose work, and that no patient is in it."""

import logging
import os
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import MailUnavailable
from accounts.mail import mail_invitation
from accounts.models import User
from diagnosis.errors import ModelBusy
from diagnosis.inference import concurrency
from diagnosis.inference.concurrency import classification_turn
from diagnosis.models import FileToErase, Study
from operations import failures
from pacs.models import Instance, Outgoing, Peer
from tests.cast import client_of
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import diagnosed, radiograph_png, upload

PAGE = "/admin/site/"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """A process that has just started."""
    failures.forget()
    concurrency._turns.cache_clear()
    yield
    failures.forget()
    concurrency._turns.cache_clear()


@pytest.fixture
def client(dora: User, engine: ToyEngine) -> Client:
    return client_of(dora)


def text_of(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def figures(client: Client) -> dict[str, str]:
    """What the page says: name and value, with the warning behind it."""
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", text_of(client), re.DOTALL)
    return {unescape(name): " ".join(unescape(re.sub(r"<[^>]*>", "", value)).split()) for name, value in pairs}


def test_it_is_linked_from_the_first_page(client: Client) -> None:
    assert f'href="{PAGE}"' in client.get("/admin/").content.decode()


def test_a_quiet_site(client: Client) -> None:
    said = figures(client)
    assert said["Version"]
    assert (said["Model in use"], said["Hash of its weights"], said["Engine"]) == ("toy-1", "ab" * 32, "toy")
    assert said["Model loaded"] == "none yet: the first upload loads it"
    assert said["Process number"] == str(os.getpid())
    assert said["Last backup"].startswith("none")
    assert {said[name] for name in ("Uploads stored", "Refused uploads", "Server errors", "Lock-outs")} == {"0"}
    assert said["Uploads being classified"].startswith("0 of at most")


def test_uploads_and_refusals_of_the_day_by_reason(client: Client, alice: User, bob: User) -> None:
    diagnosed(alice)
    for content in (b"no picture", b"none either", b""):
        upload(client_of(bob), content)
    old = diagnosed(alice, seed=1).study
    Study.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(hours=25))
    said = figures(client)
    assert said["Uploads stored"] == "1"
    by_reason = {name: value for name, value in said.items() if name.startswith("Refused: ")}
    assert sum(map(int, by_reason.values())) == int(said["Refused uploads"]) > 1
    assert said["Radiographs as uploaded"].startswith("2 (")
    assert said["Model loaded"] == "toy-1"


def test_failed_sign_ins_and_lock_outs_of_the_day(client: Client, alice: User, stranger: Client) -> None:
    for _ in range(5):
        stranger.post("/accounts/sign-in/", {"username": "alice", "password": "wrong"})
    said = figures(client)
    assert (said["Failed sign-ins"], said["Lock-outs"]) == ("5", "1")


def test_only_uncaught_errors_are_counted(
    client: Client, alice: User, stranger: Client, toy_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_values: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("diagnosis.home.views.tallies", fail)
        assert client_of(alice).get("/").status_code == 500
    (toy_models / "current.json").unlink()
    assert stranger.get("/readyz").status_code == 503
    assert client.get("/nothing-here").status_code == 404
    assert figures(client)["Server errors"] == "1"


def test_a_day_later_they_are_forgotten(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as yesterday:
        yesterday.setattr("time.time", lambda: timezone.now().timestamp() - failures.DAY_SECONDS - 1)
        logging.getLogger("accounts.mail").warning("not taken")
    assert figures(client)["Undelivered e-mails"] == "0"


def test_messages_that_no_mail_server_takes(client: Client, alice: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(MailUnavailable):
        mail_invitation(person=alice, site="https://example.org")
    assert figures(client)["Undelivered e-mails"] == "1"


def test_the_queue_of_this_process(client: Client, settings: Settings) -> None:
    settings.CLASSIFICATIONS_AT_ONCE, settings.CLASSIFICATIONS_WAITING = 1, 1
    waits = threading.Thread(target=lambda: classification_turn().__enter__())
    with classification_turn():
        waits.start()
        while concurrency.turns_now().waiting == 0:
            threading.Event().wait(0.01)
        with pytest.raises(ModelBusy), classification_turn():
            pass
        said = figures(client)
    waits.join()
    assert said["Uploads being classified"] == "1 of at most 1"
    assert said["Uploads waiting"] == "1 of at most 1"
    assert said["Uploads refused as busy, since the start"] == "1"


def test_the_last_backup_and_its_age(client: Client, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from operations import site_figures as module

    entry = module.LastBackup(timezone.now() - timedelta(hours=37), 5, 6, 7, "ab" * 32)
    with monkeypatch.context() as older:
        older.setattr(module, "_last_backup", lambda: entry)
        said = figures(client)
    assert "older than 36 hours" in said["Last backup"]
    assert said["It holds"].startswith("6 rows and 7 files in 5")


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_told_once_it_is_made(client: Client, alice: User, tmp_path: Path) -> None:
    diagnosed(alice)
    call_command("backup", tmp_path / "backup.tar")
    said = figures(client)
    assert "older" not in said["Last backup"]
    assert "3 files" in said["It holds"]
    assert re.fullmatch(r"[0-9a-f]{64}", said["Its SHA-256"])


def test_what_is_wrong_is_said_in_words(client: Client, alice: User, toy_models: Path) -> None:
    diagnosed(alice)
    FileToErase.objects.create(name="radiographs/x")
    write_toy_model(toy_models, "toy-2", "cd" * 32)
    said = figures(client)
    assert "restart the site to load it" in said["Model loaded"]
    assert "purge_expired" in said["Files still to be erased"]
    (toy_models / "current.json").unlink()
    assert "No model is in use" in figures(client)["Model in use"]


def test_without_a_storage_folder_the_page_is_there(client: Client, settings: Settings) -> None:
    settings.MEDIA_ROOT = settings.MEDIA_ROOT / "not" / "there"
    assert figures(client)["Free on their disk"] == "not known of not known"


def test_no_patient_and_no_name(client: Client, alice: User) -> None:
    file = SimpleUploadedFile("canary.png", radiograph_png())
    client_of(alice).post(
        "/upload/", {"radiograph": file, "reference": "CANARY-1", "name": "Canary", "notes": "canary"}
    )
    study = Study.objects.get()
    text = text_of(client).lower()
    for word in ("canary", "alice", str(study.uuid), study.sha256, str(study.patient)):
        assert word not in text


@pytest.mark.parametrize("who", ["alice", "charlie"])
def test_it_is_administrators_page(who: str, request: pytest.FixtureRequest, engine: ToyEngine) -> None:
    answer = client_of(request.getfixturevalue(who)).get(PAGE, follow=True)
    assert answer.status_code == 403
    assert "Process number" not in answer.content.decode()


def test_in_the_persons_language(client: Client, dora: User) -> None:
    dora.language = "ms"
    dora.save()
    assert "Sandaran terakhir" in text_of(client)


def test_what_the_pacs_gave_up_is_counted(client: Client, alice: User, settings: Settings) -> None:
    assert "Radiographs given up" not in figures(client)
    settings.PACS = True
    assert figures(client)["Radiographs given up"] == "0"
    peer = Peer.objects.create(
        institution=alice.institution, name="Archive", ae_title="A", fault="The archive does not answer."
    )
    values = {"peer": peer, "institution": alice.institution, "person": alice}
    Instance.objects.create(sop_instance_uid="1.2.3", state="dead", **values)
    Instance.objects.create(sop_instance_uid="1.2.4", **values)
    Outgoing.objects.create(diagnosis=diagnosed(alice), peer=peer, kind="sr", sop_instance_uid="9", state="dead")
    shown = figures(client)
    assert shown["Radiographs that wait"] == "1"
    assert shown["Radiographs given up"].startswith("1 Look at the list")
    assert shown["Results given up"].startswith("1 ")
    assert shown["Last fault of Archive"] == "The archive does not answer."
