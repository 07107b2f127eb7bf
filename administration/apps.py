"""Django's administration, with the site's own sign-in page in front of it."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    default_site = "administration.site.AdministrationSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib.admin import FieldListFilter

        from administration.filters import NamedValues, is_text_without_choices

        FieldListFilter.register(is_text_without_choices, NamedValues, take_priority=True)
