"""The models' pages: the list, the card as a page, and its plots."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from diagnosis.inference.artifacts import CARD, CURRENT, OWN_CLASSES, set_current_version
from diagnosis.models import Diagnosis, ModelVersion
from tests.cards import PAGE, Card, part, read_card, text_of, write_card
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed

NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def test_the_page_says_what_the_card_says(client: Client, card: Card) -> None:
    text = text_of(client)
    for expected in (
        "Served because it does better elsewhere.",
        "22 Nov 2026, 23:47",
        "224 × 224 pixels",
        "a hidden layer of 512 units",
        "0.935 (0.910 to 0.960)",  # rounded, not cut
        "validation, 3,016 images",
        f"9.7{NBSP}%",
        f"<td>86.84{NBSP}%</td><td>77.27{NBSP}%</td>",
        "A note on the paper.",
        "elsewhere",
        "The border gives it away.",
        f"The model, middle 70.0{NBSP}% of each side blacked out",
        "covid_cxnet",
        "0.967 (0.942 to 0.992)",
        "Adults only.",
        "not a certified medical device",
        "most COVID images are of 2020",
        "Haghanifar et al.",
        "CC BY 4.0",
        "ab" * 32,
        "cd" * 32,
        "keras 3.15.1",
        "learning_rate: 1e-05",
    ):
        assert expected in text
    assert "missing or damaged" not in text


def test_the_rule_is_drawn_where_it_lies(client: Client, card: Card) -> None:
    text = text_of(client)
    assert 'class="scale-band" x="20.00%" y="6" width="8.00%"' in text
    assert 'x1="24.00%"' in text
    assert f"Negative below 20.0{NBSP}%, operating point 24.0{NBSP}%, Positive from 28.0{NBSP}%" in text


def test_values_of_a_card_stay_text(client: Client, card: Card) -> None:
    assert "&lt;b&gt;ours&lt;/b&gt;" in text_of(client)


def test_card_english_reads_left_to_right(client: Client, card: Card, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="ar")
    assert '<p class="measure" dir="auto">Served because it does better elsewhere.</p>' in text_of(client)


def test_a_failing_rule_is_pointed_out(client: Client, card: Card, toy_models: Path) -> None:
    """A rule that fails elsewhere is said and one that holds is not."""
    assert "does not carry over" not in text_of(client)
    card["external"] = {"elsewhere": part(0.0411)}
    write_card(toy_models, card)
    text = text_of(client)
    assert f"called only 4.1{NBSP}%" in text
    assert "does not carry over" in text


def test_an_undefined_figure_is_a_dash_and_no_damage(client: Client, card: Card, toy_models: Path) -> None:
    card["figures"]["parts"]["test"]["roc_auc"] = None
    card["figures"]["parts"]["test"]["ece_at_own_prevalence"] = None
    write_card(toy_models, card)
    text = text_of(client)
    assert "<td>–</td>" in text
    assert "missing or damaged" not in text


def test_what_was_never_measured_is_said(client: Client, card: Card, toy_models: Path) -> None:
    for name in ("external", "shortcut_audit", "notes", "limits"):
        del card[name]
    del card["figures"]["parts"]["test"], card["figures"]["beside_the_paper"]
    write_card(toy_models, card)
    text = text_of(client)
    assert "It is not known how well it works in another hospital." in text
    assert "No audit was made" in text
    assert "not evaluated on a Test folder" in text
    assert "missing or damaged" not in text


def test_other_classes_are_not_compared_with_the_paper(client: Client, card: Card, toy_models: Path) -> None:
    """A version with classes of its own has no such table, which is no damage; it says who chose its point."""
    card["contract"] |= {"format": OWN_CLASSES, "class_names": ["COVID", "Normal", "Viral"], "multi_label": False}
    card["decision"]["others"] = {"among": 1.0, "each": []}
    del card["figures"]["beside_the_paper"]
    for decides in (True, False):
        write_card(toy_models, card | {"left_out": {"summary": {}, "decides": decides}})
        text = text_of(client)
        assert "Compared with the paper" not in text
        assert "missing or damaged" not in text
        assert ("were chosen on sources that were left out" in text) is decides


class TestPlots:
    """The only files of a version that are handed out."""

    @pytest.fixture
    def folder(self, toy_models: Path) -> Path:
        folder = toy_models / "toy-1"
        for name in ("roc", "worst_errors", "evil"):
            (folder / f"{name}.svg").write_text(
                "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
            )
        (folder / "errors.csv").write_text("file")
        (folder / "worst_errors.png").write_bytes(b"\x89PNG")
        return folder

    def test_a_plot_is_an_image_in_a_sandbox(self, client: Client, folder: Path) -> None:
        answer = client.get(f"{PAGE}plots/roc.svg")
        assert answer.getvalue() == (folder / "roc.svg").read_bytes()
        assert answer["Content-Type"] == "image/svg+xml"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        policy = answer["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "sandbox"} <= set(policy)
        assert "script" not in answer["Content-Security-Policy"]

    def test_plots_are_shown_with_captions(self, client: Client, folder: Path) -> None:
        """The page shows those that are there and says what they show."""
        text = text_of(client)
        assert '<img src="/models/toy-1/plots/roc.svg" alt="Curves of sensitivity' in text
        assert text.count('<img src="/models/') == 1

    @pytest.mark.parametrize(
        "tail",
        [
            "worst_errors.svg",
            "worst_errors.png",
            "evil.svg",
            "history.svg",
            "roc.png",
            "roc",
            "..%2froc.svg",
            "..%2f..%2ftoy-1%2froc.svg",
            "roc%00.svg",
            "../errors.csv",
            "../model_card.json",
            "../worst_errors.png",
        ],
    )
    def test_nothing_else_is(self, client: Client, folder: Path, tail: str) -> None:
        assert client.get(f"{PAGE}plots/{tail}").status_code == 404

    def test_a_link_to_elsewhere_is_not_followed(self, client: Client, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "secret.svg").write_text("<svg/>")
        (folder / "calibration.svg").symlink_to(tmp_path / "secret.svg")
        assert client.get(f"{PAGE}plots/calibration.svg").status_code == 404


@pytest.mark.parametrize("name", ["toy-2", "..", "%2e%2e", "..%2ftoy-1", ".hidden", "TOY-1", "x" * 100, "toy-1%00"])
def test_a_version_that_is_not_there_is_404(client: Client, toy_models: Path, name: str) -> None:
    """Even where a card and a plot lie behind a name that is no version's."""
    for folder in (toy_models.parent, toy_models / ".hidden", toy_models / "TOY-1"):
        folder.mkdir(exist_ok=True)
        (folder / CARD).write_text("{}")
        (folder / "roc.svg").write_text("<svg/>")
    assert client.get(f"/models/{name}/").status_code == 404
    assert client.get(f"/models/{name}/plots/roc.svg").status_code == 404


def test_the_list_marks_the_served_version(client: Client, card: Card, toy_models: Path) -> None:
    (toy_models / "alpha").mkdir()
    (toy_models / "alpha" / CARD).write_text(json.dumps(card))
    (toy_models / ".half-written").mkdir()
    (toy_models / ".half-written" / CARD).write_text("{")
    text = text_of(client, "/models/")
    assert "half-written" not in text
    toy, alpha = text.index("/models/toy-1/"), text.index("/models/alpha/")
    assert toy < alpha
    assert "In use" in text[toy:alpha]
    assert ">Built<" in text[toy:alpha]
    assert "In use" not in text[alpha:]
    assert "Not built" in text[alpha:]
    assert "0.935 (0.910 to 0.960)" in text[toy:alpha]


def test_other_weights_count_as_not_built(client: Client, card: Card, toy_models: Path) -> None:
    card["network"]["weights_sha256"] = "ef" * 32
    write_card(toy_models, card)
    assert "Not built" in text_of(client)


def test_without_a_model_in_use_the_list_warns(client: Client, toy_models: Path) -> None:
    (toy_models / CURRENT).unlink()
    assert "No model is in use" in text_of(client, "/models/")


def test_without_any_model_the_list_says_so(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path / "nowhere"
    assert "There is no version on this machine." in text_of(client, "/models/")


@pytest.mark.usefixtures("card")
def test_the_result_leads_to_the_model(client: Client, alice: User, engine: ToyEngine) -> None:
    assert f'<a href="{PAGE}">toy-1</a>' in text_of(client, diagnosed(alice).get_absolute_url())
    assert "First answer with these weights" in text_of(client)


@pytest.mark.usefixtures("card", "engine")
def test_a_deleted_version_keeps_its_card(client: Client, alice: User, toy_models: Path) -> None:
    diagnosed(alice)
    for path in (toy_models / "toy-1").iterdir():
        path.unlink()
    text = text_of(client)
    assert "no longer on this machine" in text
    assert "The border gives it away." in text


@pytest.mark.usefixtures("engine")
def test_other_weights_answers_are_marked(client: Client, alice: User, card: Card) -> None:
    """Answers by other weights are not passed off as this card's."""
    diagnosed(alice)
    assert "with other weights" not in text_of(client)
    ModelVersion.objects.create(version="toy-1", weights_sha256="ef" * 32, card={})
    text = text_of(client)
    assert "with other weights" in text
    assert "efefefefefef" in text


@pytest.mark.usefixtures("engine")
def test_the_process_names_its_model(client: Client, alice: User, toy_models: Path) -> None:
    """Another version that is chosen while the process runs, and is not built, is not in use."""
    diagnosed(alice)
    (toy_models / "toy-2").mkdir()
    (toy_models / "toy-2" / CARD).write_text(json.dumps(read_card(toy_models)))
    set_current_version(toy_models, "toy-2")
    text = text_of(client, "/models/")
    assert "In use" in text[text.index("/models/toy-1/") : text.index("/models/toy-2/")]


@pytest.mark.usefixtures("card", "engine")
def test_the_pages_cost_a_constant_number_of_queries(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for seed in range(3):
        diagnosed(alice, seed)
    assert Diagnosis.objects.count() == 3
    with django_assert_num_queries(5):  # session, person, institution, model versions, operating points
        client.get(PAGE)
    with django_assert_num_queries(4):
        client.get("/models/")


def test_heading_ranks_have_no_gap(client: Client, card: Card) -> None:
    text = text_of(client)
    ranks = [int(piece[0]) for piece in text.split("<h")[1:] if piece[0].isdecimal()]
    assert ranks[0] == 1
    assert ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(ranks))
    assert text.count("<table") == text.count("<caption")
    assert '<th scope="row">' in text
