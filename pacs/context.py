"""What pages of other apps know of the PACS: whether to lead to it, and whether results may be sent into it."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from pacs.models import Peer


def pacs_pages(request: HttpRequest) -> dict[str, Any]:
    """`sends_to_pacs` asks the database, and only on a page that wants to know."""
    return {"has_pacs": settings.PACS, "sends_to_pacs": partial(_sends, request)}


def _sends(request: HttpRequest) -> bool:
    user = request.user
    return settings.PACS and user.is_authenticated and Peer.objects.returning_for(user).exists()
