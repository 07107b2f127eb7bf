"""The addresses of reader studies."""

from django.urls import path

from reader_studies import pictures, reading_views, results_views, views

app_name = "reader_studies"

urlpatterns = [
    path("", views.listed, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:uuid>/", views.study, name="study"),
    path("<uuid:uuid>/cases/", views.cases, name="cases"),
    path("<uuid:uuid>/readers/", views.readers, name="readers"),
    path("<uuid:uuid>/open/", views.open_, name="open"),
    path("<uuid:uuid>/close/", views.close, name="close"),
    path("<uuid:uuid>/delete/", views.delete, name="delete"),
    path("<uuid:uuid>/join/", reading_views.join, name="join"),
    path("<uuid:uuid>/leave/", reading_views.leave, name="leave"),
    path("<uuid:uuid>/read/", reading_views.read, name="read"),
    path("<uuid:uuid>/results/", results_views.results, name="results"),
    path("<uuid:uuid>/results.csv", results_views.results_file, name="results-file"),
    path("readings/<uuid:uuid>/display", pictures.display, name="display"),
    path("readings/<uuid:uuid>/full", pictures.full, name="full"),
    path("readings/<uuid:uuid>/samples", pictures.samples, name="samples"),
    path("readings/<uuid:uuid>/heat-map", pictures.heat_map, name="heat-map"),
    path("readings/<uuid:uuid>/opacity-map", pictures.opacity_map, name="opacity-map"),
]
