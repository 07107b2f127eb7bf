"""What became of each upload (stored, a duplicate, refused): the words, and the status such as 409 or 413."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.models import User
from diagnosis.errors import CorrectableRadiograph, DiagnosisError, ModelBusy, ModelUnavailable, RadiographRejected
from diagnosis.imaging.archives import is_zip, members
from diagnosis.imaging.limits import refuse_size
from diagnosis.models import Diagnosis, Study
from diagnosis.patients.mix_ups import mix_ups
from diagnosis.reviews.blinding import is_hidden
from diagnosis.uploads.entered import EnteredDetails
from diagnosis.uploads.file_names import shown_file_name
from diagnosis.uploads.services import DiagnosisOutcome, diagnosis_create, refusal_add
from diagnosis.wording.answers import covid_probability_of
from diagnosis.wording.errors import error_text


class UploadState(StrEnum):
    DONE = "done"
    REPEAT = "repeat"
    VOIDED = "voided"
    REFUSED = "refused"


@dataclass(frozen=True)
class UploadAnswer:
    """What a person is told of one file: its result, or the reason why it has none."""

    file_name: str
    state: UploadState
    status: HTTPStatus
    text: str = ""
    diagnosis: Diagnosis | None = None
    is_hidden: bool = False
    """The person reads blind and has not read this radiograph: the answer must not be told."""
    retry_after: int | None = None
    """Seconds after which the same file may be sent again: the server was too busy for it."""
    code: str = ""
    """Of a refusal, for a program."""
    correction: str = ""
    """Turned or inverted like this, the same file can be assessed."""

    def as_dict(self) -> dict[str, str]:
        """For a script. Nothing of an answer that is hidden."""
        found = {"state": self.state.value, "text": self.text}
        if self.correction:
            found |= {"correction": self.correction, "correction_label": str(Study.Correction(self.correction).label)}
        if self.diagnosis is None:
            return found
        found["result"] = self.diagnosis.get_absolute_url()
        if self.is_hidden or self.state == UploadState.VOIDED:
            return found
        return found | {
            "prediction": self.diagnosis.prediction,
            "label": self.diagnosis.get_prediction_display(),
            "probability": covid_probability_of(self.diagnosis),
        }


def upload_answers(*, user: User, file: UploadedFile, entered: EnteredDetails) -> Iterator[UploadAnswer]:
    """The answer for a file, or, one after another, the answers for all files that a ZIP holds.

    A server that is too busy for one of them is too busy for the rest: the whole ZIP may be sent again.
    """
    start = file.read(4)
    file.seek(0)
    if not is_zip(start):
        yield upload_answer(user=user, file=file, entered=entered)
        return
    name = shown_file_name(file.name or "")
    try:
        refuse_size(file.size or 0)
        for member in members(cast(BinaryIO, file)):
            answer = _content_answer(user, f"{name}: {shown_file_name(member.name)}", member.read, entered)
            yield answer
            if answer.retry_after:
                return
    except RadiographRejected as error:
        refusal_add(user=user, error=error)
        yield _error_answer(name, error)


def upload_answer(*, user: User, file: UploadedFile, entered: EnteredDetails) -> UploadAnswer:
    """Classify and store one file. A refusal is part of the answer and no exception.

    Raises only what the database or the storage raises.
    """
    name = shown_file_name(file.name or "")
    try:
        refuse_size(file.size or 0)
    except DiagnosisError as error:
        return _error_answer(name, error)
    return _content_answer(user, name, file.read, entered)


def _content_answer(user: User, name: str, read: Callable[[], bytes], entered: EnteredDetails) -> UploadAnswer:
    try:
        content = read()
    except RadiographRejected as error:
        refusal_add(user=user, error=error)
        return _error_answer(name, error)
    try:
        outcome = diagnosis_create(user=user, content=content, file_name=name, entered=entered)
    except DiagnosisError as error:
        return _error_answer(name, error)
    return _outcome_answer(user, name, outcome)


def _error_answer(file_name: str, error: DiagnosisError) -> UploadAnswer:
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
    )


def _status_of(error: DiagnosisError) -> HTTPStatus:
    if isinstance(error, ModelUnavailable | ModelBusy):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if error.code == "too-large" else HTTPStatus.UNPROCESSABLE_ENTITY


def _outcome_answer(user: User, file_name: str, outcome: DiagnosisOutcome) -> UploadAnswer:
    state, status = UploadState.DONE, HTTPStatus.CREATED
    if outcome.is_repeat:
        state, status = UploadState.REPEAT, HTTPStatus.OK
    if outcome.is_voided:
        state, status = UploadState.VOIDED, HTTPStatus.CONFLICT
    hidden = is_hidden(user, outcome.diagnosis)
    sentences = [*_sentences(outcome), *([_("Read it first: you have chosen to read blind.")] if hidden else [])]
    return UploadAnswer(file_name, state, status, " ".join(sentences), outcome.diagnosis, hidden)


def _sentences(outcome: DiagnosisOutcome) -> list[str]:
    sentences = []
    if outcome.is_voided:
        sentences.append(
            _("This file had been uploaded before and was voided: it was not classified. Restore it if that was wrong.")
        )
    elif outcome.is_repeat and outcome.is_other_file:
        sentences.append(
            _("This radiograph was uploaded and classified before, from another file. This is its result.")
        )
    elif outcome.is_repeat:
        sentences.append(_("This file had been uploaded and classified before. This is its result."))
    if outcome.is_named_differently:
        sentences.append(
            _("This file names another patient than the one the radiograph is stored with: check whose it is.")
        )
    if outcome.is_other_patients:
        sentences.append(
            _("It belongs to another patient than the one you entered. Check whose it is; move it if that is wrong.")
        )
    elif outcome.left_out:
        sentences.append(_("What you entered was not stored with it. You can change it on its page."))
    if mix_ups(outcome.diagnosis.study):
        sentences.append(_("The file itself names this patient differently. Check whose radiograph this is."))
    return sentences
