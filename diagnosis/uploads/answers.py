"""What became of each upload (stored, a duplicate, refused): the words, and the status such as 409 or 413."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import BinaryIO, cast
from urllib.parse import urlencode
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from diagnosis.errors import CorrectableRadiograph, DiagnosisError, ModelBusy, ModelUnavailable, RadiographRejected
from diagnosis.imaging.archives import is_zip, members
from diagnosis.imaging.limits import refuse_size
from diagnosis.models import Diagnosis, Study, UploadRecord
from diagnosis.patients.mix_ups import mix_ups
from diagnosis.reviews.blinding import is_hidden
from diagnosis.uploads.entered import EnteredDetails
from diagnosis.uploads.file_names import shown_file_name
from diagnosis.uploads.history import Noted, entered_of, upload_note, upload_renote
from diagnosis.uploads.services import UploadOutcome, can_be_stored, diagnosis_create, refusal_add
from diagnosis.wording.answers import covid_probability_of
from diagnosis.wording.errors import error_text


class UploadState(StrEnum):
    DONE = "done"
    REPEAT = "repeat"
    VOIDED = "voided"
    STORED = "stored"
    """Without an answer."""
    REFUSED = "refused"


@dataclass(frozen=True)
class UploadAnswer:
    """What a person is told of one file: its result, or the reason why it has none."""

    file_name: str
    state: UploadState
    status: HTTPStatus
    text: str = ""
    study: Study | None = None
    diagnosis: Diagnosis | None = None
    """None with a study: that is stored without an answer."""
    is_hidden: bool = False
    """The person reads blind and has not read this radiograph: the answer must not be told."""
    retry_after: int | None = None
    """Seconds after which the same file may be sent again: the server was too busy for it."""
    code: str = ""
    """Of a refusal, for a program."""
    correction: str = ""
    """Turned or inverted like this, the same file can be assessed."""
    can_be_stored: bool = False
    """The refused file can be stored without an answer."""
    held: UUID | None = None
    """The line of the upload history that holds the refused file for one more click."""
    assign_to: str = ""
    """The reference that was entered for a radiograph which is stored without a patient."""

    @property
    def address(self) -> str:
        """The page of its result, or of the study without one; "" where it has neither."""
        if self.diagnosis:
            return self.diagnosis.get_absolute_url()
        return self.study.get_absolute_url() if self.study else ""

    @property
    def assign(self) -> str:
        """The page that gives the study, which has no patient, to the one whose reference was entered."""
        if not (self.study and self.assign_to):
            return ""
        query = urlencode({"reference": self.assign_to})
        return f"{reverse('diagnosis:study-move', args=[self.study.uuid])}?{query}"

    @property
    def correction_label(self) -> str:
        return str(Study.Correction(self.correction).label) if self.correction else ""

    def as_dict(self) -> dict[str, str]:
        """For a script. Nothing of an answer that is hidden."""
        found = {"state": self.state.value, "text": self.text}
        if self.correction:
            found |= {"correction": self.correction, "correction_label": self.correction_label}
        if self.held and self.can_be_stored:
            found["store"] = reverse("diagnosis:upload-held", args=[self.held])
        if self.address:
            found["result"] = self.address
        if self.assign:
            found["assign"] = self.assign
        if self.diagnosis is None or self.is_hidden or self.state == UploadState.VOIDED:
            return found
        return found | {
            "prediction": self.diagnosis.prediction,
            "label": self.diagnosis.get_prediction_display(),
            "probability": covid_probability_of(self.diagnosis),
        }


@dataclass(frozen=True)
class _Asked:
    """What is asked of an upload: who, what was entered, and what becomes of a picture that the model refuses."""

    user: User
    entered: EnteredDetails
    without_answer: bool
    """It is stored without an answer."""
    holds: bool
    """It waits a while for a click that stores it."""


def upload_answers(
    *, user: User, file: UploadedFile, entered: EnteredDetails, without_answer: bool = False, holds: bool = False
) -> Iterator[UploadAnswer]:
    """The answer for a file, or, one after another, the answers for all files that a ZIP holds.

    Each is noted in the person's upload history. A picture that the model refuses is stored `without_answer`, or held
    for a while (`holds`), or forgotten. A server that is too busy for one of them is too busy for the rest: the whole
    ZIP may be sent again.
    """
    asked = _Asked(user, entered, without_answer, holds)
    start = file.read(4)
    file.seek(0)
    name = shown_file_name(file.name or "")
    try:
        refuse_size(file.size or 0)
    except RadiographRejected as error:
        if is_zip(start):
            refusal_add(user=user, error=error)
        yield _refused(asked, name, error)
        return
    if is_zip(start):
        yield from _member_answers(asked, name, file)
    else:
        yield _content_answer(asked, name, file.read)


def _member_answers(asked: _Asked, name: str, file: UploadedFile) -> Iterator[UploadAnswer]:
    try:
        for member in members(cast(BinaryIO, file)):
            answer = _content_answer(asked, f"{name}: {shown_file_name(member.name)}", member.read)
            yield answer
            if answer.retry_after:
                return
    except RadiographRejected as error:
        refusal_add(user=asked.user, error=error)
        yield _refused(asked, name, error)


def _content_answer(asked: _Asked, name: str, read: Callable[[], bytes]) -> UploadAnswer:
    """Classify and store one file. A refusal is part of the answer and no exception.

    Raises only what the database or the storage raises.
    """
    try:
        content = read()
    except RadiographRejected as error:
        refusal_add(user=asked.user, error=error)
        return _refused(asked, name, error)
    try:
        outcome = diagnosis_create(
            user=asked.user,
            content=content,
            file_name=name,
            entered=asked.entered,
            without_answer=asked.without_answer,
        )
    except DiagnosisError as error:
        return _refused(asked, name, error, content)
    answer = outcome_answer(asked.user, name, outcome)
    upload_note(Noted(asked.user, name, answer.state.value, outcome.study, outcome.refusal))
    return answer


def _refused(asked: _Asked, name: str, error: DiagnosisError, content: bytes | None = None) -> UploadAnswer:
    answer = error_answer(name, error)
    if answer.retry_after:
        return answer  # it is sent again
    held = content if asked.holds and (answer.can_be_stored or answer.correction) else None
    record = upload_note(Noted(asked.user, name, answer.state.value, None, error, asked.entered, held))
    return replace(answer, held=record.uuid if record and record.is_held else None)


def held_answer(*, record: UploadRecord, correction: str = "") -> UploadAnswer:
    """A refused file that is held: turned or inverted and classified, or else stored without an answer.

    Raises FileNotFoundError where the storage has lost it, and what the database or the storage raises.
    """
    entered = entered_of(record)
    with record.held.open("rb") as file:
        content = file.read()
    try:
        outcome = diagnosis_create(
            user=record.user,
            content=content,
            file_name=record.file_name,
            entered=replace(entered, correction=correction) if correction else entered,
            without_answer=not correction,
            is_counted=False,
        )
    except DiagnosisError as error:
        return replace(error_answer(record.file_name, error), held=record.uuid)
    answer = outcome_answer(record.user, record.file_name, outcome)
    upload_renote(record, state=answer.state.value, study=outcome.study)
    return answer


def error_answer(file_name: str, error: DiagnosisError) -> UploadAnswer:
    """What a person is told of a file that was refused."""
    retry_after = error.retry_after if isinstance(error, ModelBusy) else None
    correction = error.correction if isinstance(error, CorrectableRadiograph) else ""
    return UploadAnswer(
        file_name,
        UploadState.REFUSED,
        _status_of(error),
        error_text(error),
        retry_after=retry_after,
        code=error.code,
        correction=correction,
        can_be_stored=can_be_stored(error.code),
    )


def _status_of(error: DiagnosisError) -> HTTPStatus:
    if isinstance(error, ModelUnavailable | ModelBusy):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if error.code == "too-large" else HTTPStatus.UNPROCESSABLE_ENTITY


def outcome_answer(user: User, file_name: str, outcome: UploadOutcome) -> UploadAnswer:
    """What a person is told of a file that has a study."""
    state, status = UploadState.DONE, HTTPStatus.CREATED
    if outcome.newest is None:
        state, status = UploadState.STORED, HTTPStatus.OK if outcome.is_repeat else HTTPStatus.CREATED
    elif outcome.is_repeat:
        state, status = UploadState.REPEAT, HTTPStatus.OK
    if outcome.is_voided:
        state, status = UploadState.VOIDED, HTTPStatus.CONFLICT
    hidden = outcome.newest is not None and is_hidden(user, outcome.newest)
    sentences = [*_sentences(outcome), *([_("Read it first: you have chosen to read blind.")] if hidden else [])]
    code = outcome.refusal.code if outcome.refusal else ""
    answer = UploadAnswer(
        file_name, state, status, " ".join(sentences), outcome.study, outcome.newest, hidden, code=code
    )
    return replace(answer, assign_to=outcome.assign_to)


def _sentences(outcome: UploadOutcome) -> list[str]:
    sentences = []
    if outcome.is_voided:
        sentences.append(
            _("This file was uploaded before and voided, so it was not classified. Restore it if that was a mistake.")
        )
    elif outcome.newest is None:
        sentences.append(_without_answer(outcome))
    elif outcome.is_repeat and outcome.is_other_file:
        sentences.append(
            _("This radiograph was uploaded and classified before, from another file. This is its result.")
        )
    elif outcome.is_repeat:
        sentences.append(_("This file was uploaded and classified before. This is its result."))
    if outcome.refusal and outcome.newest:
        sentences.append(
            _("The model that answers now refuses it as it is stored:") + f" {error_text(outcome.refusal)}"
        )
    if outcome.is_named_differently:
        sentences.append(
            _("This file names a different patient from the one the radiograph is stored with. Check whose it is.")
        )
    if outcome.assign_to:
        sentences.append(
            _("It was stored without a patient. You can assign it to the patient whose reference you entered.")
        )
    elif outcome.is_other_patients:
        sentences.append(
            _(
                "It belongs to a different patient from the one you entered. Check whose it is, and move "
                "it if that is wrong."
            )
        )
    elif outcome.left_out:
        sentences.append(_("What you entered was not stored with it. You can change it on its page."))
    if mix_ups(outcome.study):
        sentences.append(_("The file itself names this patient differently. Check whose radiograph this is."))
    return sentences


def _without_answer(outcome: UploadOutcome) -> str:
    said = error_text(outcome.refusal) if outcome.refusal else ""
    if outcome.is_repeat:
        return _("This radiograph was stored before, without an answer.") + f" {said}"
    return _("Stored without an answer.") + f" {said}"
