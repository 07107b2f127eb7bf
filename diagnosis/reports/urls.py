"""Reports of a result, and the public page that verifies one."""

from django.urls import path

from diagnosis.reports import views

urlpatterns = [
    path("results/<uuid:uuid>/report/", views.report_make, name="report-make"),
    path("reports/<uuid:uuid>/", views.report, name="report"),
    path("reports/<uuid:uuid>/pages/<int:number>.png", views.report_page, name="report-page"),
    path("reports/<uuid:uuid>/report.pdf", views.report_open, name="report-open"),
    path("reports/<uuid:uuid>/download", views.report_download, name="report-download"),
    path("verify/", views.verify_form, name="verify-form"),
    path("verify/<slug:code>/", views.verify, name="verify"),
]
