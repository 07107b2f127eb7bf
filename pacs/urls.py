"""The addresses of what comes from the PACS."""

from django.urls import path

from pacs import sent_views, views

app_name = "pacs"

_INSTANCE = "<uuid:uuid>/studies/<str:study>/series/<str:series>/instances/<str:instance>/"

urlpatterns = [
    path("", views.search, name="search"),
    path("received/", views.received, name="received"),
    path("received/<uuid:uuid>/retry/", views.retry, name="retry"),
    path("received/<uuid:uuid>/store/", views.store, name="store"),
    path("sent/", sent_views.sent, name="sent"),
    path("sent/<uuid:uuid>/again/", sent_views.send_again, name="send-again"),
    path("sent/results/<uuid:uuid>/", sent_views.send_result, name="send-result"),
    path("<uuid:uuid>/studies/<str:study>/", views.study, name="study"),
    path(f"{_INSTANCE}preview.jpg", views.preview, name="preview"),
    path(f"{_INSTANCE}fetch/", views.fetch, name="fetch"),
]
