"""The PACS application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PacsConfig(AppConfig):
    name = "pacs"
    verbose_name = _("PACS")

    def ready(self) -> None:
        from diagnosis.privacy.keepers import KEEPERS
        from pacs.privacy import Ledger

        KEEPERS.append(Ledger())
