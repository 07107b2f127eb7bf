"""The first page, and the worklist."""

from django.urls import path

from diagnosis.home import views
from diagnosis.worklist.views import next_unreviewed

urlpatterns = [
    path("", views.home, name="home"),
    path("worklist/", views.worklist, name="worklist"),
    path("worklist/next/", next_unreviewed, name="worklist-next"),
]
