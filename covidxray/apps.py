"""The administration site, which has no sign-in page of its own."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    default_site = "covidxray.administration.AdministrationSite"
