"""Writes the pages that nginx shows when the site itself cannot answer, in every language, next to the static files.

Run it after collectstatic: the pages name style sheets by the hashes in their names.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string
from django.utils import translation

FOLDER = "errors"
PAGES = {"413": "413.html", "503": "unavailable.html"}


class Command(BaseCommand):
    help = "Write nginx's error pages into STATIC_ROOT/errors."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.STATIC_ROOT is None:
            raise CommandError("There is no STATIC_ROOT in development.")
        folder = Path(settings.STATIC_ROOT) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        for language, _name in settings.LANGUAGES:
            for status, template in PAGES.items():
                page = folder / f"{status}.{language}.html"
                page.write_text(_page(template, language), encoding="utf-8")
                page.chmod(0o644)


def _page(template: str, language: str) -> str:
    context = {"limit_megabytes": settings.UPLOAD_MAX_REQUEST_BYTES // 1024**2}
    with translation.override(language):
        return render_to_string(template, context)
