"""Classes of the data's own: from folders to a version, its card, the commands and a result's page."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from diagnosis.errors import ContractMismatch
from diagnosis.findings import Classes
from diagnosis.inference import serving
from diagnosis.inference.artifacts import OWN_CLASSES, read_artifact, read_json, set_current_version, write_json
from diagnosis.inference.serving import load_classifier
from diagnosis.models import Diagnosis
from diagnosis.uploads.services import diagnosis_create
from pacs.objects.building import object_file
from pacs.objects.identifiers import Kind
from pacs.objects.sources import source_of
from pacs.objects.statements import Statement, moment
from tests.api.programs import RESULTS, program_of
from tests.cast import client_of
from tests.rows import listed
from tests.trained import toy_in_place_of_resnet152
from tests.training.radiographs import write_people
from tests.uploads import radiograph_dicom
from training.data.dataset import read_image

NAMES = ("COVID", "Bacterial", "Normal", "Viral")
QUICK = ("--epochs=2", "--fine-tune-epochs=0", "--batch-size=8", "--learning-rate=1e-2")


@dataclass(frozen=True)
class Trained:
    data: Path
    extra: Path
    models: Path


def write_folders(root: Path) -> tuple[Path, Path]:
    """COVID and Normal in data/, children of two classes in one folder of extra/, whose manifest tells them apart."""
    write_people(root / "data" / "COVID", range(8))
    write_people(root / "data" / "Normal", range(8, 16))
    write_people(root / "data" / "Other", range(40, 42))
    write_people(root / "extra" / "Non-COVID", range(16, 32))
    rows = [f"Non-COVID/person-{n:03}.jpg,{'kaggle_viral' if n < 24 else 'kaggle_bacterial'}" for n in range(16, 32)]
    (root / "extra" / "manifest.csv").write_text("\n".join(["file,source", *rows]))
    return root / "data", root / "extra"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """As docs/classes.md says it, with a toy instead of ResNet-152."""
    root = tmp_path_factory.mktemp("classes")
    data, extra = write_folders(root)
    words = [f"--data={data}", f"--extra={extra}", "--positive=COVID", "--map=kaggle_viral=Viral", "--map=Other="]
    words += ["--map=kaggle_bacterial=Bacterial", f"--output={root / 'models'}", f"--cache={root / 'cache'}"]
    with toy_in_place_of_resnet152():
        call_command("train_resnet152", *words, "--name=four", *QUICK)
    return Trained(data, extra, root / "models")


@pytest.fixture
def served(trained: Trained, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """The folder of models in force, with the version of four classes in use."""
    settings.MODELS_DIR = tmp_path / "models"
    settings.MODELS_DIR.mkdir()
    (settings.MODELS_DIR / "four").symlink_to(trained.models / "four")
    set_current_version(settings.MODELS_DIR, "four")
    serving.forget_classifier()
    yield settings.MODELS_DIR
    serving.forget_classifier()


def test_the_version_has_the_classes_of_the_folders(trained):
    artifact = read_artifact(trained.models, "four")
    assert artifact.classes == Classes(NAMES)
    assert artifact.card["contract"]["format"] == OWN_CLASSES
    with (artifact.folder / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows if row["source"] == "kaggle_viral"} == {"Viral"}
    for part in ("train", "validation", "test_part"):  # extra classes are shared out, or they could not be judged
        assert {row["label"] for row in rows if row["part"] == part} == set(NAMES)
    assert len(rows) == 32  # what is mapped to nothing is left out


def test_every_class_is_judged(trained):
    card = read_artifact(trained.models, "four").card
    found = card["figures"]["parts"]["test_part"]["classes"]
    assert [one["name"] for one in found["classes"]] == list(NAMES)
    assert sum(map(sum, found["confusion"])) == card["figures"]["parts"]["test_part"]["images"]
    assert found["mean_roc_auc"]["low"] <= found["mean_roc_auc"]["value"] <= found["mean_roc_auc"]["high"]
    assert set(card["shortcut_audit"]["border_probe_by_class"]) == set(NAMES)
    assert "beside_the_paper" not in card["figures"]
    text = (trained.models / "four" / "MODEL_CARD.md").read_text()
    assert "Every image of Viral is a child's" in text
    assert "Every image of Normal is a child's" not in text
    assert "classes.svg" in text


def test_the_command_line_says_every_class(trained, served, capsys):
    call_command("classify", str(trained.data / "COVID" / "person-000.jpg"), "--format=jsonl")
    line = json.loads(capsys.readouterr().out)
    assert list(line["findings"]) == list(NAMES[1:])
    assert line["probability"] + sum(line["findings"].values()) == pytest.approx(1)
    call_command("classify", str(trained.data / "COVID" / "person-000.jpg"))
    assert "Viral" in capsys.readouterr().out


def test_every_engine_gives_the_same_classes(trained, served):
    radiograph = read_image(trained.extra / "Non-COVID" / "person-016.jpg")
    one, other = (load_classifier("four", name).classify(radiograph) for name in ("openvino-float32", "keras"))
    for first, second in zip(one.findings, other.findings, strict=True):
        assert (first.name, first.probability) == (second.name, pytest.approx(second.probability, abs=1e-4))
    np.testing.assert_allclose(one.heat_map, other.heat_map, atol=1e-3)


def test_a_folder_of_the_same_classes_is_judged(trained, served, tmp_path, capsys):
    out = tmp_path / "figures.json"
    call_command("evaluate_model", data=trained.extra.parent / "data", map=[("Other", "")], json=out)
    found = json.loads(out.read_text())["classes"]
    assert [one["images"] for one in found["classes"]] == [8, 0, 8, 0]
    assert found["classes"][1]["roc_auc"] is None
    assert "Most probable class" in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"does not know Other; it tells COVID, Bacterial"):
        call_command("evaluate_model", data=trained.data)


def test_covid_or_not_judges_the_leading_class(served, tmp_path):
    """A collection that has only COVID and Non-COVID says nothing of the other classes."""
    write_people(tmp_path / "seen" / "COVID", range(3))
    write_people(tmp_path / "seen" / "Non-COVID", range(8, 11))
    call_command("evaluate_model", data=tmp_path / "seen", json=tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["images"] == 6
    assert "classes" not in found


def test_int8_keeps_the_classes(trained, settings, tmp_path):
    """quantise_model reads the labels of split.csv as those of this version."""
    from training.publishing.quantise import part_of_version

    part = part_of_version(read_artifact(trained.models, "four"), "test_part", [trained.data, trained.extra.parent])
    assert set(part.labels.tolist()) == {0, 1, 2, 3}


def test_a_version_of_another_question_is_not_served(trained, settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "models"
    folder = settings.MODELS_DIR / "four"
    folder.mkdir(parents=True)
    card = read_json(trained.models / "four" / "model_card.json")
    card["contract"]["class_names"] = ["Tuberculosis", *NAMES[1:]]
    write_json(folder / "model_card.json", card)
    assert read_artifact(settings.MODELS_DIR, "four").classes.leading == "Tuberculosis"
    with pytest.raises(ContractMismatch, match="answers Tuberculosis or not"):
        set_current_version(settings.MODELS_DIR, "four")
    write_json(settings.MODELS_DIR / "current.json", {"version": "four"})
    with pytest.raises(ContractMismatch, match="not served"):
        read_artifact(settings.MODELS_DIR)


def test_a_picture_may_have_several(trained, tmp_path):
    """--multi-label: sigmoids, each with its own calibration."""
    folder = tmp_path / "several"
    write_people(folder / "images", range(28))
    kinds = ("COVID", "COVID; Effusion", "Effusion", "")
    rows = [f"images/person-{n:03}.jpg,{kinds[n % 4]}" for n in range(28)]
    (folder / "manifest.csv").write_text("\n".join(["file,findings", *rows]))
    words = [f"--data={folder}", "--positive=COVID", "--multi-label=findings", f"--output={tmp_path / 'models'}"]
    with toy_in_place_of_resnet152(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.publishing.publish.draw_plots", lambda *_: None)  # seconds
        call_command("train_resnet152", *words, f"--cache={tmp_path / 'cache'}", "--name=several", *QUICK)
    artifact = read_artifact(tmp_path / "models", "several")
    assert artifact.classes == Classes(("COVID", "Effusion"), is_multi_label=True)
    assert artifact.decision.others is not None
    assert len(artifact.decision.others.each) == 1
    with (artifact.folder / "split.csv").open(newline="") as file:
        assert {row["label"] for row in csv.DictReader(file)} == {"COVID", "COVID;Effusion", "Effusion", "none"}
    assert [one["images"] for one in artifact.card["figures"]["parts"]["test_part"]["classes"]["classes"]] != [0, 0]


@pytest.mark.django_db
def test_the_page_shows_the_other_classes(trained, served, alice):
    """The leading class is the answer; the others are below it, and are no words of readers."""
    content = (trained.data / "COVID" / "person-000.jpg").read_bytes()
    diagnosis = diagnosis_create(user=alice, content=content, file_name="chest.jpg").diagnosis
    shares = {row.name: row.probability for row in diagnosis.findings.all()}
    assert list(shares) == list(NAMES[1:])
    assert diagnosis.probability + sum(shares.values()) == pytest.approx(1)
    assert diagnosis.appearance == max({"COVID": diagnosis.probability, **shares}.items(), key=lambda one: one[1])[0]
    page = client_of(alice).get(diagnosis.get_absolute_url()).content.decode()
    assert "Other classes of this version" in page
    assert "What radiologists may call it" not in page
    assert "<dt>Viral</dt>" in page
    assert "these classes: Bacterial, Normal, Viral" in page  # and no list of diseases that a class may be of
    assert "tuberculosis" not in page


@pytest.mark.django_db
def test_classes_are_told_wherever_results_are(trained, served, dicom_samples, alice):
    """A filter of the list, CSV, API, statistics, FHIR and SR; nothing of them to who reads blind."""
    content = radiograph_dicom(dicom_samples)
    diagnosis = diagnosis_create(user=alice, content=content, file_name="chest.dcm").diagnosis
    Diagnosis.objects.filter(pk=diagnosis.pk).update(appearance="Viral")
    diagnosis.refresh_from_db()
    client = client_of(alice)
    assert listed(client, appearance="Viral") == ["chest.dcm"]
    assert listed(client, appearance="Normal") == []
    assert client.get("/results/", {"appearance": "Zebra"}).status_code == 422
    row = next(csv.DictReader(io.StringIO(client.get("/results/export.csv").getvalue().decode().lstrip("\ufeff"))))
    assert row["appearance"] == "Viral"
    assert [cell.partition("=")[0] for cell in row["other_classes"].split("; ")] == list(NAMES[1:])
    month = f"/statistics/{diagnosis.created:%Y/}{diagnosis.created.month}/"
    assert "most_probable_class,Viral,,,,1" in client.get(f"{month}report.csv").getvalue().decode()
    assert "Results by class" in client.get(month).content.decode()
    answer = program_of(alice).get(f"{RESULTS}{diagnosis.uuid}/").json()["answer"]
    assert (answer["appearance"], [one["name"] for one in answer["findings"]]) == ("Viral", list(NAMES[1:]))
    bundle = program_of(alice).get(f"{RESULTS}{diagnosis.uuid}/fhir/").content
    sent = object_file(Kind.REPORT, source_of(diagnosis.study), Statement(diagnosis, moment(diagnosis.created)))
    for name in NAMES[1:]:
        assert f"Calibrated probability of class {name}".encode() in bundle
        assert f"Calibrated probability of class {name}".encode() in sent
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    assert listed(client, appearance="Viral") == []
    assert "Viral" not in client.get(diagnosis.get_absolute_url()).content.decode()
