"""Fills an institution of its own with invented results, so that lists can be tried and timed at the size of years.

Nothing here was ever classified: the institution, the people, the file names and the model version say so, and no other
institution is touched. All rows share the files of one sample radiograph. Reviews, RT-PCR outcomes, notes and voided
uploads are invented with them; a history (events) is not.
"""

import hashlib
import random
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from data_store import DataStore
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Institution, User
from accounts.normalise import normalised
from bench.lists.writing import bulk_session, new, rows_store, tuples_store
from diagnosis.findings import Appearance, Prediction
from diagnosis.history.recounts import days_changed
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.imaging.rendering import display_jpeg, heat_map_to_png, thumbnail_jpeg
from diagnosis.models import (
    Conclusion,
    Diagnosis,
    ModelFinding,
    ModelVersion,
    Outcome,
    Patient,
    PatientWord,
    Review,
    ReviewState,
    Standing,
    Study,
    StudyWord,
    agreement_of,
)
from diagnosis.models.words import parts_of, words_of_name, words_of_reference

INSTITUTION = "Invented results"
USERNAMES = [f"invented-{number}" for number in range(1, 9)]
VERSIONS = ["invented-1", "invented-2", "invented-3"]
OPERATING_POINT, BAND = 0.24, (0.2, 0.28)
BATCH = 10_000
PATIENTS = 200_000
FAMILY_NAMES = ["Nowak", "Łukaszewicz", "Đặng", "Silva", "Müller", "Okafor", "O'Brien", "Kim", "Tan", "Rossi"]
GIVEN_NAMES = ["Anna", "Łukasz", "Minh", "João", "Jörg", "Chidi", "Layla", "Wei", "Giulia", "Siobhán"]
FILE_NAMES = ["thorax", "chest", "scan"]

# About as in a hospital that means to know how well the model does: most results are reviewed within two days, a third
# of the patients are tested, little is voided.
REVIEWED, REVIEWED_AFTER = 0.9, timedelta(days=2)
SEEN_WEIGHTS = [88, 8, 4]  # what the model answered, the contrary, cannot tell
TESTED, VOIDED, NOTED = 0.33, 0.005, 0.4
APPEARANCE_WEIGHTS = [25, 4, 1, 70]
SIGNS = [
    "fever",
    "dry cough",
    "dyspnoea",
    "loss of smell",
    "chest pain",
    "fatigue",
    "headache",
    "SpO2 91 %",
    "no fever",
]
HISTORIES = ["asthma", "diabetes", "hypertension", "COPD", "after heart surgery", "smoker", "pregnant", "nothing known"]


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
        parser.add_argument("--days", type=int, default=1000, help="spread over this many days up to now (%(default)s)")
        parser.add_argument("--seed", type=int, default=1, help="another seed makes other rows (%(default)s)")

    def handle(self, *args: Any, number: int, days: int, seed: int, **options: Any) -> None:
        if number < 1 or days < 1:
            raise CommandError("N and --days must be at least 1.")
        ground, chance = _ground(days), random.Random(seed)  # noqa: S311 - invented rows need no cryptographic chance
        known = _known_patients(ground)
        for start in range(0, number, BATCH):
            with bulk_session(), transaction.atomic():
                _store(ground, chance, known, first=start, count=min(BATCH, number - start), total=number)
            self.stderr.write(f"\r{min(start + BATCH, number):,} of {number:,}", ending="")
        self.stderr.write("")
        self.stdout.write(
            f"{number:,} invented results are in the institution “{INSTITUTION}”. To see them, set a password with "
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


def _store(
    ground: _Ground, chance: random.Random, known: dict[int, int], *, first: int, count: int, total: int
) -> None:
    """Store results number `first` to `first + count` of `total`, oldest first as in life."""
    step = timedelta(days=ground.days) / total
    moments = [ground.newest - step * (total - number - 1) for number in range(first, first + count)]
    numbers = [chance.randrange(PATIENTS) for _ in moments]
    patients = _patients(ground, set(numbers), known)
    studies = [
        _study(ground, chance, moment, patients[number]) for moment, number in zip(moments, numbers, strict=True)
    ]
    rows_store(studies)
    words = ((ground.institution.pk, study.pk, word) for study in studies for word in set(parts_of(study.file_name)))
    tuples_store(StudyWord, ("institution", "study", "word"), words)
    diagnoses = [_diagnosis(ground, chance, study) for study in studies]
    rows_store(diagnoses)
    rows_store(list(chain.from_iterable(map(_findings, diagnoses))))
    rows_store([_review(ground, chance, row) for row in diagnoses if row.review_state != ReviewState.UNREVIEWED])
    rows_store([_outcome(study) for study in studies if study.outcome])
    days_changed(ground.institution.pk, moments)


def _known_patients(ground: _Ground) -> dict[int, int]:
    """Number → key of the invented patients that are stored already."""
    mine = Patient.objects.filter(institution=ground.institution, reference__startswith="P")
    return {int(reference[1:]): pk for reference, pk in mine.values_list("reference", "pk")}


def _patients(ground: _Ground, numbers: set[int], known: dict[int, int]) -> dict[int, Patient]:
    """The invented patients of these numbers, stored where they are missing; five studies each at a million."""
    found = {number: _patient(ground, number) for number in numbers}
    missing = {number: patient for number, patient in found.items() if number not in known}
    rows_store(list(missing.values()))
    words = ((ground.institution.pk, one.pk, word) for one in missing.values() for word in _words_of(one))
    tuples_store(PatientWord, ("institution", "patient", "word"), words)
    known.update({number: patient.pk for number, patient in missing.items()})
    for number, patient in found.items():
        patient.pk = known[number]
    return found


def _words_of(patient: Patient) -> set[str]:
    return {*words_of_name(patient.name), *words_of_reference(patient.reference)}


def _patient(ground: _Ground, number: int) -> Patient:
    return new(
        Patient,
        institution=ground.institution,
        created_by=ground.people[0],
        reference=f"P{number:07}",
        name=f"{FAMILY_NAMES[number % 10]} {GIVEN_NAMES[number // 10 % 10]}",
        birth_date=date(1930 + number % 75, 1 + number % 12, 1 + number % 28),
        sex="FM"[number % 2],
    )


def _study(ground: _Ground, chance: random.Random, moment: datetime, patient: Patient) -> Study:
    key = uuid.uuid4()
    is_dicom = chance.random() < 0.6
    number = chance.randrange(10**6)
    return new(
        Study,
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
        dicom=_details(chance, patient, moment.date()) if is_dicom else None,
        patient=patient,
        study_date=moment.date(),
        projection="PA",
        notes=_notes(chance) if chance.random() < NOTED else "",
        **_tested(chance, moment),
        **_voided(ground, chance, moment),
        **ground.files,
    )


def _notes(chance: random.Random) -> str:
    days = chance.randrange(1, 15)
    return f"{', '.join(chance.sample(SIGNS, 2))} for {days} days; {chance.choice(HISTORIES)}. Pneumonia?".capitalize()


def _tested(chance: random.Random, moment: datetime) -> dict[str, Any]:
    """What the study says of a later RT-PCR test. `_diagnosis` lets the model be right about most of them."""
    if chance.random() > TESTED:
        return {}
    result = Outcome.Result.POSITIVE if chance.random() < 0.25 else Outcome.Result.NEGATIVE
    return {"outcome": result, "outcome_date": moment.date() + timedelta(days=chance.randrange(2))}


def _voided(ground: _Ground, chance: random.Random, moment: datetime) -> dict[str, Any]:
    if chance.random() > VOIDED:
        return {}
    return {"voided": moment, "voided_by": ground.people[0], "void_reason": "Invented: another patient's radiograph."}


def _details(chance: random.Random, patient: Patient, day: date) -> dict[str, object]:
    """As `diagnosis.imaging.dicom_details` keeps them."""
    return {
        "modality": "DX",
        "body_part": "CHEST",
        "view_position": "PA",
        "patient_id": patient.reference,
        "patient_name": patient.name,
        "patient_birth_date": patient.birth_date,
        "patient_sex": patient.sex,
        "study_date": day,
        "accession_number": f"A{chance.randrange(10**8):08}",
        "laterality": "",
        "photometric_interpretation": "MONOCHROME2",
        "transfer_syntax": "1.2.840.10008.1.2.1",
    }


def _diagnosis(ground: _Ground, chance: random.Random, study: Study) -> Diagnosis:
    probability = _probability(chance, study)
    prediction = _prediction(probability)
    conclusion = _conclusion(ground, chance, study, prediction)
    confidences = {Prediction.POSITIVE: probability, Prediction.NEGATIVE: 1 - probability}
    return new(
        Diagnosis,
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
        review_state=agreement_of(prediction, conclusion) if conclusion else ReviewState.UNREVIEWED,
        conclusion=conclusion,
        appearance=_appearance(ground, chance, study),
        standing=Standing.VOIDED if study.voided else Standing.KEPT,
    )


def _appearance(ground: _Ground, chance: random.Random, study: Study) -> str:
    """Of the newest of the three versions only, as in life: it looks for what the others do not."""
    names = list(Appearance)
    return chance.choices(names, APPEARANCE_WEIGHTS)[0].value if 3 * _age(ground, study) >= 2 else ""


def _findings(row: Diagnosis) -> Iterator[ModelFinding]:
    for name in Appearance if row.appearance else ():
        yield new(ModelFinding, diagnosis=row, name=name.value, probability=0.55 if name == row.appearance else 0.15)


def _probability(chance: random.Random, study: Study) -> float:
    if study.outcome == Outcome.Result.POSITIVE:
        return chance.betavariate(2.4, 1.2)
    return chance.betavariate(0.6, 2.4)


def _conclusion(ground: _Ground, chance: random.Random, study: Study, prediction: Prediction) -> str:
    """What a reader concluded; nothing where nobody has reviewed the answer yet."""
    is_new = study.created > ground.newest - REVIEWED_AFTER
    if is_new or study.voided or chance.random() > REVIEWED:
        return ""
    seen = [Conclusion.LIKELY, Conclusion.UNLIKELY, Conclusion.UNSURE]
    if prediction == Prediction.NEGATIVE:
        seen[:2] = seen[1::-1]
    return chance.choices(seen, SEEN_WEIGHTS)[0].value


def _review(ground: _Ground, chance: random.Random, row: Diagnosis) -> Review:
    waited = REVIEWED_AFTER * chance.random() ** 3
    reviewer, reason = chance.choice(ground.people), "" if row.review_state == ReviewState.AGREES else "Invented."
    created = row.created + waited
    said = {"conclusion": row.conclusion, "verdict": row.review_state, "reason": reason}
    return new(Review, diagnosis=row, reviewer=reviewer, created=created, **said)


def _outcome(study: Study) -> Outcome:
    return new(
        Outcome,
        study=study,
        entered_by=study.uploaded_by,
        created=study.created + timedelta(days=1),
        result=study.outcome,
        sampled=study.outcome_date,
    )


def _age(ground: _Ground, study: Study) -> float:
    """0 for the oldest row, 1 for the newest."""
    return 1 - (ground.newest - study.created) / timedelta(days=ground.days)


def _prediction(probability: float) -> Prediction:
    if probability < BAND[0]:
        return Prediction.NEGATIVE
    return Prediction.POSITIVE if probability >= BAND[1] else Prediction.INDETERMINATE
