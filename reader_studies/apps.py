"""The application of reader studies."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReaderStudiesConfig(AppConfig):
    name = "reader_studies"
    verbose_name = _("Reader studies")
