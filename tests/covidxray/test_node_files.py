"""What npm installs reaches browsers as far as the settings say, and no further."""

import pytest
from django.contrib.staticfiles import finders
from django.core.checks import Tags, run_checks
from pytest_django import Settings

from covidxray.node_files import NodeFilesFinder


def test_the_named_files_have_an_address_and_their_neighbours_none(settings: Settings) -> None:
    for name in settings.NODE_FILES:
        assert (settings.NODE_MODULES / name).is_file()
        assert finders.find(name) == str(settings.NODE_MODULES / name)
    for other in ("@panzoom/panzoom/package.json", "axe-core/axe.min.js", ".package-lock.json"):
        assert finders.find(other) is None
    assert [name for name, _ in NodeFilesFinder().list(None)] == settings.NODE_FILES


@pytest.mark.parametrize("state", ["installed", "missing"])
def test_a_missing_installation_is_said_when_the_site_starts(settings: Settings, tmp_path, state: str) -> None:
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    if state == "missing":
        settings.NODE_MODULES = tmp_path
    warnings = [message for message in run_checks(tags=[Tags.staticfiles]) if message.id == "covidxray.W001"]
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    assert bool(warnings) == (state == "missing")
