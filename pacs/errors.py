"""ArchiveFault: why an archive did not give what it was asked for, in one sentence."""

from diagnosis.errors import DiagnosisError


class ArchiveFault(DiagnosisError):
    """The archive did not answer, or answered what is of no use. It may answer later."""

    default_code = "archive-fault"


class NotInArchive(ArchiveFault):
    """The archive says that it does not have it."""

    default_code = "not-in-archive"
