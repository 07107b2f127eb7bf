"""What is sent back into a study, judged by dciodvfy, which knows what the standard asks of each kind of object."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import DigitalXRayImageStorageForPresentation

from accounts.models import User
from diagnosis.models import Diagnosis, Finding
from diagnosis.uploads.services import diagnosis_create
from pacs.objects.building import object_file
from pacs.objects.identifiers import Kind
from pacs.objects.sources import source_of
from pacs.objects.statements import Replaced, Reviewed, Statement, moment
from tests.pacs.orthanc import needed
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n%%EOF\n"
INPUTS = {
    "cr": {},
    "dx": {"SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DX", "ImageLaterality": "U"},
    "side": {"Laterality": "L", "StudyTime": "101112.5", "AccessionNumber": "A-17", "StudyID": "7"},
    "nearly nothing": dict.fromkeys(
        ("PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber")
    ),
    "odd values": {"PatientSex": "X", "StudyDate": "2026.03.14", "StudyTime": "10:11", "PatientAge": "60"},
    "cyrillic": {"PatientName": "Петрова^Анна^^^", "SpecificCharacterSet": "ISO_IR 192", "PatientAge": "060Y"},
    "ideographs": {
        "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "SpecificCharacterSet": ["", "ISO 2022 IR 87"],
    },
    "long name": {"PatientName": "^".join(["Maria" * 8] * 4), "ReferringPhysicianName": "Doctor^A^B^C^D^E"},
}
REVIEW = Reviewed("Dr. Ángela 山", "likely", "disagrees", tuple(Finding.values), "Clear?\nNot 山 at all.")


@pytest.fixture
def dciodvfy() -> str:
    needed("dciodvfy")
    return str(shutil.which("dciodvfy"))


def result_of(user: User, samples: Path, **tags: Any) -> Diagnosis:
    """A stored result with everything that a result can say."""
    content = radiograph_dicom(samples, **tags)
    diagnosis = diagnosis_create(user=user, content=content, file_name="chest.dcm").diagnosis
    seen = {"quality": "limited", "quality_codes": [], "opacities": "unclear", "opacity_probability": 0.4375}
    Diagnosis.objects.filter(pk=diagnosis.pk).update(**seen)
    return Diagnosis.objects.select_related("study__patient", "model_version").get(pk=diagnosis.pk)


def faults(program: str, content: bytes, folder: Path) -> list[str]:
    path = folder / "object.dcm"
    path.write_bytes(content)
    answer = subprocess.run([program, str(path)], capture_output=True, text=True, errors="replace", check=False)
    return [line for line in answer.stderr.splitlines() if line.startswith("Error")]


@pytest.mark.parametrize("tags", INPUTS.values(), ids=INPUTS.keys())
def test_objects_are_valid(
    tags: dict, alice: User, engine: ToyEngine, dicom_samples: Path, dciodvfy: str, tmp_path: Path
) -> None:
    diagnosis = result_of(alice, dicom_samples, **tags)
    source = source_of(diagnosis.study)
    when = moment(diagnosis.created)
    said = [
        Statement(diagnosis, when, review=REVIEW),
        Statement(diagnosis, when, "voided-7", 2, is_withdrawn=True, replaces=(Replaced("ab" * 32),)),
    ]
    for statement in said:
        for kind in Kind:
            made = object_file(kind, source, statement, pdf=PDF)
            assert faults(dciodvfy, made, tmp_path) == [], (kind, statement.revision)
            assert object_file(kind, source, statement, pdf=PDF) == made  # so that sending again changes nothing


def test_a_program_finds_what_the_reader_says(alice: User, engine: ToyEngine, dicom_samples: Path) -> None:
    """dcmtk reads the report as another program would; apart from the model's group is the reader's."""
    needed("dsrdump")
    diagnosis = result_of(alice, dicom_samples)
    statement = Statement(diagnosis, moment(diagnosis.created), review=REVIEW)
    made = object_file(Kind.REPORT, source_of(diagnosis.study), statement)
    command = ["dsrdump", "+Pc", "-"]
    read = subprocess.run(command, input=made, capture_output=True, check=True).stdout.decode()
    model, reader = read.split("Measurement Group")[1:]
    assert "COVID likely" not in model
    assert '"COVID-19"' not in reader  # a finding that nobody has named
    for said in (
        "COVID likely",
        "Pneumothorax",
        "Ground glass opacity",
        "Nodule or mass",
        "Disagrees",
        "Not 山 at all",
    ):
        assert said in reader
