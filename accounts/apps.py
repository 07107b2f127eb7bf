"""The accounts application."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts.audit_records import sign_in_record, sign_out_record
        from accounts.sessions import start_clock
        from accounts.typed import typed_of_person_only

        user_logged_in.connect(start_clock, dispatch_uid="accounts.sessions.start_clock")
        user_logged_in.connect(typed_of_person_only, dispatch_uid="accounts.typed.typed_of_person_only")
        user_logged_in.connect(sign_in_record, dispatch_uid="accounts.audit_records.sign_in_record")
        user_logged_out.connect(sign_out_record, dispatch_uid="accounts.audit_records.sign_out_record")
