"""What can be wrong, as one sentence for the person who runs a command."""


class BackupFailed(Exception):
    """No backup was made, and nothing was left behind."""


class ErasedMeanwhile(BackupFailed):
    """Something was erased after the rows were read: an archive must not bring it back."""


class ArchiveRefused(Exception):
    """The file is no archive of ours, or not the one that was written, or not one for this program."""


class RestoreRefused(Exception):
    """The archive is right and this installation cannot take it."""
