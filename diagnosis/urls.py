"""The addresses of the radiographer's pages. Each names a row by its UUID."""

from django.urls import include, path

from diagnosis.files import views as image_views
from diagnosis.results import list_views, views
from diagnosis.uploads import views as upload_views

app_name = "diagnosis"

urlpatterns = [
    path("", views.home, name="home"),
    path("upload/", upload_views.upload, name="upload"),
    path("results/", list_views.results, name="results"),
    path("results/export.csv", list_views.export, name="results-export"),
    path("results/<uuid:uuid>/", views.result, name="result"),
    path("results/<uuid:uuid>/heat-map.png", views.heat_map, name="heat-map"),
    path("", include("diagnosis.patients.urls")),
    path("", include("diagnosis.results.urls")),
    path("", include("diagnosis.reports.urls")),
    path("statistics/", include("diagnosis.statistics.urls")),
    path("studies/<uuid:uuid>/display.jpg", image_views.display, name="display"),
    path("studies/<uuid:uuid>/full.jpg", image_views.full, name="full"),
    path("studies/<uuid:uuid>/thumbnail.jpg", image_views.thumbnail, name="thumbnail"),
    path("studies/<uuid:uuid>/original", image_views.original, name="original"),
]
