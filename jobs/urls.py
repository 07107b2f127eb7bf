"""The addresses of jobs."""

from django.urls import path

from jobs import comparison_views, views

app_name = "jobs"

urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("comparisons/<uuid:uuid>/", comparison_views.comparison, name="comparison"),
    path("<uuid:uuid>/", views.job, name="job"),
    path("<uuid:uuid>/stop/", views.stop, name="stop"),
    path("<uuid:uuid>/go-on/", views.resume, name="resume"),
    path("<uuid:uuid>/retry/", views.retry, name="retry"),
    path("<uuid:uuid>/delete/", views.delete, name="delete"),
    path("<uuid:uuid>/job.<str:form>", views.file, name="file"),
]
