"""The only orchestration: from an uploaded file to a stored diagnosis."""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction

from accounts.models import User
from diagnosis.classifier import Classification, Classifier, get_classifier
from diagnosis.display import display_jpeg, heat_map_to_png, thumbnail_jpeg
from diagnosis.models import Diagnosis, ModelVersion, Study
from diagnosis.radiograph import Radiograph, read_radiograph
from diagnosis.storage import study_files

logger = logging.getLogger(__name__)

FILE_NAME_LENGTH = 120


@dataclass(frozen=True)
class DiagnosisOutcome:
    """The diagnosis of an uploaded file, and whether it was there before the upload."""

    diagnosis: Diagnosis
    is_repeat: bool


@dataclass(frozen=True)
class _Upload:
    user: User
    content: bytes
    file_name: str
    radiograph: Radiograph


def diagnosis_create(*, user: User, content: bytes, file_name: str) -> DiagnosisOutcome:
    """Read, check, classify and store one file; the same file again leads to the diagnosis that is there.

    Nothing is stored before the model has answered, and then all of it or nothing.
    Raises RadiographRejected (this file), ModelUnavailable (no file can be assessed now), or what the database or the
    storage raises.
    """
    upload = _Upload(user, content, file_name, read_radiograph(content))
    classifier = get_classifier()
    if known := _known_diagnosis(upload, classifier):
        return DiagnosisOutcome(known, is_repeat=True)
    answer = classifier.classify(upload.radiograph)
    try:
        diagnosis = _store(upload, classifier, answer)
    except IntegrityError:
        # The same file at the same moment: another request was first with all of it, or, by another model, the study.
        if known := _known_diagnosis(upload, classifier):
            return DiagnosisOutcome(known, is_repeat=True)
        diagnosis = _store(upload, classifier, answer)
    logger.info("diagnosis %s stored by %s in %.0f ms", diagnosis.uuid, user.uuid, answer.milliseconds)
    return DiagnosisOutcome(diagnosis, is_repeat=False)


def _known_diagnosis(upload: _Upload, classifier: Classifier) -> Diagnosis | None:
    """What the served model answered about this very file before, in the person's institution."""
    return Diagnosis.objects.filter(
        study__institution=upload.user.institution_id,
        study__sha256=upload.radiograph.sha256,
        model_version__version=classifier.model_version,
        model_version__weights_sha256=classifier.weights_sha256,
    ).first()


def _store(upload: _Upload, classifier: Classifier, answer: Classification) -> Diagnosis:
    known = Study.objects.filter(institution=upload.user.institution_id, sha256=upload.radiograph.sha256).first()
    if known:
        with transaction.atomic():
            return _diagnosis_row(upload.user, known, classifier, answer)
    study, pixels = _new_study(upload), upload.radiograph.pixels
    copies = {"display": display_jpeg(pixels), "thumbnail": thumbnail_jpeg(pixels)}
    # The files enclose the transaction: they are taken away again even when only its last step, the commit, fails.
    with study_files(study, original=upload.content, **copies), transaction.atomic():
        study.save()
        return _diagnosis_row(upload.user, study, classifier, answer)


def _new_study(upload: _Upload) -> Study:
    radiograph = upload.radiograph
    height, width = radiograph.pixels.shape
    return Study(
        institution=upload.user.institution,
        uploaded_by=upload.user,
        file_name=shown_file_name(upload.file_name),
        format=radiograph.format,
        sha256=radiograph.sha256,
        size=len(upload.content),
        width=width,
        height=height,
        dicom=asdict(radiograph.dicom) if radiograph.dicom else None,
    )


def _model_version_of(classifier: Classifier) -> ModelVersion:
    """The row of the model that answered, made with its card when it answers for the first time."""
    return ModelVersion.objects.get_or_create(
        version=classifier.model_version,
        weights_sha256=classifier.weights_sha256,
        defaults={"card": classifier.artifact.card},
    )[0]


def _diagnosis_row(user: User, study: Study, classifier: Classifier, answer: Classification) -> Diagnosis:
    return Diagnosis.objects.create(
        study=study,
        model_version=_model_version_of(classifier),
        requested_by=user,
        prediction=answer.prediction.value,
        probability=answer.probability,
        raw_probability=answer.raw_probability,
        confidence=answer.confidence,
        operating_point=answer.operating_point,
        indeterminate_low=answer.indeterminate_low,
        indeterminate_high=answer.indeterminate_high,
        engine=answer.engine,
        milliseconds=answer.milliseconds,
        heat_map=heat_map_to_png(answer.heat_map),
    )


def shown_file_name(name: str) -> str:
    """A file's name as the person's computer has it, safe to show: no folders, nothing invisible, cut in the middle.

    It is shown and offered for download, and no file is ever stored under it.
    """
    composed = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    visible = "".join(character for character in composed if character.isprintable()).strip()
    if len(visible) > FILE_NAME_LENGTH:
        visible = visible[: FILE_NAME_LENGTH - 21] + "…" + visible[-20:]
    return visible or "radiograph"
