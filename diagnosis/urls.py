"""The addresses of the radiographer's pages, room by room. Each names a row by its UUID."""

from django.urls import include, path

app_name = "diagnosis"

urlpatterns = [
    path("", include("diagnosis.home.urls")),
    path("upload/", include("diagnosis.uploads.urls")),
    path("results/", include("diagnosis.results.urls")),
    path("patients/", include("diagnosis.patients.urls")),
    path("studies/", include("diagnosis.studies.urls")),
    path("studies/", include("diagnosis.files.urls")),
    path("", include("diagnosis.reports.urls")),
    path("statistics/", include("diagnosis.statistics.urls")),
]
