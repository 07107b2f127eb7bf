"""What tests in the browser share: axe-core, and the page of someone who is signed in."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.test_results_page import signed_in


@pytest.fixture(scope="session")
def axe(project: Path) -> str:
    """The script of axe-core. The Content Security Policy stays as it is: the browser's own tools put it in."""
    script = project / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        message = "axe-core is not installed (`make node_modules` does it)"
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(message)
    return script.read_text(encoding="utf-8")


@pytest.fixture
def alices(page: Page, context: BrowserContext, live_server: LiveServer, alice: User) -> Page:
    signed_in(context, live_server, alice)
    return page
