"""Parts of a sentence put together in the person's language."""

from collections.abc import Iterable

from django.utils.translation import gettext as _


def listed(parts: Iterable[str]) -> str:
    """Those that are not empty, with the language's comma between them."""
    return _(", ").join(part for part in parts if part)
