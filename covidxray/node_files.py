"""Static files out of node_modules: the few that pages load, and nothing else of what npm installs."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core import checks
from django.core.files.storage import FileSystemStorage


class NodeFilesFinder(BaseFinder):
    """Finds the files that settings.NODE_FILES names, under their path in node_modules."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.NODE_MODULES)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        missing = [name for name in settings.NODE_FILES if not self.storage.exists(name)]
        hint = "Run `make run` or `make test`, which install them."
        return [checks.Warning(f"node_modules has no {name}.", hint=hint, id="covidxray.W001") for name in missing]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str]:  # type: ignore[override]
        found = [self.storage.path(name) for name, _ in self.list(None) if name == path]
        return found[0] if found and not find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        return ((name, self.storage) for name in settings.NODE_FILES if self.storage.exists(name))
