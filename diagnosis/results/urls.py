"""The addresses of what people add to a result, part of `diagnosis.urls`."""

from django.urls import path

from diagnosis.results import review_views as views

urlpatterns = [
    path("results/<uuid:uuid>/reading/", views.reading, name="reading"),
    path("results/<uuid:uuid>/review/", views.review, name="review"),
    path("results/<uuid:uuid>/outcome/", views.outcome, name="outcome"),
]
