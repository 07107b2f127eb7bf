"""What a reader study refuses, in one sentence for the person."""

from diagnosis.errors import DiagnosisError


class StudyRefused(DiagnosisError):
    """A step that this reader study cannot take, or not yet."""
