"""From a list of results to a result, to its neighbours, and back to the same page of the list."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from diagnosis.models import Diagnosis
from diagnosis.results import list_position, search
from tests.cast import client_of
from tests.rows import NOON, stored_result


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def rows(alice: User) -> list[Diagnosis]:
    """Six, the newest first; every other one is Positive."""
    return [
        stored_result(
            alice,
            file_name=f"{number}.png",
            prediction=("Positive", "Negative")[number % 2],
            probability=number / 10,
            created=NOON - timedelta(hours=number),
            patient_id=f"P-{number}",
        )
        for number in range(6)
    ]


def opened(client: Client, query: str, name: str) -> str:
    """The page of the result that is called so in that list."""
    text = client.get(f"/results/{query}").content.decode()
    address = re.search(rf'href="([^"]+)"><bdi>{name}\.png', text)
    assert address, f"{name} is in the list"
    return client.get(html.unescape(address[1])).content.decode()


def way(page: str, text: str) -> str:
    """Where a button of the bar leads."""
    bar = page.split('class="worklist-bar"')[1].split("</nav>", maxsplit=1)[0]
    found = re.search(rf'href="([^"]+)">{text}</a>', bar)
    return html.unescape(found[1]) if found else ""


def place(page: str) -> str:
    found = re.search(r'worklist-place"><strong>([^<]*)', page)
    return found[1] if found else ""


@pytest.mark.parametrize("sort", ["newest", "oldest", "highest", "lowest"])
def test_the_neighbours_are_those_of_the_list(client: Client, rows: list[Diagnosis], sort: str) -> None:
    query = f"?prediction=Positive&sort={sort}"
    page = opened(client, query, "2")
    assert place(page) == "2 of 3"
    listed = re.findall(r"<bdi>(\d)\.png", client.get(f"/results/{query}").content.decode())
    for text, name in (("Previous", listed[0]), ("Next", listed[2])):
        assert f"{rows[int(name)].uuid}/?list=" in way(page, text)
    last = client.get(way(page, "Next")).content.decode()
    assert (place(last), way(last, "Next")) == ("3 of 3", "")
    assert way(last, "Back to the list") == f"/results/?prediction=Positive&sort={sort}"


def test_back_leads_to_the_page_one_came_from(
    client: Client, rows: list[Diagnosis], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the page with the result that is shown now: after three steps that is another one."""
    for module in (search, list_position):
        monkeypatch.setattr(module, "PAGE_ROWS", 2)
    query = f"?q=png&after={rows[1].uuid}"
    page = opened(client, query, "3")
    assert way(page, "Back to the list") == f"/results/{query}"
    page = client.get(way(page, "Next")).content.decode()
    back = client.get(way(page, "Back to the list")).content.decode()
    assert re.findall(r"<bdi>(\d)\.png", back) == ["4", "5"]


def test_a_review_leads_on_to_the_next(client: Client, rows: list[Diagnosis]) -> None:
    """Also where it takes the result out of the list, which is then no longer counted in it."""
    page = opened(client, "?review=unreviewed", "2")
    action = re.search(r'action="([^"]+/review/[^"]+)#review"', page)
    assert action
    said = {"review-conclusion": "unsure", "then": "next"}
    address = client.post(html.unescape(action[1]), said)["Location"]
    assert str(rows[3].uuid) in address
    assert place(client.get(address).content.decode()) == "3 of 5"
    reviewed = client.get(way(client.get(address).content.decode(), "Previous")).content.decode()
    assert str(rows[1].uuid) in reviewed, "the reviewed one is left out"


def test_comparing_stays_in_the_list(client: Client, alice: User, rows: list[Diagnosis]) -> None:
    stored_result(alice, file_name="6.png", patient_id="P-2", created=NOON - timedelta(days=1))
    for query in ("?list=q%3Dpng", "?worklist=1"):
        page = client.get(f"{rows[2].get_absolute_url()}{query}").content.decode()
        compared = re.search(r'href="(\?[^"]+)#viewer"', page)
        assert compared
        beside = client.get(f"{rows[2].get_absolute_url()}{html.unescape(compared[1])}").content.decode()
        assert 'class="worklist-bar"' in beside
        assert f'href="{query}"' in beside, "the way to stop comparing"


def test_a_list_that_tells_the_answer_says_nothing_of_a_hidden_one(
    client: Client, alice: User, rows: list[Diagnosis]
) -> None:
    alice.reads_blind = True
    alice.save()
    for query in ("prediction%3DPositive", "sort%3Dhighest", "low%3D10"):
        page = client.get(f"{rows[2].get_absolute_url()}?list={query}").content.decode()
        assert (place(page), way(page, "Previous"), way(page, "Next")) == ("", "", "")
        assert way(page, "Back to the list")
    page = client.get(f"{rows[2].get_absolute_url()}?list=q%3Dpng").content.decode()
    assert place(page) == "3 of 6"


def test_only_what_the_person_may_see_is_counted(client: Client, rows: list[Diagnosis], charlie: User) -> None:
    stored_result(charlie, file_name="0.png", created=NOON)
    assert place(opened(client, "", "0")) == "1 of 6"


@pytest.mark.parametrize("query", ["prediction%3Dx", "q%3D%00", "after%3D1", "%FF", "since%3D9999-99-99", "a" * 9000])
def test_rubbish_shows_the_result(client: Client, rows: list[Diagnosis], query: str) -> None:
    assert client.get(f"{rows[2].get_absolute_url()}?list={query}").status_code == 200
