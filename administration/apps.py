"""The project as an application of Django's, and the administration site, which has no sign-in page of its own."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SiteConfig(AppConfig):
    """Brings the checks of a configuration and the commands of the whole site."""

    name = "covidxray"

    def ready(self) -> None:
        from operations import checks  # noqa: F401


class AdministrationConfig(AdminConfig):
    default_site = "administration.site.AdministrationSite"
