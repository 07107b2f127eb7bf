"""Fixtures that every test can use. Those of one app are in its own folder's conftest.py."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, sync_playwright
from pytest_django import DjangoDbBlocker, Settings
from pytest_django.live_server_helper import LiveServer

from tests.distribution import Distribution, longest_first
from tests.migrated import can_copy, migrate_or_copy
from tests.on_mariadb import is_repeated

pytest_plugins = [
    "tests.buckets",
    "tests.cards",
    "tests.cast",
    "tests.served",
    "tests.toy",
    "tests.trained",
    "tests.two_views",
]

PROJECT = Path(__file__).resolve().parent.parent
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is repeated on MariaDB. Only tests that ask for a database reach one: pytest-django sees to that."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        reaches_database = item.get_closest_marker("django_db") or "django_db_setup" in fixtures
        if reaches_database and is_repeated(item.path.relative_to(PROJECT / "tests").as_posix()):
            item.add_marker("repeated")


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_order_files(config: pytest.Config, items: list[pytest.Item]) -> None:
    """After pytest-django, which puts tests without a database last, whatever they take."""
    if hasattr(config, "workerinput"):
        longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Distribution | None:
    return Distribution(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder of the repository."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The development radiographs, which are not part of the repository; a test that needs them is skipped without."""
    folder = Path(os.environ.get("COVIDXRAY_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the development radiographs are not here (COVIDXRAY_DATA names their folder)")
    return folder


@pytest.fixture(scope="session")
def dicom_samples() -> Path:
    """The folder of DICOM files that the package pydicom-data ships (RG1_UNCR.dcm is a chest, RG3_UNCR.dcm a leg)."""
    from data_store import DataStore

    return DataStore().data_path


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """SQLite's test database is a file, not memory: threads then wait for each other as they do in production."""
    settings = connections["default"].settings_dict
    if settings["ENGINE"].endswith("sqlite3"):
        settings["TEST"]["NAME"] = tmp_path_factory.mktemp("database") / "tests.sqlite3"
    else:
        from operations.database_checks import collation_for

        with django_db_blocker.unblock():
            settings["TEST"] |= {"CHARSET": "utf8mb4", "COLLATION": collation_for(connections["default"])}


@pytest.fixture(scope="session")
def django_db_keepdb(
    request: pytest.FixtureRequest,
    django_db_modify_db_settings: None,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> bool:
    """Whether pytest-django finds a database that has its tables: where there are several processes it does."""
    if not hasattr(request.config, "workerinput") or not can_copy():
        return bool(request.config.getvalue("reuse_db"))
    with django_db_blocker.unblock():
        migrate_or_copy(tmp_path_factory.getbasetemp().parent)
    return True


@pytest.fixture(scope="session")
def live_server(django_db_setup: None, live_server: LiveServer) -> LiveServer:
    """After the database: before, the server would take it for one in memory and share one connection among threads."""
    return live_server


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    """Every test stores its uploads in a folder of its own."""
    settings.MEDIA_ROOT, settings.PACS_INBOX = tmp_path / "media", tmp_path / "inbox"
    settings.JOBS_INBOX = tmp_path / "jobs-inbox"
    return settings.MEDIA_ROOT


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as the distribution ships it. Where it is missing the tests are skipped, except under `make test`."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        message = "Chromium is not installed"
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A browser profile of its own, whose pages know the live server's address."""
    context = browser.new_context(base_url=live_server.url)
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, live_server: LiveServer) -> Iterator[Page]:
    """A tab. The test fails if a script raised an error, broke the Content Security Policy or asked another host."""
    page = context.new_page()
    faults: list[str] = []

    def note_error(error: Error) -> None:
        faults.append(str(error))

    def note_violation(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def note_stranger(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            faults.append(f"asked another host: {request.url}")

    page.on("pageerror", note_error)
    page.on("console", note_violation)
    page.on("request", note_stranger)
    yield page
    assert faults == []
