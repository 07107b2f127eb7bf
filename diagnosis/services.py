"""The only orchestration: from an uploaded file to a stored diagnosis."""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from diagnosis.artifacts import read_artifact
from diagnosis.display import display_jpeg, heat_map_to_png, thumbnail_jpeg
from diagnosis.models import Diagnosis, ModelVersion, Study
from diagnosis.radiograph import Radiograph, read_radiograph
from diagnosis.storage import study_files

if TYPE_CHECKING:
    from diagnosis.classifier import Classification, Classifier

logger = logging.getLogger(__name__)

FILE_NAME_LENGTH = 120


@dataclass(frozen=True)
class DiagnosisOutcome:
    """The diagnosis of an uploaded file, and whether it was there before the upload."""

    diagnosis: Diagnosis
    is_repeat: bool


def diagnosis_create(*, user: User, content: bytes, file_name: str) -> DiagnosisOutcome:
    """Read, check, classify and store one file; the same file again leads to the diagnosis that is there.

    Nothing is stored before the model has answered, and then all of it or nothing.
    Raises RadiographRejected (this file), ModelUnavailable (no file can be assessed now), or what the database or the
    storage raises.
    """
    from diagnosis.classifier import get_classifier

    radiograph = read_radiograph(content)
    classifier = get_classifier()
    if known := _known_diagnosis(user, radiograph, classifier):
        return DiagnosisOutcome(known, is_repeat=True)
    classification = classifier.classify(radiograph)
    try:
        diagnosis = _store(user, content, file_name, radiograph, classification)
    except IntegrityError:
        # The same file at the same moment, and the other request was first.
        if known := _known_diagnosis(user, radiograph, classifier):
            return DiagnosisOutcome(known, is_repeat=True)
        raise
    logger.info("diagnosis %s stored by %s in %.0f ms", diagnosis.uuid, user.uuid, classification.milliseconds)
    return DiagnosisOutcome(diagnosis, is_repeat=False)


def _known_diagnosis(user: User, radiograph: Radiograph, classifier: Classifier) -> Diagnosis | None:
    """What the served model answered about this very file before, in the person's institution."""
    return (
        Diagnosis.objects.visible_to(user)
        .filter(study__sha256=radiograph.sha256)
        .filter(model_version__version=classifier.model_version)
        .filter(model_version__weights_sha256=classifier.weights_sha256)
        .first()
    )


def _store(
    user: User, content: bytes, file_name: str, radiograph: Radiograph, classification: Classification
) -> Diagnosis:
    study = Study.objects.filter(institution=user.institution_id, sha256=radiograph.sha256).first()
    if study:
        with transaction.atomic():
            return _diagnosis_row(user, study, classification)
    study = _study_of(user, content, file_name, radiograph)
    copies = {"display": display_jpeg(radiograph.pixels), "thumbnail": thumbnail_jpeg(radiograph.pixels)}
    # The files enclose the transaction: they are taken away again even when only its last step, the commit, fails.
    with study_files(study, original=content, **copies), transaction.atomic():
        study.save()
        return _diagnosis_row(user, study, classification)


def _study_of(user: User, content: bytes, file_name: str, radiograph: Radiograph) -> Study:
    height, width = radiograph.pixels.shape
    return Study(
        institution=user.institution,
        uploaded_by=user,
        file_name=shown_file_name(file_name),
        format=radiograph.format,
        sha256=radiograph.sha256,
        size=len(content),
        width=width,
        height=height,
        dicom=asdict(radiograph.dicom) if radiograph.dicom else None,
    )


def _diagnosis_row(user: User, study: Study, classification: Classification) -> Diagnosis:
    return Diagnosis.objects.create(
        study=study,
        model_version=_model_version_of(classification),
        requested_by=user,
        prediction=classification.prediction.value,
        probability=classification.probability,
        raw_probability=classification.raw_probability,
        confidence=classification.confidence,
        operating_point=classification.operating_point,
        indeterminate_low=classification.indeterminate_low,
        indeterminate_high=classification.indeterminate_high,
        engine=classification.engine,
        milliseconds=classification.milliseconds,
        heat_map=heat_map_to_png(classification.heat_map),
    )


def _model_version_of(classification: Classification) -> ModelVersion:
    """The row of the model that answered, made with the card's text when it answers for the first time."""
    key = {"version": classification.model_version, "weights_sha256": classification.weights_sha256}
    if known := ModelVersion.objects.filter(**key).first():
        return known
    card = read_artifact(settings.MODELS_DIR, classification.model_version).card
    return ModelVersion.objects.get_or_create(**key, defaults={"card": card})[0]


def shown_file_name(name: str) -> str:
    """The name that a person's computer gave a file, safe to show: no folders, no invisible characters, cut in the middle.

    It is shown and offered for download, and no file is ever stored under it.
    """
    composed = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    visible = "".join(character for character in composed if character.isprintable()).strip()
    if len(visible) > FILE_NAME_LENGTH:
        visible = visible[: FILE_NAME_LENGTH - 21] + "…" + visible[-20:]
    return visible or "radiograph"
