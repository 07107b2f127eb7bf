"""The pictures and the file of a study, under `studies/`."""

from django.urls import path

from diagnosis.files import views

urlpatterns = [
    path("<uuid:uuid>/display.jpg", views.display, name="display"),
    path("<uuid:uuid>/full.jpg", views.full, name="full"),
    path("<uuid:uuid>/thumbnail.jpg", views.thumbnail, name="thumbnail"),
    path("<uuid:uuid>/samples", views.samples, name="samples"),
    path("<uuid:uuid>/original", views.original, name="original"),
]
