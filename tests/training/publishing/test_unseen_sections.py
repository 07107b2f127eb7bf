"""The tables that lead a card: the words say the figures, the rows are the sources."""

import numpy as np

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.decision import Calibration, DecisionRule
from training.evaluation.clear_films import ClearFilms
from training.evaluation.leave_out import LeftOut, summary
from training.evaluation.unseen_decision import UnseenDecision
from training.publishing.card import render_card
from training.publishing.unseen_sections import (
    clear_film_section,
    gate_section,
    left_out_section,
    shares_of,
)
from training.publishing.unseen_sections import test_section as section_of_test

RULE = UnseenDecision(Calibration(), DecisionRule(0.5, 0.4, 0.6), 0.2, 0.1, 0.9, True)


def source(name: str, label: int, logits: list[float]) -> LeftOut:
    return LeftOut(name, np.full(len(logits), label), np.array(logits), 0.9, "the others")


LEFT_OUT = [source("a", COVID_INDEX, [3, 3, -3, 0]), source("b", 1 - COVID_INDEX, [-3, -3, -3, 3])]


def test_shares_are_means_over_sources():
    assert shares_of(LEFT_OUT, RULE) == {"called_positive": 0.25, "called_negative": 0.25, "indeterminate": 0.125}


def test_the_left_out_table_has_a_row_for_each_source():
    section = left_out_section(LEFT_OUT, RULE, summary(LEFT_OUT) | shares_of(LEFT_OUT, RULE))
    assert section["table"]["rows"][0] == ["a", "COVID", "4", "0.900", "50.0 %", "25.0 %", "25.0 %", "33.3 %"]
    assert section["table"]["rows"][1][:3] == ["b", "Non-COVID", "4"]
    assert any("25.0 % were called Positive" in text for text in section["texts"])


def test_clear_films_are_worded():
    section = clear_film_section(ClearFilms(36, 55, 0.1, 0.8, 0.7))
    assert section["table"]["rows"] == [["clear to readers", "36", "10.0 %"], ["typical to readers", "55", "80.0 %"]]


def test_a_card_shows_them_first():
    kinds = {"flowers": {"pictures": 3, "refused": 1.0, "limited": 0.0, "warned": 0.0}}
    section = gate_section({"by_kind": kinds, "by_source": {"jsrt": {"pictures": 9, "refused": 0.01}}})
    card = {
        "version": "v",
        "created": "now",
        "contract": {"image_size": 224, "class_names": ["COVID", "Non-COVID"], "preprocessing": {}},
        "network": {"architecture": "ResNet-152", "backbone": "toy", "head": {}, "weights_sha256": "0"},
        "sections": [section],
        "figures": {"how": "", "parts": {}},
        "decision": {
            "rule": {"operating_point": 0.5, "indeterminate_low": 0.4, "indeterminate_high": 0.6},
            "calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5, "method": "platt"},
            "opacities": {"yes_from": 0.5},
        },
        "training": {
            "parts": {},
            "refused": 0,
            "near_duplicates_crossing": 0,
            "groups_with_both_classes": 0,
            "packages": {},
            "command": "c",
            "seconds": 0,
        },
        "recipe": {},
    }
    text = render_card(card)
    assert text.index("## Pictures that cannot be assessed") < text.index("## Figures")
    assert "| flowers | 3 | 100.0 % | 0.0 % | 0.0 % |" in text
    assert "left-out source jsrt: 1.0 % were refused" in text
    assert "left out of training, every source" in text


def test_figures_of_answered_pictures_of_test():
    """Refused and indeterminate pictures are in the number, and in nothing else."""
    covid = {"positive": 6, "indeterminate": 1, "negative": 2, "refused": 1}
    others = {"positive": 1, "indeterminate": 0, "negative": 9, "refused": 0}
    figures = {"table": {"covid": covid, "non_covid": others}, "roc_auc": {"value": 0.9}}
    (row,) = section_of_test({"all of Test": figures})["table"]["rows"]
    assert row == ["all of Test", "20", "0.900", "90.0 %", "83.3 %", "75.0 %", "90.0 %"]
