"""De-identified copies: checked tag by tag against PS3.15's basic profile as dicom-anonymizer has it."""

import base64
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from django.core.management import call_command
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from accounts.models import User
from audit.models import Action, AuditEntry
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.uploads.services import diagnosis_create
from pacs.objects.deidentified import deidentified
from tests.oracles import judged
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom, radiograph_png

SECRET = "Sekret"
PROFILE = """
import json
from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
print(json.dumps([tag for tag in dicom_anonymization_database_selector("dicomfields_2026c")["ALL_TAGS"]]))
"""
JUDGE = """
import base64, functools, io, json, sys
import pydicom
from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions
original, copy = (pydicom.dcmread(io.BytesIO(base64.b64decode(each))) for each in json.load(sys.stdin))
before = {int(each.tag): str(each.value) for each in original}
anonymize_dataset(original, base_rules_gen=functools.partial(initialize_actions, "dicomfields_2026c"))
after = {int(each.tag): str(each.value) for each in original}
changed = {tag for tag in before if after.get(tag) != before[tag]}
print(json.dumps([str(each.tag) for each in copy if int(each.tag) in changed and str(each.value) == before[each.tag]
                  and str(each.value)]))
"""
_PLACEHOLDERS = {"DA": "19770101", "TM": "111111", "DT": "19770101111111", "UI": "1.2.3.4.5", "AS": "042Y"}


def filled(samples: Path, tags: list[list[int]]) -> bytes:
    """A radiograph that says something in every tag of the profile."""
    dataset = pydicom.dcmread(BytesIO(radiograph_dicom(samples)))
    for tag in (Tag(*each) for each in tags if len(each) == 2):
        try:
            vr = dictionary_VR(tag)
        except KeyError:
            continue
        if tag.group > 2 and tag not in dataset:
            dataset.add_new(tag, vr, _value(vr))
    dataset.add_new((0x6000, 0x4000), "LT", SECRET)
    dataset.private_block(0x0009, SECRET, create=True).add_new(1, "LO", SECRET)
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def _value(vr: str) -> Any:
    if vr == "SQ":
        item = Dataset()
        item.PatientName = SECRET
        return [item]
    if vr in ("OB", "OW", "UN", "OB or OW"):
        return SECRET.encode()
    if vr in ("US", "SS", "UL", "SL", "FD", "FL", "DS", "IS"):
        return 7
    return _PLACEHOLDERS.get(vr, SECRET)


def as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_nothing_of_the_profile_is_left(dicom_samples: Path) -> None:
    original = filled(dicom_samples, judged(PROFILE, None))
    copy = deidentified(original)
    assert original.count(SECRET.encode()) > 200
    assert SECRET.encode() not in copy
    assert judged(JUDGE, [as_text(original), as_text(copy)]) == []
    found = pydicom.dcmread(BytesIO(copy))
    assert found.PatientIdentityRemoved == "YES"
    assert found.DeidentificationMethodCodeSequence[0].CodeValue == "113100"


@pytest.mark.parametrize("name", ["RG1_UNCR.dcm", "RG1_J2KI.dcm", "RG3_UNCR.dcm"])
def test_the_picture_is_the_same(name: str, dicom_samples: Path) -> None:
    original = (dicom_samples / name).read_bytes()
    copy = deidentified(original)
    assert np.array_equal(read_radiograph(copy).pixels, read_radiograph(original).pixels)
    assert deidentified(original) == copy


def test_a_table_of_grey_levels_is_kept(dicom_samples: Path) -> None:
    dataset = pydicom.dcmread(dicom_samples / "RG1_UNCR.dcm")
    table = Dataset()
    entries = int(dataset.pixel_array.max()) + 1
    table.LUTDescriptor, table.LUTExplanation = [entries, 0, 16], SECRET
    table.LUTData = (65535 * np.linspace(0, 1, entries) ** 2).astype("<u2").tobytes()
    dataset.VOILUTSequence = [table]
    del dataset.WindowCenter, dataset.WindowWidth
    buffer = BytesIO()
    dataset.save_as(buffer)
    copy = deidentified(buffer.getvalue())
    assert np.array_equal(read_radiograph(copy).pixels, read_radiograph(buffer.getvalue()).pixels)
    assert SECRET.encode() not in copy


@pytest.mark.django_db
def test_the_command_writes_and_notes_it(alice: User, engine: ToyEngine, dicom_samples: Path, tmp_path: Path) -> None:
    content = radiograph_dicom(dicom_samples, PatientID="MRN-1", PatientName="Doe^Jane")
    result, picture = (
        diagnosis_create(user=alice, content=each, file_name="x").diagnosis for each in (content, radiograph_png())
    )
    faults = StringIO()
    call_command("export_deidentified", result.uuid, picture.uuid, to=tmp_path, stdout=StringIO(), stderr=faults)
    (path,) = tmp_path.glob("*.dcm")
    assert b"MRN-1" not in path.read_bytes()
    assert str(picture.uuid) in faults.getvalue()
    assert AuditEntry.objects.filter(action=Action.STUDY_DEIDENTIFIED, subject=result.study.uuid).count() == 1


def test_its_picture_is_decoded_in_a_process_of_its_own(dicom_samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command knows the site's secrets: no stranger's picture is decoded in it."""

    def decode(*_arguments: object) -> None:
        raise AssertionError

    content = radiograph_dicom(dicom_samples)
    expected = pydicom.dcmread(BytesIO(content)).pixel_array
    monkeypatch.setattr("diagnosis.imaging.dicom._decoded", decode)
    assert np.array_equal(pydicom.dcmread(BytesIO(deidentified(content))).pixel_array, expected)
