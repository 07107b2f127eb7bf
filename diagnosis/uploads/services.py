"""The only orchestration: from an uploaded file to a stored diagnosis."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.normalise import normalised
from audit.models import Action
from audit.services import record
from diagnosis.errors import CorrectableRadiograph, DiagnosisError, RadiographRejected
from diagnosis.imaging.corrections import corrected
from diagnosis.imaging.decoding import read_untrusted
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.concurrency import classification_turn
from diagnosis.inference.gate import not_frontal
from diagnosis.inference.gate.sentences import SENTENCES
from diagnosis.inference.serving import get_classifier
from diagnosis.models import Diagnosis, Refusal, Study
from diagnosis.models.locking import Erased
from diagnosis.models.refusals import REASON_LENGTH
from diagnosis.patients.details import differences, registered_details
from diagnosis.patients.matching import patient_check
from diagnosis.uploads.counting import CLASSIFICATION_SECONDS, REFUSALS, failures_counted, upload_counted
from diagnosis.uploads.entered import NOTHING_ENTERED, EnteredDetails
from diagnosis.uploads.file_names import shown_file_name
from diagnosis.uploads.rows import CONTRADICTION, known_study, store, store_unanswered
from diagnosis.uploads.upload import Upload

logger = logging.getLogger(__name__)


class StoredByColleague(DiagnosisError):
    """The very file is there already, and not for this person to see."""

    default_code = "stored-by-colleague"


@dataclass(frozen=True)
class UploadOutcome:
    """What became of an uploaded file."""

    study: Study
    newest: Diagnosis | None
    """Its answer; None where it is stored without one."""
    is_repeat: bool
    """The file had been uploaded before, and this is the answer that was there."""
    is_voided: bool = False
    """The file had been uploaded before and voided since: nothing was classified."""
    is_other_patients: bool = False
    """The file had been uploaded before, for another patient than the one whose reference was entered now."""
    is_other_file: bool = False
    """The radiograph had been uploaded before in a file of other bytes."""
    is_named_differently: bool = False
    """That other file names another patient than the one whose radiograph it is here."""
    assign_to: str = ""
    """The file had been uploaded before, without a patient, and this reference was entered now."""
    left_out: bool = False
    """Details were entered, and not stored because the study was there before."""
    refusal: RadiographRejected | None = None
    """Why it has no answer."""

    @property
    def diagnosis(self) -> Diagnosis:
        """Raises ValueError where it is stored without an answer."""
        if self.newest is None:
            raise ValueError("the study is stored without an answer")
        return self.newest


def diagnosis_create(
    *,
    user: User,
    content: bytes,
    file_name: str,
    entered: EnteredDetails = NOTHING_ENTERED,
    without_answer: bool = False,
    is_counted: bool = True,
) -> UploadOutcome:
    """Read, check, classify and store one file; the same file again leads to the diagnosis that is there.

    Nothing is stored before the model has answered, and then all of it or nothing. What was `entered` counts where the
    file says nothing itself; of a study that is there already it changes nothing. `without_answer`: a picture that was
    read and that the model refuses is stored all the same, without an answer.
    Raises RadiographRejected (this file), PatientMismatch (it seems to be another patient's), ModelUnavailable (no file
    can be assessed now), ModelBusy (too many are at this moment), StoredByColleague, or what the database or the
    storage raises. A rejected file is counted, unless it was before (`is_counted`).
    """
    try:
        with failures_counted(), classification_turn():
            outcome = _create(user, content, file_name, entered, without_answer)
    except RadiographRejected as error:
        if is_counted:
            refusal_add(user=user, error=error)
        raise
    upload_counted(outcome.newest, is_repeat=outcome.is_repeat)
    if outcome.refusal and is_counted:
        refusal_add(user=user, error=outcome.refusal)
    return outcome


def _create(user: User, content: bytes, file_name: str, entered: EnteredDetails, without_answer: bool) -> UploadOutcome:
    upload = Upload(user, content, shown_file_name(file_name), read_untrusted(content), entered)
    try:
        found = known_study(upload)
        upload = _as_assessed(upload, found)
        return _assessed(upload, known_study(upload) if upload.entered.correction else found)
    except RadiographRejected as error:
        error.reference = upload.patient_in_file.reference
        if known := _known_refused(upload, error, without_answer):
            return known
        if not (without_answer and can_be_stored(error.code)):
            raise
        return _stored_unanswered(upload, error)


def _as_assessed(upload: Upload, study: Study | None) -> Upload:
    """With its picture turned or inverted: as it is stored where it has an answer, whose copies and heat map these are.

    Else as a person asked for. Raises RadiographRejected.
    """
    correction = study.correction if study and not study.unanswered else upload.entered.correction
    radiograph = upload.radiograph
    if correction:  # whoever asked for one has looked at the picture
        radiograph = replace(radiograph, pixels=corrected(radiograph.pixels, correction), doubts=())
    return replace(upload, radiograph=radiograph, entered=replace(upload.entered, correction=correction))


def _assessed(upload: Upload, study: Study | None) -> UploadOutcome:
    """study: of this radiograph, if it is there already."""
    if study:
        _refuse_what_only_a_colleague_sees(upload.user, study)
        if study.voided:
            return _outcome(upload, study, study.diagnoses.newest_first().first(), is_repeat=True)
    if upload.entered.projection == Study.Projection.LATERAL:
        raise not_frontal(Study.Projection.LATERAL)
    classifier = get_classifier()
    if study and (known := _known_outcome(upload, study, classifier)):
        return known
    if not study:
        patient_check(user=upload.user, entered=upload.entered.patient, file=upload.patient_in_file)
    try:
        answer = classifier.classify(upload.radiograph)
    except CorrectableRadiograph as error:
        if study and (older := _older_outcome(upload, study, error)):
            return older
        raise
    CLASSIFICATION_SECONDS.labels(answer.model_version).observe(answer.milliseconds / 1000)
    try:
        diagnosis = store(upload, classifier, answer)
    except (IntegrityError, Erased):
        # The same file at the same moment: another request was first with all of it, or, by another model, the study.
        # Or the study or its patient was erased at this moment: what was uploaded now is stored anew.
        study = known_study(upload)
        if study and (known := _known_outcome(upload, study, classifier)):
            return known
        diagnosis = store(upload, classifier, answer)
    logger.info("diagnosis %s stored by %s in %.0f ms", diagnosis.uuid, upload.user.uuid, answer.milliseconds)
    return _outcome(upload, diagnosis.study, diagnosis, is_repeat=False, was_there=study is not None)


def _known_refused(upload: Upload, error: RadiographRejected, without_answer: bool) -> UploadOutcome | None:
    """The study of this very radiograph where it is stored without an answer; with an older one only if asked for."""
    study = known_study(upload) if error.code != CONTRADICTION else None
    if study and study.unanswered:
        return _outcome(upload, study, None, is_repeat=True, refusal=error)
    if study and without_answer:
        return _outcome(upload, study, study.diagnoses.newest_first().first(), is_repeat=True)
    return None


def _older_outcome(upload: Upload, study: Study, error: CorrectableRadiograph) -> UploadOutcome | None:
    """The newest answer of a study that this model would have turned first: it stays as it was assessed."""
    newest = study.diagnoses.newest_first().first()
    return _outcome(upload, study, newest, is_repeat=True, refusal=error) if newest else None


def _stored_unanswered(upload: Upload, error: RadiographRejected) -> UploadOutcome:
    try:
        study = store_unanswered(upload, error)
    except (IntegrityError, Erased):  # as above: another request was first, or its patient was erased at this moment
        if known := _known_refused(upload, error, without_answer=True):
            return known
        study = store_unanswered(upload, error)
    logger.info("study %s stored without an answer by %s", study.uuid, upload.user.uuid)
    return _outcome(upload, study, None, is_repeat=False, was_there=False, refusal=error)


def can_be_stored(code: str) -> bool:
    """Whether a picture that was refused with this code was read and may be a radiograph: it can be stored so."""
    return code in _STORED_WITHOUT_ANSWER


# Of the rules, and all of what was learned: not photographs, drawings, noise, documents, icons and other modalities.
_STORED_WITHOUT_ANSWER = {"view", "body-part", "child", "strip", "constant", "dicom-turned", "dicom-inverted"}
_STORED_WITHOUT_ANSWER |= {*SENTENCES} - {"mirrored"}


def _outcome(
    upload: Upload,
    study: Study,
    diagnosis: Diagnosis | None,
    *,
    is_repeat: bool,
    was_there: bool = True,
    refusal: RadiographRejected | None = None,
) -> UploadOutcome:
    reference = upload.entered.patient.reference
    other = was_there and bool(reference) and not _is_of(study, reference)
    is_other_file = was_there and upload.radiograph.sha256 != study.sha256
    return UploadOutcome(
        study,
        diagnosis,
        is_repeat=is_repeat,
        is_voided=study.voided is not None,
        is_other_patients=other and study.patient is not None,
        assign_to=reference if other and study.patient is None and not study.voided else "",
        is_other_file=is_other_file,
        is_named_differently=is_other_file and _names_another(upload, study),
        left_out=was_there and replace(upload.entered, correction="", received_from="") != NOTHING_ENTERED,
        refusal=refusal,
    )


def _is_of(study: Study, reference: str) -> bool:
    """Whether it is the reference of the study's patient, or of one who was merged into that patient."""
    known = [study.patient, *study.patient.all_merged()] if study.patient else []
    return normalised(reference) in {normalised(patient.reference) for patient in known}


def _names_another(upload: Upload, study: Study) -> bool:
    return bool(study.patient and differences(upload.patient_in_file, registered_details(study.patient)))


def _refuse_what_only_a_colleague_sees(user: User, study: Study) -> None:
    """Where radiographers see their own studies only (RADIOGRAPHERS_SEE), a colleague's answer is not handed out."""
    if not Study.objects.visible_to(user).filter(pk=study.pk).exists():
        raise StoredByColleague(
            _("A colleague has uploaded this radiograph. You only see your own: ask your colleague.")
        )


def _known_outcome(upload: Upload, study: Study, classifier: Classifier) -> UploadOutcome | None:
    """What the served model answered about this very radiograph before."""
    diagnosis = Diagnosis.objects.filter(
        study=study,
        model_version__version=classifier.model_version,
        model_version__weights_sha256=classifier.weights_sha256,
    ).first()
    return _outcome(upload, study, diagnosis, is_repeat=True) if diagnosis else None


@transaction.atomic
def refusal_add(*, user: User, error: RadiographRejected) -> Refusal:
    """Count one upload of the person that was refused for its content."""
    reason = error.code[:REASON_LENGTH]
    refusal = Refusal.objects.create(institution=user.institution, user=user, reason=reason)
    REFUSALS.labels(reason).inc()
    record(Action.UPLOAD_REFUSED, actor=user, detail={"reason": reason})
    return refusal
