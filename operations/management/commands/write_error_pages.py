"""Writes the pages that nginx shows when the site itself cannot answer, in every language, next to the static files.

Run it after collectstatic: the pages name style sheets by the hashes in their names.
"""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

FOLDER = "errors"
PAGES = {"413": "413.html", "429": "429.html", "503": "unavailable.html"}
SENTENCES = {
    "413": ("too-large", _("One upload may hold %(limit_megabytes)s MB. Nothing was stored. Choose a smaller file.")),
    "429": ("throttled", _("Too many requests at once. Wait half a minute, then try again.")),
    "503": ("unavailable", _("The site cannot answer at the moment. Try again in half a minute.")),
}
"""What programs get, in the form of the API: its code and its sentence."""


class Command(BaseCommand):
    help = "Write nginx's error pages, and its answers to programs, into STATIC_ROOT/errors."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.STATIC_ROOT is None:
            raise CommandError("There is no STATIC_ROOT in development.")
        folder = Path(settings.STATIC_ROOT) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        for language, _name in settings.LANGUAGES:
            for status, template in PAGES.items():
                _write(folder / f"{status}.{language}.html", _page(template, language))
                _write(folder / f"{status}.{language}.json", _answer(status, language))


def _write(page: Path, text: str) -> None:
    page.write_text(text, encoding="utf-8")
    page.chmod(0o644)


def _context() -> dict[str, int]:
    return {"limit_megabytes": settings.UPLOAD_MAX_REQUEST_BYTES // 1024**2}


def _page(template: str, language: str) -> str:
    with translation.override(language):
        return render_to_string(template, _context())


def _answer(status: str, language: str) -> str:
    code, sentence = SENTENCES[status]
    with translation.override(language):
        return json.dumps({"code": code, "detail": str(sentence) % _context(), "fields": {}}, ensure_ascii=False)
