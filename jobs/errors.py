"""SourceFault: why a job could not get a radiograph, or its list, in one sentence."""

from diagnosis.errors import DiagnosisError


class SourceFault(DiagnosisError):
    """Not there or not readable at this moment. Another attempt may be luckier."""

    default_code = "source-fault"


class JobRefused(DiagnosisError):
    """A job that cannot be started like this."""

    default_code = "job-refused"
