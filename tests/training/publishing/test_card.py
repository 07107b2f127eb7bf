"""A reader finds in MODEL_CARD.md what model_card.json says, and nothing in it breaks the page."""

from pathlib import Path
from typing import Any

import pytest

from tests.training.judged import PLAIN, drawn, scored
from training.evaluation.judgement import metrics_tree, part_metrics
from training.publishing.card import render_card, write_card

ESTIMATE = {"value": 0.9, "low": 0.85, "high": 0.95}


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return metrics_tree({"validation": drawn(60), "test": drawn(60, 2)}, PLAIN, resamples=50)


@pytest.fixture
def card(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "toy-1",
        "created": "2025-01-01T00:00:00+00:00",
        "contract": {
            "format": 1,
            "class_names": ["COVID", "Non-COVID"],
            "image_size": 224,
            "preprocessing": {"version": 1, "equalise": True},
        },
        "network": {
            "architecture": "ResNet-152",
            "backbone": "astra",
            "head": {"taps": [0], "hidden_units": 512},
            "weights_sha256": "ab" * 32,
            "trained_sha256": "cd" * 32,
        },
        "decision": {"calibration": figures["calibration"], "rule": figures["rule"], "evidence_scale": 1.0},
        "recipe": {"epochs": 25, "learning_rate": 1e-5},
        "training": {
            "command": "manage.py train_resnet152 --data data --name toy-1",
            "seconds": 600,
            "packages": {"keras": "3"},
            "parts": {"train": {"COVID, covid_cxnet": 12, "Non-COVID, Our | own\nhospital": 13}},
            "refused": 2,
            "near_duplicates_crossing": 0,
            "groups_with_both_classes": 1,
        },
        "figures": figures,
        "shortcut_audit": {
            "images": 100,
            "whole": ESTIMATE,
            "without_centre": ESTIMATE,
            "border": ESTIMATE,
            "border_probe": None,
            "size_shift": None,
            "centre_share": 0.7,
            "border_share": 0.08,
            "meaning": "The border gives it away.",
        },
    }


def test_the_card_has_figures_and_limits(card):
    """The card has figures with intervals audit limits citations and the command."""
    page = render_card(card)
    auc = card["figures"]["parts"]["test"]["roc_auc"]
    assert f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})" in page
    assert "| Paper, Model 1 (learning rate 1e-5) | 86.84 % | 77.27 % | 89.95 %" in page
    assert "The border gives it away." in page
    assert "not a certified medical device" in page
    assert "Haghanifar et al." in page
    assert "manage.py train_resnet152 --data data --name toy-1" in page
    assert "COVID, covid_cxnet | 12" in page


def test_a_source_s_name_cannot_break_a_table(card):
    for line in render_card(card).splitlines():
        if "Our" in line:
            assert "Our \\| own hospital" in line
            assert line.startswith("| ")


def test_an_undefined_figure_is_a_dash(card):
    card["figures"] = metrics_tree({"test": scored([1, 1], [0.1, 0.2])}, PLAIN, resamples=10)
    assert "| ROC AUC | - |" in render_card(card)


def test_external_figures_are_separate(card):
    card["external"] = {"Elsewhere": part_metrics(drawn(40, 5), PLAIN, 50)}
    page = render_card(card)
    assert "## On collections that gave nothing to training" in page
    assert "| Elsewhere | 40 |" in page
    assert "## On collections" not in render_card({key: value for key, value in card.items() if key != "external"})


def test_collection_limits_are_theirs_only(card):
    assert "most COVID images are of 2020" in render_card(card)
    card["training"]["parts"] = {"train": {"COVID, ours": 12}}
    assert "most COVID images are of 2020" not in render_card(card)


def test_notes_and_limits_of_the_version_are_shown(card):
    card |= {"notes": ["Served because it does better elsewhere."], "limits": ["Adults only."]}
    page = render_card(card)
    assert "Served because it does better elsewhere." in page
    assert "* Adults only." in page


def test_only_plots_that_exist_are_shown(card, tmp_path: Path):
    (tmp_path / "roc.svg").write_text("<svg/>")
    write_card(tmp_path, card)
    page = (tmp_path / "MODEL_CARD.md").read_text()
    assert "![ROC curves](roc.svg)" in page
    assert "history.svg" not in page


def test_a_card_without_audit_or_test(card):
    del card["shortcut_audit"]
    card["figures"] = {**card["figures"], "parts": {"validation": card["figures"]["parts"]["validation"]}}
    del card["figures"]["beside_the_paper"]
    page = render_card(card)
    assert "Shortcut audit" not in page
    assert "Beside the paper" not in page
