"""axe-core in the browser: what is wrong with a page at a desk and on a narrow screen, in light and in dark."""

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
    """At a desk and on the narrowest screen that WCAG 1.4.10 asks for, where nothing may need scrolling sideways."""
    for size in (DESK, NARROW):
        window(page, size)
        assert faults(page, axe) == [], size
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], size
    judge_dark(page, axe)


def judge_dark(page: Page, axe: str) -> None:
    """Dark, only the colours are others."""
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # or colours are judged half way
    assert faults(page, axe, ["color-contrast"]) == []
    page.emulate_media(color_scheme="light")


def opened(page: Page, name: str, arguments: dict[str, list[Any]]) -> bool:
    """Open an address of the table, unless what it answers is a file or for a program."""
    address = reverse(name, args=arguments[TABLE[name].argument])
    answer = page.request.get(address)
    assert answer.status == 200
    if not answer.headers["content-type"].startswith("text/html"):
        return False
    page.goto(address)
    return True


def judge_both_themes(page: Page, axe: str) -> list[str]:
    """At a desk: all rules in dark, and in light what another theme can change."""
    window(page, DESK)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found = faults(page, axe)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found + faults(page, axe, ["color-contrast"])


def judged(page: Page, axe: str, names: list[str], arguments: dict[str, list[Any]]) -> dict[str, list[str]]:
    """What is wrong with which of these pages."""
    found = {name: judge_both_themes(page, axe) for name in names if opened(page, name, arguments)}
    assert len(found) > 20
    return {name: wrong for name, wrong in found.items() if wrong}
