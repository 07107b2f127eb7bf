"""Fills an institution of its own with invented results, so that lists can be tried and timed at the size of years.

Nothing here was ever classified: the institution, the people, the file names and the model version say so, and no other
institution is touched. All rows share the files of one sample radiograph.
"""

import hashlib
import random
import uuid
from argparse import ArgumentParser
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from data_store import DataStore
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Institution, User
from accounts.normalise import normalised
from diagnosis.contract import Prediction
from diagnosis.display import display_jpeg, heat_map_to_png, thumbnail_jpeg
from diagnosis.models import Diagnosis, ModelVersion, Study
from diagnosis.radiograph import read_radiograph

INSTITUTION = "Invented results"
USERNAMES = [f"invented-{number}" for number in range(1, 9)]
VERSIONS = ["invented-1", "invented-2", "invented-3"]
OPERATING_POINT, BAND = 0.24, (0.2, 0.28)
BATCH = 2000
FAMILY_NAMES = ["Nowak", "Łukaszewicz", "Đặng", "Silva", "Müller", "Okafor", "O'Brien", "Kim", "Tan", "Rossi"]
GIVEN_NAMES = ["Anna", "Łukasz", "Minh", "João", "Jörg", "Chidi", "Layla", "Wei", "Giulia", "Siobhán"]
FILE_NAMES = ["thorax", "chest", "scan"]


@dataclass(frozen=True)
class _Ground:
    """What all invented rows share."""

    institution: Institution
    people: list[User]
    versions: list[ModelVersion]
    files: dict[str, str]
    size: int
    width: int
    height: int
    heat_map: bytes
    newest: datetime
    days: int


class Command(BaseCommand):
    help = "Store N invented results in an institution of their own, to try lists and to time them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int, metavar="N", help="how many results")
        parser.add_argument("--days", type=int, default=1000, help="spread over so many days up to now (%(default)s)")
        parser.add_argument("--seed", type=int, default=1, help="another seed makes other rows (%(default)s)")

    def handle(self, *args: Any, number: int, days: int, seed: int, **options: Any) -> None:
        if number < 1 or days < 1:
            raise CommandError("N and --days must be at least 1.")
        ground, chance = _ground(days), random.Random(seed)  # noqa: S311 - invented rows need no cryptographic chance
        for start in range(0, number, BATCH):
            _store(ground, chance, first=start, count=min(BATCH, number - start), total=number)
            self.stderr.write(f"\r{min(start + BATCH, number):,} of {number:,}", ending="")
        self.stderr.write("")
        self.stdout.write(
            f"{number:,} invented results stand in the institution “{INSTITUTION}”. To see them, set a password with "
            f"`manage.py changepassword {USERNAMES[0]}` and sign in as {USERNAMES[0]}."
        )


def _ground(days: int) -> _Ground:
    institution = Institution.objects.get_or_create(name_key=normalised(INSTITUTION), defaults={"name": INSTITUTION})[0]
    content = Path(DataStore().get_path("RG1_UNCR.dcm")).read_bytes()
    pixels = read_radiograph(content).pixels
    height, width = pixels.shape
    copies = {"original": content, "display": display_jpeg(pixels), "thumbnail": thumbnail_jpeg(pixels)}
    return _Ground(
        institution=institution,
        people=[_person(username, institution) for username in USERNAMES],
        versions=[_version(version) for version in VERSIONS],
        files={field: _stored_once(field, copy) for field, copy in copies.items()},
        size=len(content),
        width=width,
        height=height,
        heat_map=heat_map_to_png(np.outer(np.linspace(0, 1, 7), np.linspace(0, 1, 7)).astype(np.float32)),
        newest=timezone.now(),
        days=days,
    )


def _person(username: str, institution: Institution) -> User:
    """Somebody without a usable password, until an administrator sets one."""
    known = User.objects.filter(username_key=username).first()
    return known or User.objects.create_user(
        username, f"{username}@example.org", institution=institution, is_radiographer=True
    )


def _version(version: str) -> ModelVersion:
    nothing = hashlib.sha256(version.encode()).hexdigest()
    return ModelVersion.objects.get_or_create(
        version=version, weights_sha256=nothing, defaults={"card": {"invented": True}}
    )[0]


def _stored_once(field: str, content: bytes) -> str:
    name = f"radiographs/invented/{field}"
    return name if default_storage.exists(name) else default_storage.save(name, ContentFile(content))


def _store(ground: _Ground, chance: random.Random, *, first: int, count: int, total: int) -> None:
    """Store results number `first` to `first + count` of `total`, oldest first as in life."""
    step = timedelta(days=ground.days) / total
    moments = [ground.newest - step * (total - number - 1) for number in range(first, first + count)]
    studies = Study.objects.bulk_create([_study(ground, chance, moment) for moment in moments])
    Diagnosis.objects.bulk_create([_diagnosis(ground, chance, study) for study in studies])


def _study(ground: _Ground, chance: random.Random, moment: datetime) -> Study:
    key = uuid.uuid4()
    is_dicom = chance.random() < 0.6
    number = chance.randrange(10**6)
    return Study(
        uuid=key,
        institution=ground.institution,
        uploaded_by=chance.choice(ground.people),
        created=moment,
        file_name=f"IMG_{number:06}.dcm" if is_dicom else f"{chance.choice(FILE_NAMES)}-{number:06}.png",
        format="DICOM" if is_dicom else "PNG",
        sha256=hashlib.sha256(key.bytes).hexdigest(),
        size=ground.size,
        width=ground.width,
        height=ground.height,
        dicom=_details(chance, moment.date()) if is_dicom else None,
        **ground.files,
    )


def _details(chance: random.Random, day: date) -> dict[str, object]:
    """As `diagnosis.dicom_details` keeps them; about three studies a patient."""
    patient = chance.randrange(200_000)
    name = f"{FAMILY_NAMES[patient % 10]} {GIVEN_NAMES[patient // 10 % 10]}"
    return {
        "modality": "DX",
        "body_part": "CHEST",
        "view_position": "PA",
        "patient_id": f"P{patient:07}",
        "patient_name": name,
        "patient_birth_date": date(1930 + patient % 75, 1 + patient % 12, 1 + patient % 28),
        "patient_sex": "FM"[patient % 2],
        "study_date": day,
        "accession_number": f"A{chance.randrange(10**8):08}",
        "laterality": "",
        "photometric_interpretation": "MONOCHROME2",
        "transfer_syntax": "1.2.840.10008.1.2.1",
    }


def _diagnosis(ground: _Ground, chance: random.Random, study: Study) -> Diagnosis:
    probability = chance.betavariate(0.6, 2.4)
    prediction = _prediction(probability)
    confidences = {Prediction.POSITIVE: probability, Prediction.NEGATIVE: 1 - probability}
    return Diagnosis(
        study=study,
        # Versions follow each other, as they do in life.
        model_version=ground.versions[min(2, int(3 * _age(ground, study)))],
        requested_by=study.uploaded_by,
        created=study.created,
        prediction=prediction.value,
        probability=probability,
        raw_probability=probability,
        confidence=confidences.get(prediction),
        operating_point=OPERATING_POINT,
        indeterminate_low=BAND[0],
        indeterminate_high=BAND[1],
        engine="none",
        milliseconds=0,
        heat_map=ground.heat_map,
    )


def _age(ground: _Ground, study: Study) -> float:
    """0 for the oldest row, 1 for the newest."""
    return 1 - (ground.newest - study.created) / timedelta(days=ground.days)


def _prediction(probability: float) -> Prediction:
    if probability < BAND[0]:
        return Prediction.NEGATIVE
    return Prediction.POSITIVE if probability >= BAND[1] else Prediction.INDETERMINATE
