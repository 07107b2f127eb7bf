"""axe-core in the browser: what is wrong with a page at a desk and on a narrow screen, in light and in dark."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from playwright.sync_api import Page, ViewportSize

from tests.covidxray.test_access import TABLE

DESK, NARROW, WALL = ((1366, 800), (320, 640), (2560, 1300))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPEN_TO_ALICE = [name for name, row in TABLE.items() if row.radiographer == 200]


def window(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size(ViewportSize(width=size[0], height=size[1]))


def faults(page: Page, axe: str, rules: list[str] = RULES) -> list[str]:
    """What axe-core finds on the page as it is, one line for each element. Swagger UI is not ours to mend."""
    page.evaluate("document.getElementById('swagger-ui')?.replaceChildren()")
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations'], preload: false})", rules)
    return [
        f"{rule['impact']} {rule['id']}: {node['target']} {node['html'][:160]} ({node['failureSummary']})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def judge(page: Page, axe: str) -> None:
    """At a desk and on the narrowest screen, and the colours in dark."""
    assert wrong_with(page, axe) == []


def wrong_with(page: Page, axe: str) -> list[str]:
    return [*wrong_at(page, axe, DESK), *wrong_at(page, axe, NARROW), *wrong_in_dark(page, axe)]


def wrong_at(page: Page, axe: str, size: tuple[int, int]) -> list[str]:
    """What axe-core finds, and whether it needs scrolling sideways, which WCAG 1.4.10 forbids from 320 pixels on."""
    window(page, size)
    found = [f"{size}: {fault}" for fault in faults(page, axe)]
    width = page.evaluate("document.documentElement.scrollWidth")
    return found if width <= size[0] else [*found, f"{size}: it is {width} wide"]


def wrong_in_dark(page: Page, axe: str) -> list[str]:
    """Only the colours are others."""
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # or colours are judged half way
    found = [f"dark: {fault}" for fault in faults(page, axe, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    return found


def opened(page: Page, name: str, arguments: dict[str, list[Any]]) -> bool:
    """Open an address of the table, unless what it answers is a file or for a program."""
    address = reverse(name, args=arguments[TABLE[name].argument])
    answer = page.request.get(address)
    assert answer.status == 200
    if not answer.headers["content-type"].startswith("text/html"):
        return False
    page.goto(address)
    return True


def wrong_in_both_themes(page: Page, axe: str) -> list[str]:
    """At a desk: all rules in dark, and in light what another theme can change."""
    window(page, DESK)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found = [f"dark: {fault}" for fault in faults(page, axe)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found + [f"light: {fault}" for fault in faults(page, axe, ["color-contrast"])]


def wrong_at_a_desk(page: Page, axe: str) -> list[str]:
    """All rules, in the theme that the page is in."""
    window(page, DESK)
    return faults(page, axe)


def judged(
    page: Page,
    axe: str,
    names: list[str],
    arguments: dict[str, list[Any]],
    judgement: Callable[[Page, str], list[str]] = wrong_in_both_themes,
) -> dict[str, list[str]]:
    """Page → what is wrong with it. Every page has an entry."""
    return {name: judgement(page, axe) for name in names if opened(page, name, arguments)}


def faulty(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: wrong for name, wrong in found.items() if wrong}
