"""The audit application."""

from django.apps import AppConfig
from django.core.signals import request_finished
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from audit.requests import forget_request

        request_finished.connect(forget_request, dispatch_uid="audit.requests.forget_request")
