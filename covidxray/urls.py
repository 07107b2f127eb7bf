"""The addresses of the site. Uploaded files have none: only views that check permission hand them out."""

from django.contrib import admin
from django.urls import include, path

from covidxray.views import healthz, readyz

handler400 = "covidxray.views.bad_request"
handler403 = "covidxray.views.refused"
handler404 = "covidxray.views.not_found"
handler500 = "covidxray.views.server_error"

urlpatterns = [
    path("", include("diagnosis.urls")),
    path("models/", include("diagnosis.model_urls")),
    path("accounts/", include("accounts.urls")),
    path("api/", include("diagnosis.api.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
