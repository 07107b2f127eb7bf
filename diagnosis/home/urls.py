"""The first page."""

from django.urls import path

from diagnosis.home import views

urlpatterns = [
    path("", views.home, name="home"),
]
