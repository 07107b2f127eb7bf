"""The model's page and the profile in a real browser. The fixture `page` fails on any script error."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.test_first_page import LARGEST, SMALLEST, opacity_of, sign_in, upload
from tests.cast import PASSWORD
from tests.uploads import radiograph_png

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine", "card")]
NEW_PASSWORD = "another one that is long"
PLOT = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><style>rect {fill: red}</style>
<rect width="40" height="30" style="fill: #ff0000"/><script>document.documentElement.dataset.ran = 1</script></svg>"""


@pytest.fixture
def signed_in(page: Page) -> Page:
    sign_in(page)
    return page


@pytest.fixture
def plot(toy_models: Path) -> None:
    (toy_models / "toy-1" / "roc.svg").write_text(PLOT)


def test_from_a_result_to_its_model_card(signed_in: Page, plot: None) -> None:
    page = signed_in
    upload(page, radiograph_png())
    page.get_by_role("link", name="toy-1").click()
    expect(page.get_by_role("heading", level=1, name="Model toy-1")).to_be_visible()
    page.get_by_role("navigation", name="Sections of this page").get_by_role("link", name="Shortcut audit").click()
    expect(page.get_by_text("The border gives it away.")).to_be_in_viewport()
    expect(page.get_by_role("table", name="Figures by part")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Sensitivity (recall of COVID)")).to_be_visible()
    expect(page.get_by_role("img", name="Scale of the probability")).to_be_visible()
    drawn = page.get_by_role("img", name="Curves of sensitivity")
    drawn.scroll_into_view_if_needed()
    assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") == 40
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Models").click()
    expect(page.get_by_text("In use")).to_be_visible()


def test_a_plot_alone_runs_no_script(browser: Browser, live_server: LiveServer, plot: None) -> None:
    """In a tab of its own: the policy's refusal of the script is in the console, where `page` allows none."""
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    sign_in(page)
    page.goto("/models/toy-1/plots/roc.svg")
    assert page.evaluate("document.documentElement.dataset.ran === undefined")
    assert page.locator("rect").evaluate("rect => getComputedStyle(rect).fill") == "rgb(255, 0, 0)"
    context.close()


@pytest.mark.parametrize("window", [SMALLEST, LARGEST], ids=["phone", "wall"])
def test_no_page_needs_scrolling_sideways(signed_in: Page, plot: None, window: ViewportSize) -> None:
    page = signed_in
    page.set_viewport_size(window)
    for address in ("/", "/models/", "/models/toy-1/", "/accounts/profile/", "/accounts/profile/password/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= window["width"], address


def test_the_profile_sets_the_heat_map(signed_in: Page) -> None:
    """The profile is changed and the heat map starts as chosen."""
    page = signed_in
    page.get_by_role("link", name="Alice").click()
    page.get_by_label("Last name").fill("Łukasz")
    page.get_by_label("Show the heat map by default").uncheck()
    page.get_by_label("Time zone").select_option("Asia/Kuching")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Your profile has been saved.")
    expect(page.get_by_role("link", name="Alice Łukasz")).to_be_visible()
    expect(page.get_by_text("Times are in Asia/Kuching")).to_be_visible()
    upload(page, radiograph_png())
    expect(page.get_by_label("Heat map", exact=True)).not_to_be_checked()
    expect(page.locator("[data-map]")).to_be_hidden()
    page.get_by_label("Heat map", exact=True).check()
    assert opacity_of(page) == "0.5"


def test_a_refused_address_is_explained(signed_in: Page) -> None:
    page = signed_in
    page.goto("/accounts/profile/")
    page.get_by_label("E-mail address").fill("nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("E-mail address")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#id_email_error")).to_have_text("Enter a valid email address.")


def test_a_new_password_keeps_the_session(signed_in: Page) -> None:
    page = signed_in
    page.goto("/accounts/profile/")
    page.get_by_role("link", name="Change the password").click()
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password has been changed.")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    expect(page.get_by_role("heading", name="Upload chest radiographs")).to_be_visible()
