"""One upload as rows: study, model version, diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from audit.models import Action
from audit.services import held_back, record
from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.files.storing import study_files
from diagnosis.findings import CLASS_NAMES, COVID_INDEX, Appearance
from diagnosis.history.recording import study_note
from diagnosis.imaging.radiograph import Radiograph
from diagnosis.imaging.rendering import heat_map_to_png
from diagnosis.inference.classifier import Classification, Classifier
from diagnosis.inference.gate.learned import DISTANCE
from diagnosis.models import Diagnosis, ModelFinding, ModelVersion, OperatingPoint, Standing, Study, StudyEvent
from diagnosis.models.locking import locked, locked_version
from diagnosis.models.words import study_words_write
from diagnosis.patients.matching import patient_of_upload
from diagnosis.uploads.copies import copies_of, redrawn
from diagnosis.uploads.upload import Upload

CONTRADICTION = "instance-contradiction"
"""The refusal of a file that bears the number of a stored radiograph, and is another."""


def known_study(upload: Upload) -> Study | None:
    """The study of this radiograph in the person's institution: of this file, this instance or this very picture.

    An archive rewrites a file's header on the way, and the radiograph stays the same. Raises RadiographRejected where
    the instance is there with another picture.
    """
    studies = Study.objects.filter(institution=upload.user.institution_id).select_related("patient")
    radiograph = upload.radiograph
    if same_file := studies.filter(sha256=radiograph.sha256).first():
        return same_file
    uid = radiograph.sop_instance_uid
    instance = studies.filter(sop_instance_uid=uid).first() if uid else None
    if instance and not _is_same_picture(instance, radiograph):
        raise RadiographRejected(
            gettext_noop(
                "The DICOM file has the SOP Instance UID of a radiograph that is stored already, but another picture. "
                "One of the two was changed: ask whoever exported it."
            ),
            code=CONTRADICTION,
        )
    return instance or studies.filter(pixels_sha256=radiograph.pixels_sha256).first()


def _is_same_picture(instance: Study, radiograph: Radiograph) -> bool:
    """As shown, or as stored: an archive may have changed the window."""
    if instance.pixels_sha256 in (None, radiograph.pixels_sha256):
        return True
    return instance.decoded_sha256 == radiograph.decoded_sha256 != ""


def store(upload: Upload, classifier: Classifier, answer: Classification) -> Diagnosis:
    """Raises Erased where the study, or the patient that it would belong to, is erased at this moment."""
    if known := known_study(upload):
        with _known(upload, known) as study:
            return _diagnosis_row(upload.user, study, classifier, answer)
    with _stored(upload, _new_study(upload)) as study:
        return _diagnosis_row(upload.user, study, classifier, answer)


def store_unanswered(upload: Upload, refusal: RadiographRejected) -> Study:
    """Store a radiograph that the model refused, without an answer, with the reason. Raises Erased."""
    study = _new_study(upload)
    study.unanswered, study.refusal = timezone.now(), refusal.as_stored()
    study.projection = study.projection or _other_projection(upload.radiograph)
    with _stored(upload, study, refusal=refusal.code):
        return study


@contextmanager
def _stored(upload: Upload, study: Study, **detail: str) -> Iterator[Study]:
    """A new study with its files and its patient, in a transaction that the block belongs to."""
    with study_files(study, original=upload.content, **copies_of(upload.radiograph.pixels)), held_back():
        study.patient = patient_of_upload(user=upload.user, entered=upload.entered.patient, file=upload.patient_in_file)
        study.save()
        study_words_write([study])
        if study.correction:
            detail["correction"] = study.correction
        study_note(study=study, actor=upload.user, kind=StudyEvent.Kind.UPLOADED, detail=detail)
        yield study


@contextmanager
def _known(upload: Upload, known: Study) -> Iterator[Study]:
    """A study that is there, locked: it may be voided at this moment. Without an answer until now, it gets one."""
    is_redrawn = known.unanswered is not None and known.correction != upload.entered.correction
    with redrawn(upload, known) if is_redrawn else _locked(known) as study:
        if study.correction != upload.entered.correction:
            raise IntegrityError("the study got other copies in the meantime")
        if study.unanswered:
            study.unanswered, study.refusal = None, None
            study.save(update_fields=["unanswered", "refusal"])
        yield study


@contextmanager
def _locked(known: Study) -> Iterator[Study]:
    with transaction.atomic(), held_back():
        yield locked(known)


def _new_study(upload: Upload) -> Study:
    radiograph = upload.radiograph
    height, width = radiograph.pixels.shape
    return Study(
        institution=upload.user.institution,
        uploaded_by=upload.user,
        file_name=upload.file_name,
        format=radiograph.format,
        sha256=radiograph.sha256,
        sop_instance_uid=radiograph.sop_instance_uid or None,
        pixels_sha256=radiograph.pixels_sha256,
        decoded_sha256=radiograph.decoded_sha256,
        reading_notes=[note.value for note in radiograph.notes],
        size=len(upload.content),
        width=width,
        height=height,
        dicom=asdict(radiograph.dicom) if radiograph.dicom else None,
        study_date=(radiograph.dicom.study_date if radiograph.dicom else None) or upload.entered.study_date,
        projection=_projection(radiograph) or upload.entered.projection,
        notes=upload.entered.notes,
        correction=upload.entered.correction,
        received_from=upload.entered.received_from,
    )


def _projection(radiograph: Radiograph) -> str:
    """The projection that the DICOM file names (View Position), or nothing."""
    view = radiograph.dicom.view_position if radiograph.dicom else ""
    return view if view in (Study.Projection.PA, Study.Projection.AP) else ""


def _other_projection(radiograph: Radiograph) -> str:
    """Lateral where the file names that: only a radiograph without an answer has such a view."""
    return Study.Projection.LATERAL if radiograph.view.other_view == Study.Projection.LATERAL else ""


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


def _what_was_seen(answer: Classification) -> dict[str, Any]:
    """Columns of a version that looks at picture quality, lungs and opacities; nothing of another."""
    seen: dict[str, Any] = {}
    if answer.quality:
        codes = [*filter(None, [answer.quality.code]), *answer.quality.warnings]
        seen |= {"quality": answer.quality.verdict.value, "quality_codes": codes}
        seen["gate_distance"] = answer.quality.scores.get(DISTANCE)
    if answer.lungs:
        outlines = [[[round(x, 4), round(y, 4)] for x, y in outline] for outline in answer.lungs.outlines]
        seen |= {"lungs": outlines, "heat_in_lungs": answer.lungs.heat_inside}
    if answer.opacities:
        seen |= {"opacities": answer.opacities.answer.value, "opacity_probability": answer.opacities.probability}
        seen["opacity_map"] = heat_map_to_png(answer.opacities.map)
    if answer.findings:
        seen["appearance"] = _most_probable(answer)
    return seen


def _most_probable(answer: Classification) -> str:
    """The appearance; of a version with classes of its own the class, of which the leading one is the answer's."""
    found = {finding.name: finding.probability for finding in answer.findings}
    if not found.keys() <= set(Appearance):
        found[CLASS_NAMES[COVID_INDEX]] = answer.probability
    return max(found, key=found.__getitem__)


def _finding_rows(diagnosis: Diagnosis, answer: Classification) -> None:
    rows = (
        ModelFinding(diagnosis=diagnosis, name=finding.name, probability=finding.probability)
        for finding in answer.findings
    )
    ModelFinding.objects.bulk_create(rows)


def _diagnosis_row(user: User, study: Study, classifier: Classifier, answer: Classification) -> Diagnosis:
    """Decided by the operating point that is in force now: no one changes it before the answer is stored."""
    model = locked_version(_model_version_of(classifier))
    site_point = OperatingPoint.objects.in_force(model)
    if site_point:
        answer = answer.decided_by(classifier.artifact.decision.rule.moved_to(site_point.value))
    diagnosis = Diagnosis.objects.create(
        study=study,
        standing=Standing.VOIDED if study.voided else Standing.KEPT,
        model_version=model,
        site_point=site_point,
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
        **_what_was_seen(answer),
    )
    _finding_rows(diagnosis, answer)
    detail = {"result": diagnosis.uuid, "model": diagnosis.model_version.version}
    study_note(study=study, actor=user, kind=StudyEvent.Kind.CLASSIFIED, detail=detail)
    return diagnosis
