"""The list of results, a result, and what people add to it, under `results/`."""

from django.urls import path

from diagnosis.results import list_views, review_views, views

urlpatterns = [
    path("", list_views.results, name="results"),
    path("export.csv", list_views.export, name="results-export"),
    path("<uuid:uuid>/", views.result, name="result"),
    path("<uuid:uuid>/heat-map.png", views.heat_map, name="heat-map"),
    path("<uuid:uuid>/opacity-map.png", views.opacity_map, name="opacity-map"),
    path("<uuid:uuid>/reading/", review_views.reading, name="reading"),
    path("<uuid:uuid>/review/", review_views.review, name="review"),
    path("<uuid:uuid>/outcome/", review_views.outcome, name="outcome"),
]
