"""A study without an answer, the list of those, and what may be changed about a study, under `studies/`."""

from django.urls import path

from diagnosis.studies import views

urlpatterns = [
    path("without-answer/", views.unanswered, name="unanswered"),
    path("<uuid:uuid>/", views.study, name="study"),
    path("<uuid:uuid>/edit/", views.edit, name="study-edit"),
    path("<uuid:uuid>/move/", views.move, name="study-move"),
    path("<uuid:uuid>/void/", views.void, name="study-void"),
    path("<uuid:uuid>/restore/", views.restore, name="study-restore"),
]
