"""ArchiveFault: why an archive did not give what it was asked for, in one sentence."""

from diagnosis.errors import DiagnosisError, gettext_noop


class ArchiveFault(DiagnosisError):
    """The archive did not answer, or answered what is of no use. It may answer later."""

    default_code = "archive-fault"


class NotInArchive(ArchiveFault):
    """The archive says that it does not have it."""

    default_code = "not-in-archive"


def archive_away() -> ArchiveFault:
    """Nothing answers there, or it hangs up."""
    return ArchiveFault(gettext_noop("The archive does not answer."), code="archive-away")
