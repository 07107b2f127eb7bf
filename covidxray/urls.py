"""The addresses of the site. Uploaded files have none: only views that check permission hand them out."""

from django.contrib import admin
from django.urls import include, path

from operations.health import healthz, readyz
from operations.metrics.views import metrics
from operations.views import site_page

handler400 = "covidxray.error_pages.bad_request"
handler403 = "covidxray.error_pages.refused"
handler404 = "covidxray.error_pages.not_found"
handler500 = "covidxray.error_pages.server_error"

urlpatterns = [
    path("", include("diagnosis.urls")),
    path("models/", include("diagnosis.model_cards.urls")),
    path("pacs/", include("pacs.urls")),
    path("reader-studies/", include("reader_studies.urls")),
    path("jobs/", include("jobs.urls")),
    path("accounts/", include("accounts.urls")),
    path("api/", include("api.urls")),
    path("admin/site/", admin.site.admin_view(site_page), name="site"),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
