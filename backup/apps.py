"""The backup application: two commands and no tables of its own."""

from django.apps import AppConfig


class BackupConfig(AppConfig):
    name = "backup"
