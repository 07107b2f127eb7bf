"""The figures of a finished version, for the line that a run ends with and for TensorBoard."""

import json
from pathlib import Path
from typing import Any

NAMES = {"accuracy": "accuracy", "sensitivity": "sensitivity", "specificity": "specificity", "roc_auc": "ROC AUC"}
NAMES |= {"mean_roc_auc": "mean ROC AUC of each class"}
"""The last one only where a version has classes of its own."""
PARTS = ("test", "test_part", "validation")


def final_figures(version: Path) -> dict[str, float]:
    """`part/figure` → value, of every part that the version's card has figures of."""
    path = version / "model_card.json"
    card = json.loads(path.read_text()) if path.is_file() else {}
    parts: dict[str, Any] = card.get("figures", {}).get("parts", {})
    flat = {part: figures | (figures.get("classes") or {}) | _own(figures) for part, figures in parts.items()}
    return {
        f"{part}/{name}": float(figures[name]["value"])
        for part, figures in flat.items()
        for name in NAMES
        if isinstance(figures.get(name), dict) and figures[name].get("value") is not None
    }


def _own(figures: dict[str, Any]) -> dict[str, Any]:
    """The accuracy of the answer, which the one of classes would hide."""
    return {"accuracy": figures.get("accuracy")}


def closing_sentence(version: Path) -> str:
    """Accuracy, sensitivity, specificity and ROC AUC of the best judged part; empty where the card has none."""
    figures = final_figures(version)
    for part in PARTS:
        if f"{part}/accuracy" in figures:
            said = [
                f"{word} {figures[f'{part}/{name}']:.3f}" for name, word in NAMES.items() if f"{part}/{name}" in figures
            ]
            return f"{part.replace('_', ' ').capitalize()}: {', '.join(said)}."
    return ""
