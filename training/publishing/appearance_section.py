"""The card's section on what readers would call the radiograph, as words and one table."""

from diagnosis.estimates import Estimate
from diagnosis.inference.appearances import COLUMNS
from training.evaluation.appearance_judgement import AppearanceFigures
from training.publishing.unseen_sections import Json, section

WORDS = {name: f"{name} appearance" for name in COLUMNS} | {"negative": "negative for pneumonia"}


def appearance_section(figures: AppearanceFigures) -> Json:
    texts = [
        "The words of the RSNA consensus, as radiologists read these studies. The head is a linear one on what the "
        "network has computed, and learned from readings in which no hospital stands for an appearance; it is judged "
        "on studies of other patients of the same hospitals. How it does at other hospitals is not known.",
        f"ROC AUC of one against the rest: mean {_shown(figures.mean_auc)}. Quadratic kappa of the most probable "
        f"appearance with the readers' {_shown(figures.kappa)}. Indeterminate and atypical are hardly told apart from "
        "the rest: read the four probabilities together, and none of them as a diagnosis.",
        "A negative reading does not exclude COVID-19. Of children, nothing is known.",
    ]
    rows = [
        (
            WORDS[name],
            str(figures.pictures[kind]),
            _shown(figures.auc[kind]),
            *(f"{count / max(figures.pictures[kind], 1):.0%}" for count in figures.confusion[kind]),
        )
        for kind, name in enumerate(COLUMNS)
    ]
    header = ("read as", "studies", "ROC AUC", *(f"called {name}" for name in COLUMNS))
    return section("appearances", "What readers would call it", texts, header, rows)


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
