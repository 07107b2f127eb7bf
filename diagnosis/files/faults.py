"""StorageFault: the storage of radiographs and reports (S3) refused, is full, too busy, or does not answer."""


class StorageFault(OSError):
    """As a disk's error, so that whoever expects one meets nothing new: `errno` is for programs.

    `strerror` is a sentence without its full stop. It names the bucket, never a file, a person or a key.
    """
