"""What the network can find: class order, index of COVID, the three answers."""

from enum import StrEnum

CLASS_NAMES = ("COVID", "Non-COVID")
"""Index order of the network's softmax, written down here and nowhere else."""


COVID_INDEX = 0


class Prediction(StrEnum):
    """What a radiograph can be called; COVID is the positive class everywhere."""

    POSITIVE = "Positive"
    NEGATIVE = "Negative"
    INDETERMINATE = "Indeterminate"
