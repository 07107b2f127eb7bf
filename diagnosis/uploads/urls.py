"""The upload page and the upload history, under `upload/`."""

from django.urls import path

from diagnosis.uploads import views

urlpatterns = [
    path("", views.upload, name="upload"),
    path("history/", views.history, name="uploads"),
    path("<uuid:uuid>/", views.held, name="upload-held"),
]
