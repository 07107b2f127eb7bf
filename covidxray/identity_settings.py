"""Settings of accounts of the hospital (docs/identity.md), as their libraries want them. Part of the settings."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from covidxray.environment import Environment

_env = Environment()  # whatever file there is was read by covidxray.settings
_SECONDS = 5

# --- OpenID Connect (mozilla-django-oidc); off without a client's name ------------------------------------------------

OIDC_RP_CLIENT_ID: str = _env.str("OIDC_CLIENT_ID", default="")
OIDC_RP_CLIENT_SECRET: str = _env.str("OIDC_CLIENT_SECRET", default="")
OIDC_OP_ISSUER: str = _env.str("OIDC_ISSUER", default="")
OIDC_OP_AUTHORIZATION_ENDPOINT: str = _env.str("OIDC_AUTHORIZATION_ENDPOINT", default="")
OIDC_OP_TOKEN_ENDPOINT: str = _env.str("OIDC_TOKEN_ENDPOINT", default="")
OIDC_OP_USER_ENDPOINT: str = _env.str("OIDC_USERINFO_ENDPOINT", default="")
OIDC_OP_JWKS_ENDPOINT: str = _env.str("OIDC_JWKS_URI", default="")
OIDC_OP_END_SESSION_ENDPOINT: str = _env.str("OIDC_END_SESSION_ENDPOINT", default="")
OIDC_RP_SIGN_ALGO: str = _env.str("OIDC_SIGN_ALGORITHM", default="RS256", choices=["RS256", "ES256"])
OIDC_RP_SCOPES: str = _env.str("OIDC_SCOPES", default="openid profile email")
OIDC_USE_PKCE = True
OIDC_STORE_ID_TOKEN = True  # the provider wants it back at signing out
OIDC_TIMEOUT = 2 * _SECONDS
OIDC_AUTHENTICATION_CALLBACK_URL = "accounts:sso-return"
# Which claims say what, and which of their values.
OIDC_USERNAME_CLAIM: str = _env.str("OIDC_USERNAME_CLAIM", default="preferred_username")
OIDC_GROUPS_CLAIM: str = _env.str("OIDC_GROUPS_CLAIM", default="groups")
OIDC_RADIOGRAPHER_GROUPS: list[str] = _env.list("OIDC_RADIOGRAPHER_GROUPS", default=[])
OIDC_ADMINISTRATOR_GROUPS: list[str] = _env.list("OIDC_ADMINISTRATOR_GROUPS", default=[])
OIDC_INSTITUTION_CLAIM: str = _env.str("OIDC_INSTITUTION_CLAIM", default="")
OIDC_INSTITUTION: str = _env.str("OIDC_INSTITUTION", default="")
OIDC_SECOND_FACTOR_AMR: list[str] = _env.list("OIDC_SECOND_FACTOR_AMR", default=["mfa", "otp", "hwk"])
OIDC_SECOND_FACTOR_ACR: list[str] = _env.list("OIDC_SECOND_FACTOR_ACR", default=[])

# --- LDAP (django-auth-ldap); off without a server --------------------------------------------------------------------

LDAP_SERVER: str = _env.str("LDAP_SERVER", default="")
LDAP_USERNAME_ATTRIBUTE: str = _env.str("LDAP_USERNAME_ATTRIBUTE", default="uid")
LDAP_SUBJECT_ATTRIBUTE: str = _env.str("LDAP_SUBJECT_ATTRIBUTE", default="entryUUID")
LDAP_RADIOGRAPHER_GROUP: str = _env.str("LDAP_RADIOGRAPHER_GROUP", default="")
LDAP_ADMINISTRATOR_GROUP: str = _env.str("LDAP_ADMINISTRATOR_GROUP", default="")
LDAP_INSTITUTION_ATTRIBUTE: str = _env.str("LDAP_INSTITUTION_ATTRIBUTE", default="")
LDAP_INSTITUTION: str = _env.str("LDAP_INSTITUTION", default="")


def directory_settings(env: Environment, address: str) -> dict[str, Any]:
    """Those of django-auth-ldap, nothing without a server. Raises ImproperlyConfigured without the package."""
    if not address:
        return {}
    try:
        import ldap
        from django_auth_ldap.config import GroupOfNamesType, LDAPSearch
    except ImportError:
        raise ImproperlyConfigured("LDAP_SERVER needs the packages of requirements-ldap.txt.") from None
    options = {ldap.OPT_NETWORK_TIMEOUT: _SECONDS, ldap.OPT_TIMEOUT: _SECONDS, ldap.OPT_REFERRALS: 0}
    options[ldap.OPT_X_TLS_REQUIRE_CERT] = ldap.OPT_X_TLS_DEMAND
    if authority := env.str("LDAP_CA_FILE", default=""):
        options[ldap.OPT_X_TLS_CACERTFILE] = authority
    options[ldap.OPT_X_TLS_NEWCTX] = 0  # the last one: it makes the ones before it count
    people = f"({env.str('LDAP_USERNAME_ATTRIBUTE', default='uid')}=%(user)s)"
    return {
        "AUTH_LDAP_SERVER_URI": address,
        "AUTH_LDAP_START_TLS": not address.startswith("ldaps://"),
        "AUTH_LDAP_CONNECTION_OPTIONS": options,
        "AUTH_LDAP_BIND_DN": env.str("LDAP_BIND_DN", default=""),
        "AUTH_LDAP_BIND_PASSWORD": env.str("LDAP_BIND_PASSWORD", default=""),
        "AUTH_LDAP_USER_SEARCH": LDAPSearch(env.str("LDAP_PEOPLE"), ldap.SCOPE_SUBTREE, people, ["*", "+"]),
        "AUTH_LDAP_GROUP_SEARCH": LDAPSearch(env.str("LDAP_GROUPS"), ldap.SCOPE_SUBTREE, "(objectClass=*)"),
        "AUTH_LDAP_GROUP_TYPE": GroupOfNamesType(),
        "AUTH_LDAP_ALWAYS_UPDATE_USER": False,  # accounts.outside does it
    }


# --- What the other settings need of them -----------------------------------------------------------------------------

OUTSIDE_BACKENDS = [
    *(["accounts.single_sign_on.backend.ProviderBackend"] if OIDC_RP_CLIENT_ID else []),
    *(["accounts.directory.DirectoryBackend"] if LDAP_SERVER else []),
]
_leaving = urlsplit(OIDC_OP_END_SESSION_ENDPOINT)
SIGN_OUT_ORIGINS = [f"{_leaving.scheme}://{_leaving.netloc}"] if _leaving.netloc else []
"""Where the answer of the sign-out form may lead, for the Content Security Policy: browsers look at that too."""
vars().update(directory_settings(_env, LDAP_SERVER))
