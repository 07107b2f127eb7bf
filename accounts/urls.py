"""Signing in and out, invitations, and a person's own account."""

from django.urls import path

from accounts import appearance, link_views, second_factor_views, views
from accounts.single_sign_on import views as sso_views

app_name = "accounts"

urlpatterns = [
    path("sign-in/", views.SignInView.as_view(), name="sign-in"),
    path("sign-in/code/", views.CodeView.as_view(), name="sign-in-code"),
    path("language/", views.choose_language, name="language"),
    path("sign-out/", sso_views.SignOutView.as_view(), name="sign-out"),
    path("sso/", sso_views.LeaveView.as_view(), name="sso"),
    path("sso/return/", sso_views.ReturnView.as_view(), name="sso-return"),
    path("sso/link/", sso_views.link, name="sso-link"),
    path("sso/back-channel/", sso_views.back_channel, name="sso-back-channel"),
    path("session/", views.session, name="session"),
    path("may-send/", views.may_send, name="may-send"),
    path("typed/", views.typed, name="typed"),
    path("theme/", appearance.theme, name="theme"),
    path("invitation/<uidb64>/<token>/", link_views.InvitationView.as_view(), name="invitation"),
    path("forgotten/", link_views.ForgottenPasswordView.as_view(), name="forgotten"),
    path("forgotten/sent/", link_views.ForgottenPasswordSentView.as_view(), name="forgotten-sent"),
    path("forgotten/<uidb64>/<token>/", link_views.NewPasswordView.as_view(), name="new-password"),
    path("profile/", views.profile, name="profile"),
    path("profile/password/", views.PasswordView.as_view(), name="password"),
    path("profile/second-factor/", second_factor_views.overview, name="second-factor"),
    path("profile/second-factor/set-up/", second_factor_views.set_up, name="second-factor-set-up"),
    path("profile/second-factor/remove/", second_factor_views.remove, name="second-factor-remove"),
    path("profile/second-factor/recovery-codes/", second_factor_views.recovery_codes, name="recovery-codes"),
    path("profile/second-factor/recovery-codes/renew/", second_factor_views.renew, name="recovery-codes-renew"),
]
