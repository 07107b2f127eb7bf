"""The addresses of the models' pages. Each version is named as in its folder."""

from django.urls import path

from diagnosis.model_cards import views as model_views

app_name = "models"

urlpatterns = [
    path("", model_views.models, name="list"),
    path("<str:version>/", model_views.model, name="version"),
    path("<str:version>/plots/<str:name>.svg", model_views.plot, name="plot"),
]
