"""Figures over time and the scorecard in a real browser: on a phone, on paper, by axe-core, and as a file.

The fixture `page` fails on any script error and any breach of the Content Security Policy.
"""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.models import Refusal
from tests.browser.axe import judge
from tests.browser.test_results_page import signed_in
from tests.outcomes import NEGATIVE, POSITIVE, checked_result, read_blind, reviewed

pytestmark = pytest.mark.browser

MONTH, CARD = "/statistics/2026/3/", "/statistics/scorecard/2026/"
A4 = (595, 842)


@pytest.fixture
def figures(page: Page, context: BrowserContext, live_server: LiveServer, alice: User, bob: User) -> Page:
    """Alice signed in; 24 results of March with reviews and outcomes, some read blind; a refused upload."""
    for number in range(24):
        outcome, prediction = (POSITIVE, "Positive") if number < 12 else (NEGATIVE, "Negative")
        result = checked_result(
            alice if number % 2 else bob,
            outcome,
            "Indeterminate" if number % 6 == 5 else prediction,
            probability=0.85 if number < 12 else 0.05,
            created=datetime(2026, 3, 1 + number, 9, tzinfo=UTC),
        )
        reviewed(result, bob, "disagrees" if number % 5 == 0 else "agrees", after=timedelta(hours=number))
        if number % 2:
            read_blind(result, alice, prediction)
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    Refusal.objects.create(institution=alice.institution, user=alice, reason="colour", created=moment)
    signed_in(context, live_server, alice)
    return page


def test_from_month_to_year_to_scorecard(figures: Page) -> None:
    page = figures
    page.goto("/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Statistics").click()
    page.goto(MONTH)
    expect(page.get_by_role("heading", level=1, name="Activity: March 2026")).to_be_visible()
    page.get_by_role("link", name="Year 2026").click()
    page.get_by_text("Table: Answers").first.click()
    page.get_by_role("rowheader", name="March 2026").first.get_by_role("link").click()
    page.wait_for_url(f"**{MONTH}")
    page.get_by_role("navigation", name="Statistics").get_by_role("link", name="Positive cases").click()
    page.wait_for_url("**/results/?prediction=Positive")
    expect(page.locator(".list-file")).to_have_count(10)
    page.goto("/statistics/scorecard/")
    page.get_by_role("link", name="2026").click()
    expect(page.get_by_role("heading", level=1, name="Scorecard: 2026")).to_be_visible()


def test_charts_have_names_and_their_bars_are_filled(figures: Page) -> None:
    page = figures
    page.goto(MONTH)
    chart = page.get_by_role("img", name="Answers", exact=True)
    expect(chart).to_be_visible()
    expect(chart).to_have_accessible_description(
        "10 Positive, 4 Indeterminate, 10 Negative. The table below has the same numbers."
    )
    assert chart.locator("rect.bar").count() == 24
    for bar in chart.locator("rect.bar").all()[:3]:
        box = bar.bounding_box()
        assert box
        assert box["width"] > 3
        assert box["height"] > 3
    fills = {bar.get_attribute("fill") for bar in chart.locator("rect.bar").all()}
    assert fills == {"url(#pattern-dark)", "url(#pattern-stripes)", "url(#pattern-light)"}
    assert page.evaluate("getComputedStyle(document.querySelector('.fill-dark')).fill") == "rgb(140, 42, 22)"


@pytest.mark.parametrize("address", [MONTH, "/statistics/2026/", CARD])
def test_a_page_with_figures_has_no_fault(figures: Page, axe: str, address: str) -> None:
    figures.goto(address)
    expect(figures.locator("svg.chart").first).to_be_visible()
    judge(figures, axe)


def test_crowded_labels_are_left_out(figures: Page) -> None:
    page = figures
    page.set_viewport_size(ViewportSize(width=360, height=740))
    page.goto(MONTH)
    marks = page.locator("svg.chart").first.locator("text[text-anchor=middle]:visible")
    assert marks.all_text_contents() == ["1", "5", "10", "15", "20", "25", "30"]
    boxes = [box for mark in marks.all() if (box := mark.bounding_box())]
    assert all(one["x"] + one["width"] < two["x"] for one, two in pairwise(boxes))


@pytest.mark.parametrize(("address", "title"), [(MONTH, "Activity: March 2026"), (CARD, "Scorecard: 2026")])
def test_it_prints_on_a4_without_buttons(figures: Page, address: str, title: str) -> None:
    page = figures
    page.goto(address)
    document = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    text = "\n".join(sheet.get_textpage().get_text_range() for sheet in document)
    assert len(document) <= 4
    assert all(abs(length - wanted) <= 2 for length, wanted in zip(document[0].get_size(), A4, strict=True))
    assert title in text
    assert "St. Anna" in text
    assert "Together" in text
    for button in ("Sign out", "Export", "Positive cases"):
        assert button not in text


def test_the_figures_are_saved_as_a_file(figures: Page, tmp_path: Path) -> None:
    page = figures
    page.goto(MONTH)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export these figures").click()
    assert download.value.suggested_filename == "covidxray-report-2026-03.csv"
    download.value.save_as(tmp_path / "report.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "report.csv").read_text(encoding="utf-8-sig"))))
    assert {row["part"]: row["answered"] for row in rows}["period"] == "24"


def test_a_wide_table_is_scrolled_by_keyboard(figures: Page) -> None:
    page = figures
    page.set_viewport_size(ViewportSize(width=360, height=740))
    page.goto(MONTH)
    table = page.get_by_role("group", name="Answers by day", exact=True)
    expect(table).to_be_hidden()
    page.get_by_text("Table: Answers by day").click()
    table.focus()
    page.keyboard.press("ArrowRight")
    expect(table).not_to_have_js_property("scrollLeft", 0)
