"""Single sign-on by OpenID Connect: the hospital's identity provider says who somebody is (mozilla-django-oidc)."""
