"""Whether the navigation leads to the PACS, for every page."""

from django.conf import settings
from django.http import HttpRequest


def pacs_pages(request: HttpRequest) -> dict[str, bool]:
    return {"has_pacs": settings.PACS}
