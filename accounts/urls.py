"""Signing in and out, and a person's own profile."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("sign-in/", views.SignInView.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("profile/", views.profile, name="profile"),
    path("profile/password/", views.PasswordView.as_view(), name="password"),
]
