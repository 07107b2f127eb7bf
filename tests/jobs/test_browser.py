"""The page of a job in Chromium: its progress moves by itself, and it shows the results once they are there."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from jobs.models import Job
from jobs.rounds import Rounds
from tests.cast import client_of
from tests.jobs.made import chests, worked_off, zip_job
from tests.toy import ToyEngine

pytestmark = pytest.mark.browser


def test_progress_moves_by_itself(
    page: Page, context: BrowserContext, live_server: LiveServer, alice: User, engine: ToyEngine
) -> None:
    session = client_of(alice).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto("/jobs/")
    job = zip_job(alice, {**chests(4), "a.txt": b"no radiograph"})
    rounds = Rounds("a")
    rounds.list_next()
    page.goto(job.get_absolute_url())
    status = page.get_by_role("status")
    expect(status).to_contain_text("0 of 5 radiographs done.")
    rounds.work_next()
    expect(status).to_contain_text("1 of 5 radiographs done.")
    worked_off(Job.objects.get())
    expect(page.get_by_role("link", name=re.compile("Open the result.*chest-0"))).to_be_visible()
    expect(page.get_by_role("button", name="Try failures again")).to_be_visible()
