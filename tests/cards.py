"""A model card with all that training writes into one, and a browser's view of the page made from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from diagnosis.inference.artifacts import CARD

PAGE = "/models/toy-1/"
Card = dict[str, Any]


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.0251, "high": value + 0.025}


def part(sensitivity: float = 0.9351) -> Card:
    counts = {"positive": 1474, "indeterminate": 13, "negative": 20, "refused": 1}
    names = ("accuracy", "specificity", "precision", "f1", "roc_auc", "pr_auc", "brier", "ece")
    return {
        "images": 3016,
        "prevalence": 0.5,
        "indeterminate_share": 0.0967,
        "refused_share": 0.001,
        "table": {"covid": counts, "non_covid": counts},
        **{name: estimate(0.8 + index / 100) for index, name in enumerate(names)},
        "sensitivity": estimate(sensitivity),
        "ece_at_own_prevalence": 0.0496,
        "by_source": [
            {
                "source": "covid_cxnet",
                "comparison": "its COVID against all Non-COVID",
                "covid": 104,
                "non_covid": 507,
                "roc_auc": estimate(0.9666),
            }
        ],
    }


def whole_card(card: Card) -> Card:
    """The toy's card with all that training writes into one (training.publish.describe)."""
    paper = {"accuracy": 0.8684, "sensitivity": 0.7727, "specificity": 0.8995, "precision": 0.7148, "f1": None}
    return card | {
        "version": "toy-1",
        "created": "2026-11-22T23:47:37+00:00",
        "notes": ["Served because it does better elsewhere."],
        "limits": ["Adults only."],
        "network": card["network"]
        | {
            "architecture": "ResNet-152",
            "backbone": "astra",
            "head": {"taps": [1, 0], "hidden_units": 512},
            "trained_sha256": "cd" * 32,
        },
        "recipe": {"head": {"taps": [1, 0]}, "learning_rate": 1e-05},
        "training": {
            "command": "manage.py train_resnet152 --data data",
            "seconds": 20,
            "packages": {"keras": "3.15.1"},
            "parts": {"train": {"COVID, covid_cxnet": 481, "Non-COVID, <b>ours</b>": 13}},
            "refused": 2,
            "near_duplicates_crossing": 0,
            "groups_with_both_classes": 1,
        },
        "figures": {
            "how": "Intervals: 95 %, bootstrap.",
            "parts": {"validation": part(), "test": part()},
            "beside_the_paper": {"rows": [{"model": "Paper, Model 1"} | paper], "note": "A note on the paper."},
        },
        "external": {"elsewhere": part(0.9)},
        "shortcut_audit": {
            "images": 400,
            "whole": estimate(0.96),
            "without_centre": estimate(0.65),
            "border": estimate(0.51),
            "border_probe": None,
            "size_shift": None,
            "centre_share": 0.7,
            "border_share": 0.08,
            "meaning": "The border gives it away.",
        },
    }


def read_card(models_dir: Path) -> Card:
    return json.loads((models_dir / "toy-1" / CARD).read_text())


def write_card(models_dir: Path, card: object) -> None:
    (models_dir / "toy-1" / CARD).write_text(json.dumps(card))


@pytest.fixture
def card(toy_models: Path) -> Card:
    """A whole card in the folder of the served version; its contract and decision are the toy's."""
    card = whole_card(read_card(toy_models))
    write_card(toy_models, card)
    return card


def text_of(client: Client, address: str = PAGE) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()
