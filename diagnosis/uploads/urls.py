"""The upload page, under `upload/`."""

from django.urls import path

from diagnosis.uploads import views

urlpatterns = [
    path("", views.upload, name="upload"),
]
