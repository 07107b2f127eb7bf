"""Folders of stored files: a disk keeps one until it is deleted, a bucket (S3) has none."""

from django.core.files.storage import default_storage


def folder_delete(folder: str) -> None:
    """Delete a folder that is empty. Raises OSError where it is not."""
    if getattr(default_storage, "has_folders", True):
        default_storage.delete(folder)
