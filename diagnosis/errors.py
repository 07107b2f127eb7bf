"""Typed errors of the diagnosis pipeline, one per stage.

`str(error)` is one clear sentence for the person in front of the screen; `error.code` is a short slug for logs,
counters and tests. Neither ever says anything about the patient.
"""


class DiagnosisError(Exception):
    """Something stands between a file and its diagnosis, and the message says what."""

    default_code = "diagnosis-error"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code


class RadiographRejected(DiagnosisError):
    """This file cannot be assessed, and why."""

    default_code = "rejected"


class ModelUnavailable(DiagnosisError):
    """No model can answer: none is chosen, it is not built, or its files are damaged."""

    default_code = "model-unavailable"


class ContractMismatch(ModelUnavailable):
    """The model was built for another class order, input size or preprocessing."""

    default_code = "contract-mismatch"
