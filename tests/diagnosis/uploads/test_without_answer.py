"""Refused radiographs that are stored without an answer: by one click, by a program; and nowhere with a label."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import call_command
from django.db.models import F
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Action, AuditEntry
from diagnosis.errors import CorrectableRadiograph
from diagnosis.models import Diagnosis, Patient, Refusal, Study, UploadRecord
from diagnosis.models.uploads import HELD_MINUTES, HISTORY_DAYS
from diagnosis.privacy.erasure import Reason, patient_erase
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_png, stored_files, upload

STRIP = radiograph_png(width=900, height=160)
"""Refused by a rule: no chest radiograph is that long."""
CHECK = "diagnosis.inference.classifier.check_assessable"
UPLOADS = "/upload/history/"


@pytest.fixture
def client(alice: User, engine: ToyEngine, media_root: Path) -> Client:
    return client_of(alice)


def click(client: Client, do: str = "store") -> HttpResponseBase:
    """On the button of the newest refused file."""
    record = UploadRecord.objects.refused().latest("pk")
    return client.post(reverse("diagnosis:upload-held", args=[record.uuid]), {"do": do})


def stored(client: Client, **entered: str) -> Study:
    upload(client, STRIP, "leg.png", **entered)
    click(client)
    return Study.objects.get()


def age(**by: int) -> None:
    UploadRecord.objects.update(created=F("created") - timedelta(**by))


def test_one_click_stores_it(client: Client, engine: ToyEngine, media_root: Path) -> None:
    page = upload(client, STRIP, "leg.png", reference="A 17", notes="knee")
    assert page.status_code == 422
    assert "Store without an answer" in page.content.decode()
    answer = click(client)
    study = Study.objects.get()
    assert answer["Location"] == study.get_absolute_url()
    assert (study.patient_reference, study.notes, study.file_name) == ("A 17", "knee", "leg.png")
    assert Path(study.original.path).read_bytes() == STRIP
    assert not Diagnosis.objects.exists()
    assert engine.runs == 0
    assert {path.parent.name for path in stored_files(media_root)} == {str(study.uuid)}, "the held copy is gone"
    assert Refusal.objects.count() == 1
    assert AuditEntry.objects.filter(action=Action.STUDY_UPLOADED).latest("pk").detail == {"refusal": "strip"}


def test_its_page_says_why_and_no_answer(client: Client) -> None:
    text = client.get(stored(client).get_absolute_url()).content.decode()
    assert "a strip of 900 x 160 pixels" in text
    assert "without an answer" in text
    for word in ("heat-map", "COVID probability", "Positive", "report/"):
        assert word not in text


def test_it_is_listed_with_its_reason(client: Client, bob: User, charlie: User) -> None:
    study = stored(client, reference="A 17")
    for page in (reverse("diagnosis:unanswered"), reverse("diagnosis:patient", args=[study.patient.uuid])):  # type: ignore[union-attr]
        assert "a strip of 900 x 160 pixels" in client_of(bob).get(page).content.decode()
    assert "leg.png" not in client.get(reverse("diagnosis:results")).content.decode()
    assert "leg.png" not in client_of(charlie).get(reverse("diagnosis:unanswered")).content.decode()
    assert client_of(charlie).get(study.get_absolute_url()).status_code == 404


def test_only_its_uploader_can_click(client: Client, bob: User, dora: User) -> None:
    upload(client, STRIP)
    assert [click(client_of(person)).status_code for person in (bob, dora)] == [404, 403]
    assert not Study.objects.exists()


def test_a_second_click_leads_to_the_study(client: Client) -> None:
    study = stored(client)
    record = UploadRecord.objects.get()
    for ask in (client.post, client.get):
        assert ask(reverse("diagnosis:upload-held", args=[record.uuid]))["Location"] == study.get_absolute_url()
    assert Study.objects.count() == 1


def test_uploaded_again_it_is_found(client: Client) -> None:
    study = stored(client)
    answer = upload(client, STRIP, "again.png")
    assert answer["Location"] == study.get_absolute_url()
    assert Study.objects.count() == 1


def test_a_model_that_takes_it_answers_at_last(client: Client) -> None:
    study = stored(client)
    with mock.patch(CHECK):
        answer = upload(client, STRIP)
    diagnosis = Diagnosis.objects.get()
    assert answer["Location"] == diagnosis.get_absolute_url()
    assert client.get(study.get_absolute_url())["Location"] == diagnosis.get_absolute_url()
    assert "leg.png" not in client.get(reverse("diagnosis:unanswered")).content.decode()


def test_a_photograph_cannot_be_stored(client: Client, media_root: Path) -> None:
    page = upload(client, radiograph_png(width=60, height=60))
    assert "formaction" not in page.content.decode()
    assert stored_files(media_root) == []
    answer = client.post("/upload/", {"radiograph": io.BytesIO(b"GIF89a"), "store_without_answer": "true"})
    assert answer.status_code == 422
    assert not Study.objects.exists()


def test_a_chosen_lateral_can_be_stored(client: Client, engine: ToyEngine) -> None:
    upload(client, radiograph_png(), projection="LATERAL")
    click(client)
    assert Study.objects.get().projection == "LATERAL"
    assert engine.runs == 0


def turned(*_arguments: object) -> None:
    raise CorrectableRadiograph("It is turned.", code="turned", correction="turn-90")


def test_one_click_turns_it(client: Client) -> None:
    with mock.patch(CHECK, turned):
        assert "Turn it clockwise by 90°" in upload(client, radiograph_png()).content.decode()
    answer = click(client, "correct")
    study = Study.objects.get()
    assert answer["Location"] == Diagnosis.objects.get().get_absolute_url()
    assert (study.correction, study.width, study.height) == ("turn-90", 256, 320)


def test_turned_after_it_was_stored_its_copies_follow(client: Client, media_root: Path) -> None:
    with mock.patch(CHECK, turned):
        upload(client, radiograph_png())
        click(client)
    before = {path.name for path in stored_files(media_root)}
    upload(client, radiograph_png(), correction="turn-90")
    study = Study.objects.get()
    assert (study.unanswered, study.correction, study.width, study.height) == (None, "turn-90", 256, 320)
    assert len(stored_files(media_root)) == len(before)
    assert Path(study.display.path).exists()
    assert Path(study.thumbnail.path).exists()


def test_it_can_be_edited_voided_and_restored(client: Client) -> None:
    study = stored(client)
    for page in ("study-edit", "study-move", "study-void"):
        assert client.get(reverse(f"diagnosis:{page}", args=[study.uuid])).status_code == 200
    for page in ("study-void", "study-restore"):
        answer = client.post(reverse(f"diagnosis:{page}", args=[study.uuid]), {"reason": "because"})
        assert answer["Location"] == study.get_absolute_url()
    client.post(reverse("diagnosis:study-void", args=[study.uuid]), {"reason": "because"})
    assert upload(client, STRIP)["Location"] == study.get_absolute_url()
    assert "leg.png" not in client.get(reverse("diagnosis:unanswered")).content.decode()


def test_erasing_the_patient_erases_all_of_it(client: Client, alice: User, media_root: Path) -> None:
    stored(client, reference="A 17")
    upload(client, radiograph_png(3, width=900, height=160), "Doe Jane.png", reference="a 17")  # held still
    upload(client, radiograph_png(4, width=900, height=160), "other.png", reference="B 1")
    patient_erase(actor=alice, patient=Patient.objects.get(), reason=Reason.REQUEST)
    assert [record.file_name for record in UploadRecord.objects.all()] == ["other.png"]
    assert [path.parent.parent.parent.name for path in stored_files(media_root)] == ["refused"]
    assert not Study.objects.exists()


def test_a_held_file_goes_after_an_hour(client: Client, media_root: Path) -> None:
    upload(client, STRIP)
    age(minutes=HELD_MINUTES + 1)
    assert "Store without an answer" not in client.get(UPLOADS).content.decode()
    assert "no longer kept" in client.get(click(client)["Location"]).content.decode()
    assert not Study.objects.exists()
    upload(client, radiograph_png())
    assert not [path for path in stored_files(media_root) if "refused" in path.parts]


def test_the_history_says_what_became_of_each_file(client: Client, bob: User) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("good.png", radiograph_png())
        file.writestr("leg.png", STRIP)
    upload(client, archive.getvalue(), "cd.zip")
    upload(client, b"GIF89a rubbish", "cat.gif")
    text = client.get(UPLOADS).content.decode()
    assert all(name in text for name in ("cd.zip: good.png", "cd.zip: leg.png", "a strip of 900", "cat.gif"))
    refused = client.get(UPLOADS, {"only": "refused"}).content.decode()
    assert "good.png" not in refused
    assert "cat.gif" in refused
    assert "cat.gif" in client.get("/upload/").content.decode()
    assert "cat.gif" not in client_of(bob).get(UPLOADS).content.decode()


def test_the_history_ends_after_days(client: Client) -> None:
    upload(client, b"GIF89a rubbish", "cat.gif")
    age(days=HISTORY_DAYS, minutes=1)
    assert "cat.gif" not in client.get(UPLOADS).content.decode()
    upload(client, b"GIF89a rubbish", "dog.gif")
    assert UploadRecord.objects.get().file_name == "dog.gif"
    age(days=HISTORY_DAYS, minutes=1)
    call_command("purge_expired")
    assert not UploadRecord.objects.exists()


def test_only_the_newest_refused_files_are_held(client: Client, media_root: Path) -> None:
    with mock.patch("diagnosis.uploads.history.MOST_HELD", 2):
        for width in (900, 901, 902):
            upload(client, radiograph_png(width=width, height=160), f"{width}.png")
    assert {record.file_name for record in UploadRecord.objects.held()} == {"901.png", "902.png"}
    assert len(stored_files(media_root)) == 2


def test_statistics_count_it(client: Client) -> None:
    stored(client)
    assert "Stored without an answer: 1" in client.get("/statistics/").content.decode()
