"""What the network can find, and what it can be called: class order, answers, opacities, appearances, quality."""

from enum import StrEnum

CLASS_NAMES = ("COVID", "Non-COVID")
"""Index order of the network's softmax, written down here and nowhere else."""


COVID_INDEX = 0


class Prediction(StrEnum):
    """What a radiograph can be called; COVID is the positive class everywhere."""

    POSITIVE = "Positive"
    NEGATIVE = "Negative"
    INDETERMINATE = "Indeterminate"


class OpacityAnswer(StrEnum):
    """Are there opacities in the lungs, whatever their cause?"""

    YES = "yes"
    UNCLEAR = "unclear"
    NO = "no"


class Appearance(StrEnum):
    """What readers call a radiograph of a person who may have COVID-19 (RSNA consensus), in the order of the page."""

    TYPICAL = "typical"
    INDETERMINATE = "indeterminate"
    ATYPICAL = "atypical"
    NEGATIVE = "negative"


class Verdict(StrEnum):
    """Of the gate on a picture. ok: assess it. limited: the answer is Indeterminate. refused: no answer."""

    OK = "ok"
    LIMITED = "limited"
    REFUSED = "refused"
