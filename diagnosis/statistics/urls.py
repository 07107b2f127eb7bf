"""The addresses of figures, under `statistics/`. A month and a year are named as people write them."""

from django.urls import path

from diagnosis.statistics import views

urlpatterns = [
    path("", views.now, name="statistics"),
    path("<int:year>/", views.year, name="statistics-year"),
    path("<int:year>/report.csv", views.year_file, name="statistics-year-file"),
    path("<int:year>/<int:month>/", views.month, name="statistics-month"),
    path("<int:year>/<int:month>/report.csv", views.month_file, name="statistics-month-file"),
    path("drift/", views.drift, name="drift"),
    path("scorecard/", views.scorecard_now, name="scorecard"),
    path("scorecard/scorecard.csv", views.scorecard_now_file, name="scorecard-file"),
    path("scorecard/<int:year>/", views.scorecard_year, name="scorecard-year"),
    path("scorecard/<int:year>/scorecard.csv", views.scorecard_year_file, name="scorecard-year-file"),
]
