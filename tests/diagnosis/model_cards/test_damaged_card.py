"""Cards that are damaged at any place: the page says what is missing, and never fails."""

import copy
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from diagnosis.inference.artifacts import CARD
from diagnosis.model_cards.sections import sections_of
from diagnosis.model_cards.values import Value
from tests.cards import PAGE, Card, text_of, write_card
from tests.cast import client_of


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.mark.usefixtures("toy_models")
def test_a_bare_card_says_what_is_missing(client: Client) -> None:
    text = text_of(client)
    assert "entries of the card are missing or damaged" in text
    for path in ("figures", "training", "network.architecture", "created"):
        assert f"<code>{path}</code>" in text
    assert "<code>training.seconds</code>" not in text  # the whole of it is missing, which is said once


def everywhere(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*path, key)
        yield from everywhere(inner, (*path, key))


DAMAGES = {
    "null": None,
    "object": {},
    "nested": {"a": {"b": 1}},
    "list": [],
    "lists": [[[None]]],
    "text": "text",
    "half a character": "\ud800",
    "negative": -1,
    "long integer": 10**5000,
    "large": 1e308,
    "nan": float("nan"),
    "infinity": float("inf"),
    "true": True,
}


def damaged(card: Card, path: tuple[str | int, ...], damage: object) -> Card:
    broken = copy.deepcopy(card)
    holder: Any = broken
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = damage
    return broken


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_no_damage_at_any_place_breaks_a_section(card: Card, damage: object) -> None:
    for path in everywhere(card):
        broken = Value(damaged(card, path, damage))
        sections = [asdict(section) for section in sections_of(broken, ["roc"])]
        json.dumps([sections, broken.missing], ensure_ascii=False).encode()


@pytest.mark.parametrize("damage", ["object", "lists", "half a character", "infinity"])
def test_no_damage_breaks_the_page(client: Client, card: Card, toy_models: Path, damage: str) -> None:
    for key in card:
        write_card(toy_models, damaged(card, (key,), DAMAGES[damage]))
        assert client.get(PAGE).status_code == 200, key
        assert client.get("/models/").status_code == 200, key


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 20_000, b"[" * 200_000, b'{"\xed\xa0\x80": 1}'],
    ids=len,
)
def test_an_unreadable_card_is_reported(client: Client, toy_models: Path, content: bytes) -> None:
    (toy_models / "toy-1" / CARD).write_bytes(content)
    assert "The card of this model cannot be read" in text_of(client)
    assert "Card damaged" in text_of(client, "/models/")
    assert client.get("/").status_code == 200


def test_names_of_surrogates_are_shown_with_a_mark(client: Client, card: Card, toy_models: Path) -> None:
    card["training"]["parts"]["\ud800"] = {"\udfff": 1}
    write_card(toy_models, card)
    assert client.get(PAGE).status_code == 200


def test_a_disordered_rule_is_not_drawn(client: Client, card: Card, toy_models: Path) -> None:
    card["decision"]["rule"]["indeterminate_low"] = 0.9
    write_card(toy_models, card)
    text = text_of(client)
    assert "<code>decision.rule</code>" in text
    assert "scale-band" not in text
