"""The addresses of patients, and of what may be changed about a study."""

from django.urls import path

from diagnosis.patients import views as patient_views
from diagnosis.studies import views as study_views

urlpatterns = [
    path("patients/", patient_views.patients, name="patients"),
    path("patients/suggestions.json", patient_views.patient_suggestions, name="patient-suggestions"),
    path("patients/<uuid:uuid>/", patient_views.patient, name="patient"),
    path("patients/<uuid:uuid>/edit/", patient_views.patient_edit, name="patient-edit"),
    path("studies/<uuid:uuid>/edit/", study_views.edit, name="study-edit"),
    path("studies/<uuid:uuid>/move/", study_views.move, name="study-move"),
    path("studies/<uuid:uuid>/void/", study_views.void, name="study-void"),
    path("studies/<uuid:uuid>/restore/", study_views.restore, name="study-restore"),
]
