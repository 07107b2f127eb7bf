"""Patients, under `patients/`."""

from django.urls import path

from diagnosis.patients import merge_views, views

urlpatterns = [
    path("", views.patients, name="patients"),
    path("suggestions.json", views.patient_suggestions, name="patient-suggestions"),
    path("<uuid:uuid>/", views.patient, name="patient"),
    path("<uuid:uuid>/edit/", views.patient_edit, name="patient-edit"),
    path("<uuid:uuid>/merge/", merge_views.merge, name="patient-merge"),
    path("<uuid:uuid>/merges/<int:number>/undo/", merge_views.undo, name="patient-merge-undo"),
]
