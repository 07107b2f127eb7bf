"""Django's administration, with the site's own sign-in page in front of it."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    default_site = "administration.site.AdministrationSite"
