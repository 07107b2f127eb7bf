"""Settings out of the environment: what is wrong with one is a sentence that names it, never a traceback."""

import os
import warnings
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_BOOLEANS = {*environ.Env.BOOLEAN_TRUE_STRINGS, "false", "off", "no", "n", "0", ""}


class Environment(environ.FileAwareEnv):
    """django-environ, but strict: a number is a number within its limits, and "ture" is not silently off.

    Raises ImproperlyConfigured. The message never holds the value: it may be a secret that slipped into another's line.
    """

    def read_settings(self, default: Path) -> None:
        """Take over the settings of the file that COVIDXRAY_ENV_FILE names, or of `default` where it is there.

        The environment wins over the file. An empty COVIDXRAY_ENV_FILE: no file.
        """
        named = os.environ.get("COVIDXRAY_ENV_FILE")
        path = default if named is None else Path(named)
        if named == "" or (named is None and not path.exists()):
            return
        try:
            with path.open(encoding="utf-8") as file:
                self.read_env(file)
        except OSError as error:
            raise ImproperlyConfigured(f"COVIDXRAY_ENV_FILE ({path}) cannot be read: {error.strerror}.") from None

    def get_value(self, var: str, cast: Any = None, **options: Any) -> Any:
        try:
            value = super().get_value(var, cast=cast, **options)
        except (ValueError, TypeError):
            kind = "a whole number" if cast is int else "what the documentation of settings says"
            raise ImproperlyConfigured(f"{var} must be {kind}.") from None
        except OSError as error:
            raise ImproperlyConfigured(f"The file that {var}_FILE names cannot be read: {error.strerror}.") from None
        if cast is bool and str(self.ENVIRON.get(var, "")).lower() not in _BOOLEANS:
            raise ImproperlyConfigured(f"{var} must be True or False.")
        return value

    def number(self, var: str, default: int, *, at_least: int = 0) -> int:
        """A whole number that is not below `at_least`."""
        value: int = self.int(var, default=default)
        if value < at_least:
            raise ImproperlyConfigured(f"{var} must not be below {at_least}.")
        return value

    def named_secrets(self, prefix: str) -> dict[str, str]:
        """Every setting that begins so, by the rest of its name; the value, or the content of the file of NAME_FILE."""
        names = [name.removesuffix("_FILE") for name in self.ENVIRON if name.startswith(prefix)]
        return {name.removeprefix(prefix): self.str(name).strip() for name in sorted(set(names))}

    def database(self, var: str, default: str) -> dict[str, Any]:
        """The address of a database, as Django's DATABASES wants it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown engine
            found: dict[str, Any] = self.db(var, default=default)
        if not found.get("ENGINE"):
            raise ImproperlyConfigured(f"{var} must be such as mysql://user:password@host/name.")
        return found
