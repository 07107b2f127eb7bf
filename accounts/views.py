"""The sign-in page."""

from django.contrib.auth.views import LoginView

from accounts.forms import SignInForm


class SignInView(LoginView):
    """Django's own sign-in, which follows `next` to this site only."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
