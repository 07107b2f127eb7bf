"""Typed errors of the diagnosis pipeline, one per stage.

`str(error)` is one clear sentence for the person in front of the screen; `error.code` is a short slug for logs,
counters and tests. Neither ever says anything about the patient.

`str(error)` is in English, for logs; a page shows `wording.error_text(error)`, in the person's language.
"""

from typing import Any


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translation where Django must not be imported: `makemessages` looks for this name."""
    return sentence


class DiagnosisError(Exception):
    """Why a file gets no diagnosis: the message says it in one sentence."""

    default_code = "diagnosis-error"

    def __init__(self, message: str, code: str | None = None, **values: object) -> None:
        """`values` fill in the `%(name)s` of the message; without any, a per cent sign is only that."""
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values
        self.code = code or self.default_code

    def as_stored(self) -> dict[str, Any]:
        """For a row, as JSON: `wording.errors.stored_text` makes a sentence of it in any language."""
        return {"code": self.code, "message": self.message, "values": self.values}


class RadiographRejected(DiagnosisError):
    """This file cannot be assessed, and why."""

    default_code = "rejected"
    reference = ""
    """The patient's reference that the file bears, where it could be read."""


class CorrectableRadiograph(RadiographRejected):
    """Refused as it is; once it is turned or inverted it can be assessed (see imaging/corrections.py)."""

    def __init__(self, message: str, *, code: str, correction: str) -> None:
        super().__init__(message, code=code)
        self.correction = correction

    def as_stored(self) -> dict[str, Any]:
        return super().as_stored() | {"correction": self.correction}


class ModelUnavailable(DiagnosisError):
    """No model can answer: none is chosen, it is not built, or its files are damaged."""

    default_code = "model-unavailable"


class ModelBusy(DiagnosisError):
    """Too many radiographs are being classified: come again in `retry_after` seconds."""

    default_code = "busy"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ContractMismatch(ModelUnavailable):
    """The model was built for another class order, input size or preprocessing."""

    default_code = "contract-mismatch"
