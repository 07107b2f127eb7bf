"""The addresses of the radiographer's pages. Each names a row by its UUID."""

from django.urls import include, path

from diagnosis import list_views, views

app_name = "diagnosis"

urlpatterns = [
    path("", views.home, name="home"),
    path("upload/", views.upload, name="upload"),
    path("results/", list_views.results, name="results"),
    path("results/export.csv", list_views.export, name="results-export"),
    path("results/<uuid:uuid>/", views.result, name="result"),
    path("results/<uuid:uuid>/heat-map.png", views.heat_map, name="heat-map"),
    path("", include("diagnosis.report_urls")),
    path("studies/<uuid:uuid>/display.jpg", views.display, name="display"),
    path("studies/<uuid:uuid>/thumbnail.jpg", views.thumbnail, name="thumbnail"),
    path("studies/<uuid:uuid>/original", views.original, name="original"),
]
