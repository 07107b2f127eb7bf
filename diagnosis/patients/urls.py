"""Patients, under `patients/`."""

from django.urls import path

from diagnosis.patients import views

urlpatterns = [
    path("", views.patients, name="patients"),
    path("suggestions.json", views.patient_suggestions, name="patient-suggestions"),
    path("<uuid:uuid>/", views.patient, name="patient"),
    path("<uuid:uuid>/edit/", views.patient_edit, name="patient-edit"),
]
