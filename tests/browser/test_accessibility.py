"""Every page as axe-core judges it (WCAG 2.2 A and AA), by keyboard, and on the narrowest screen.

The pages come from the table of every address: a page that is added there is judged here too.
"""

import errno
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import User
from tests.browser.axe import (
    DESK,
    NARROW,
    OPEN_TO_ALICE,
    WALL,
    faulty,
    judge,
    judged,
    opened,
    window,
    wrong_at,
    wrong_with,
)
from tests.cast import client_of
from tests.covidxray.test_access import TABLE, arguments  # noqa: F401 - a fixture
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]

PARTS = 4
"""Of the pages, each judged by one test: signing in and making what they show costs as much as judging one of them."""


@pytest.mark.parametrize("names", [OPEN_TO_ALICE[part::PARTS] for part in range(PARTS)], ids=range(PARTS))
def test_a_page_has_no_fault(alices: Page, axe: str, names: list[str], arguments: dict[str, list[Any]]) -> None:  # noqa: F811
    found = judged(alices, axe, names, arguments, wrong_with)
    assert len(found) > 5
    assert faulty(found) == {}


def test_every_page_has_a_title_of_its_own(alice: User, arguments: dict[str, list[Any]]) -> None:  # noqa: F811
    client, titles = client_of(alice), dict[str, list[str]]()
    for name in OPEN_TO_ALICE:
        answer = client.get(reverse(name, args=arguments[TABLE[name].argument]))
        content = answer.getvalue()  # reading a file to its end closes it
        if answer["Content-Type"].startswith("text/html"):
            title = re.search(r"<title>(.*?)</title>", content.decode(), re.DOTALL)
            assert title, name
            titles.setdefault(" ".join(title[1].split()), []).append(name)
    assert len(titles) > 8
    assert [(title, names) for title, names in titles.items() if len(names) > 1 or "·" not in title] == []


def test_the_sign_in_page_with_what_went_wrong(page: Page, axe: str, alice: User) -> None:
    page.goto("/")
    judge(page, axe)
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password", exact=True).fill("a wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    judge(page, axe)


@pytest.mark.parametrize(
    "address",
    [
        "/results/?low=400&since=x&notes=CT",
        "/results/?q=nobody",
        "/results/?voided=only&q=c",
        "/nothing-here",
        "/admin/",
    ],
)
def test_what_is_wrong_is_said_without_a_fault(alices: Page, alice: User, axe: str, address: str) -> None:
    diagnosed(alice)
    alices.goto(address)
    judge(alices, axe)


@pytest.mark.parametrize("page_name", ["home", "upload", "results"])
def test_the_first_day_without_a_single_result(alices: Page, axe: str, page_name: str) -> None:
    alices.goto(reverse(f"diagnosis:{page_name}"))
    judge(alices, axe)


@pytest.mark.parametrize(
    ("error", "code"),
    [(RuntimeError(), 500), (OperationalError(), 503), (OSError(errno.ENOSPC, "full"), 507)],
    ids=["500", "503", "507"],
)
def test_the_pages_for_faults(
    alices: Page, axe: str, error: Exception, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr("diagnosis.home.views.tallies", fail)
    answer = alices.goto("/")
    assert answer is not None
    assert answer.status == code
    judge(alices, axe)


def test_a_result_that_is_hidden_from_a_blind_reader(alices: Page, alice: User, bob: User, axe: str) -> None:
    alice.reads_blind = True
    alice.save()
    diagnosis = diagnosed(bob)
    for address in (diagnosis.get_absolute_url(), "/results/", "/"):
        alices.goto(address)
        judge(alices, axe)


def test_dark_is_dark_and_paper_is_light(alices: Page, alice: User) -> None:
    """By the system's wish and against it, and never in print."""
    diagnosis = diagnosed(alice)
    alices.goto(diagnosis.get_absolute_url())
    ground = "getComputedStyle(document.body).backgroundColor"
    light = alices.evaluate(ground)
    alices.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = alices.evaluate(ground)
    assert dark != light
    alices.get_by_role("button", name="Light").click()
    assert alices.evaluate(ground) == light
    alices.get_by_role("button", name="Dark").click()
    alices.emulate_media(color_scheme="light")
    assert alices.evaluate(ground) == dark
    alices.emulate_media(media="print", color_scheme="dark")
    assert alices.evaluate(ground) == "rgb(255, 255, 255)"


# Keyboard -------------------------------------------------------------------------------------------------------------

STOP = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return {
        name: element.outerHTML.slice(0, 120),
        isMarked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        isOnScreen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""


def stops(page: Page) -> Iterator[dict[str, Any]]:
    """Every place that the Tab key stops at, until it leaves the page."""
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            return
        yield stop
    pytest.fail("the Tab key never leaves the page")


@pytest.mark.parametrize("name", ["diagnosis:home", "diagnosis:results", "diagnosis:result", "accounts:profile"])
def test_every_tab_stop_is_visible(
    alices: Page,
    name: str,
    arguments: dict[str, list[Any]],  # noqa: F811
) -> None:
    window(alices, DESK)
    alices.emulate_media(reduced_motion="reduce")  # else the page is still on its way to where it scrolls
    assert opened(alices, name, arguments)
    visited = list(stops(alices))
    assert len(visited) > 5
    assert [stop["name"] for stop in visited if not (stop["isMarked"] and stop["isOnScreen"])] == []


# Other eyes, other screens --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["diagnosis:home", "diagnosis:results", "diagnosis:result", "accounts:profile"])
def test_wide_screens_keep_lines_short(
    alices: Page,
    name: str,
    arguments: dict[str, list[Any]],  # noqa: F811
) -> None:
    window(alices, WALL)
    assert opened(alices, name, arguments)
    longest = alices.evaluate(
        """() => Math.max(...[...document.querySelectorAll("main p")].map(p => {
            const range = document.createRange();
            range.selectNodeContents(p);
            const widest = Math.max(0, ...[...range.getClientRects()].map(line => line.width));
            return widest / parseFloat(getComputedStyle(p).fontSize);
        }))"""
    )
    assert longest <= 50  # em: about 100 characters


@pytest.mark.parametrize("name", ["diagnosis:home", "diagnosis:results", "diagnosis:result", "diagnosis:patient"])
def test_right_to_left_pages_are_mirrored(
    alices: Page,
    axe: str,
    alice: User,
    settings: Settings,
    name: str,
    arguments: dict[str, list[Any]],  # noqa: F811
) -> None:
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    alice.language = "ar"
    alice.save()
    assert opened(alices, name, arguments)
    assert alices.locator("html").get_attribute("dir") == "rtl"
    assert "bootstrap.rtl" in (alices.locator("link[rel=stylesheet]").first.get_attribute("href") or "")
    brand, person = (alices.locator(part).bounding_box() for part in (".brand", ".site-person-name"))
    assert brand
    assert person
    assert brand["x"] > person["x"]
    # At a desk every page is judged from right to left in test_accessibility_both_ways.py.
    assert wrong_at(alices, axe, NARROW) == []


def test_forced_colours_keep_words_and_lines(alices: Page, alice: User) -> None:
    """axe-core cannot judge contrast here, because the browser takes the colours from the person's system."""
    diagnosis = diagnosed(alice)
    alices.emulate_media(forced_colors="active", contrast="more")
    for address in ("/results/", diagnosis.get_absolute_url()):
        alices.goto(address)
        expect(alices.locator(".label", has_text="Positive").first).to_be_visible()
    alices.goto("/results/")
    current = alices.locator("nav [aria-current]")
    assert current.evaluate("link => parseFloat(getComputedStyle(link).borderBottomWidth)") >= 2
