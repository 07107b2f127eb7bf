"""The only orchestration: from an uploaded file to a stored diagnosis."""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.normalise import normalised
from audit.models import Action
from audit.services import held_back, record
from diagnosis.errors import DiagnosisError, RadiographRejected
from diagnosis.files.storing import study_files
from diagnosis.history.recording import study_note
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.imaging.rendering import display_jpeg, heat_map_to_png, thumbnail_jpeg
from diagnosis.inference.concurrency import classification_turn
from diagnosis.inference.serving import Classification, Classifier, get_classifier
from diagnosis.models import Diagnosis, ModelVersion, Standing, Study
from diagnosis.patients.matching import (
    NOBODY,
    NOTHING_ENTERED,
    EnteredDetails,
    PatientDetails,
    patient_check,
    patient_details_of,
    patient_of_upload,
)
from diagnosis.refusals import refusal_add
from diagnosis.review_models import StudyEvent

logger = logging.getLogger(__name__)

FILE_NAME_LENGTH = 120


class StoredByColleague(DiagnosisError):
    """The very file is there already, and not for this person to see."""

    default_code = "stored-by-colleague"


@dataclass(frozen=True)
class DiagnosisOutcome:
    """What became of an uploaded file."""

    diagnosis: Diagnosis
    is_repeat: bool
    """The file had been uploaded before, and this is the answer that was there."""
    is_voided: bool = False
    """The file had been uploaded before and voided since: nothing was classified."""
    is_other_patients: bool = False
    """The file had been uploaded before, for another patient than the one whose reference was entered now."""
    left_out: bool = False
    """Details were entered, and not stored because the study was there before."""


@dataclass(frozen=True)
class _Upload:
    user: User
    content: bytes
    file_name: str
    radiograph: Radiograph
    entered: EnteredDetails

    @property
    def patient_in_file(self) -> PatientDetails:
        return patient_details_of(self.radiograph.dicom) if self.radiograph.dicom else NOBODY


def diagnosis_create(
    *, user: User, content: bytes, file_name: str, entered: EnteredDetails = NOTHING_ENTERED
) -> DiagnosisOutcome:
    """Read, check, classify and store one file; the same file again leads to the diagnosis that is there.

    Nothing is stored before the model has answered, and then all of it or nothing. What was `entered` counts where the
    file says nothing itself; of a study that is there already it changes nothing.
    Raises RadiographRejected (this file), PatientMismatch (it seems to be another patient's), ModelUnavailable (no file
    can be assessed now), ModelBusy (too many are at this moment), StoredByColleague, or what the database or the
    storage raises. A rejected file is counted.
    """
    try:
        with classification_turn():
            return _create(user, content, file_name, entered)
    except RadiographRejected as error:
        refusal_add(user=user, error=error)
        raise


def _create(user: User, content: bytes, file_name: str, entered: EnteredDetails) -> DiagnosisOutcome:
    upload = _Upload(user, content, file_name, read_radiograph(content), entered)
    study = _known_study(upload)
    if study:
        _refuse_what_only_a_colleague_sees(user, study)
        if study.voided:
            return _outcome(upload, study.diagnoses.newest_first()[0], is_repeat=True)
    classifier = get_classifier()
    if study and (known := _known_outcome(upload, classifier)):
        return known
    if not study:
        patient_check(user=upload.user, entered=entered.patient, file=upload.patient_in_file)
    answer = classifier.classify(upload.radiograph)
    try:
        diagnosis = _store(upload, classifier, answer)
    except IntegrityError:
        # The same file at the same moment: another request was first with all of it, or, by another model, the study.
        if known := _known_outcome(upload, classifier):
            return known
        diagnosis = _store(upload, classifier, answer)
    logger.info("diagnosis %s stored by %s in %.0f ms", diagnosis.uuid, user.uuid, answer.milliseconds)
    return _outcome(upload, diagnosis, is_repeat=False, was_there=study is not None)


def _outcome(upload: _Upload, diagnosis: Diagnosis, *, is_repeat: bool, was_there: bool = True) -> DiagnosisOutcome:
    reference = normalised(upload.entered.patient.reference)
    other = bool(reference) and reference != normalised(diagnosis.study.patient_reference)
    return DiagnosisOutcome(
        diagnosis,
        is_repeat=is_repeat,
        is_voided=diagnosis.study.voided is not None,
        is_other_patients=was_there and other,
        left_out=was_there and upload.entered != NOTHING_ENTERED,
    )


def _known_study(upload: _Upload) -> Study | None:
    """The study of this very file in the person's institution."""
    same_file = Study.objects.filter(institution=upload.user.institution_id, sha256=upload.radiograph.sha256)
    return same_file.select_related("patient").first()


def _refuse_what_only_a_colleague_sees(user: User, study: Study) -> None:
    """Where radiographers see their own studies only (RADIOGRAPHERS_SEE), a colleague's answer is not handed out."""
    if not Study.objects.visible_to(user).filter(pk=study.pk).exists():
        raise StoredByColleague(_("A colleague has uploaded this radiograph. You see your own ones only: ask there."))


def _known_outcome(upload: _Upload, classifier: Classifier) -> DiagnosisOutcome | None:
    """What the served model answered about this very file before, in the person's institution."""
    diagnosis = Diagnosis.objects.filter(
        study__institution=upload.user.institution_id,
        study__sha256=upload.radiograph.sha256,
        model_version__version=classifier.model_version,
        model_version__weights_sha256=classifier.weights_sha256,
    ).first()
    return _outcome(upload, diagnosis, is_repeat=True) if diagnosis else None


def _store(upload: _Upload, classifier: Classifier, answer: Classification) -> Diagnosis:
    if known := _known_study(upload):
        with transaction.atomic(), held_back():
            study = Study.objects.select_for_update().get(pk=known.pk)  # it may be voided at this moment
            return _diagnosis_row(upload.user, study, classifier, answer)
    study, pixels = _new_study(upload), upload.radiograph.pixels
    copies = {"display": display_jpeg(pixels), "thumbnail": thumbnail_jpeg(pixels)}
    with study_files(study, original=upload.content, **copies), held_back():
        study.patient = patient_of_upload(user=upload.user, entered=upload.entered.patient, file=upload.patient_in_file)
        study.save()
        study_note(study=study, actor=upload.user, kind=StudyEvent.Kind.UPLOADED)
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
        study_date=(radiograph.dicom.study_date if radiograph.dicom else None) or upload.entered.study_date,
        projection=_projection(radiograph) or upload.entered.projection,
        notes=upload.entered.notes,
    )


def _projection(radiograph: Radiograph) -> str:
    """The projection that the DICOM file names (View Position), or nothing."""
    view = radiograph.dicom.view_position if radiograph.dicom else ""
    return {"PA": "PA", "AP": "AP", "LL": "LATERAL", "RL": "LATERAL", "LATERAL": "LATERAL"}.get(view, "")


def _model_version_of(classifier: Classifier) -> ModelVersion:
    """The row of the model that answered, made with its card when it answers for the first time."""
    model, is_new = ModelVersion.objects.defer("card").get_or_create(
        version=classifier.model_version,
        weights_sha256=classifier.weights_sha256,
        defaults={"card": classifier.artifact.card},
    )
    if is_new:
        record(Action.MODEL_FIRST_USED, actor=None, subject=model, detail={"version": model.version})
    return model


def _diagnosis_row(user: User, study: Study, classifier: Classifier, answer: Classification) -> Diagnosis:
    diagnosis = Diagnosis.objects.create(
        study=study,
        standing=Standing.VOIDED if study.voided else Standing.KEPT,
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
    detail = {"result": diagnosis.uuid, "model": diagnosis.model_version.version}
    study_note(study=study, actor=user, kind=StudyEvent.Kind.CLASSIFIED, detail=detail)
    return diagnosis


def shown_file_name(name: str) -> str:
    """A file's name as the person's computer has it, safe to show: no folders, nothing invisible, cut in the middle.

    It is shown and offered for download, and no file is ever stored under it.
    """
    composed = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    visible = "".join(character for character in composed if character.isprintable()).strip()
    if len(visible) > FILE_NAME_LENGTH:
        visible = visible[: FILE_NAME_LENGTH - 21] + "…" + visible[-20:]
    return visible or "radiograph"
