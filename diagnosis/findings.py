"""What the network can find, and what it can be called: class order, answers, opacities, appearances, quality."""

from dataclasses import dataclass
from enum import StrEnum

CLASS_NAMES = ("COVID", "Non-COVID")
"""Index order of the network's softmax, written down here and nowhere else."""


COVID_INDEX = 0
"""Of the leading class, whatever it is called, in the classes of every version."""
FEWEST_CLASSES, MOST_CLASSES = 2, 14
LONGEST_CLASS_NAME = 20
"""As the column of findings has it."""
CLASS_SEPARATOR = ";"
"""Between the names of classes that one picture has together."""


class Appearance(StrEnum):
    """What readers call a radiograph of a person who may have COVID-19 (RSNA consensus), in the order of the page."""

    TYPICAL = "typical"
    INDETERMINATE = "indeterminate"
    ATYPICAL = "atypical"
    NEGATIVE = "negative"


@dataclass(frozen=True)
class Classes:
    """What a version tells apart: the two of `CLASS_NAMES`, or what its folders were called.

    names: the leading one first; its probability is the answer's. is_multi_label: whether a picture may have several
    of them, or none. Raises ValueError for names that no version may have.
    """

    names: tuple[str, ...] = CLASS_NAMES
    is_multi_label: bool = False

    def __post_init__(self) -> None:
        if words := set(self.names) & set(Appearance):
            raise ValueError(f"{', '.join(sorted(words))} is the name of an appearance: give the class another one")
        if not FEWEST_CLASSES <= len(self.names) <= MOST_CLASSES:
            raise ValueError(f"A version tells {FEWEST_CLASSES} to {MOST_CLASSES} classes apart, not {len(self.names)}")
        if len({name.casefold() for name in self.names}) < len(self.names):
            raise ValueError(f"Two classes have the same name: {', '.join(self.names)}")
        for name in self.names:
            if not name.isprintable() or name != name.strip() or not 0 < len(name) <= LONGEST_CLASS_NAME:
                raise ValueError(f"{name!r} is no name of a class: give it 1 to {LONGEST_CLASS_NAME} characters")
            if set(name) & {CLASS_SEPARATOR, "|", "/"}:
                raise ValueError(f"{name!r} is no name of a class: it has a semicolon, a bar or a slash")

    @property
    def leading(self) -> str:
        return self.names[COVID_INDEX]

    @property
    def others(self) -> tuple[str, ...]:
        return self.names[COVID_INDEX + 1 :]

    @property
    def rest(self) -> str:
        """What is said of a picture without the leading class."""
        return self.names[1] if len(self.names) == len(CLASS_NAMES) and not self.is_multi_label else "all others"

    @property
    def are_usual(self) -> bool:
        """Whether it is COVID or not, as in every version that came before."""
        return self == USUAL_CLASSES


USUAL_CLASSES = Classes()


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


class Verdict(StrEnum):
    """Of the gate on a picture. ok: assess it. limited: the answer is Indeterminate. refused: no answer."""

    OK = "ok"
    LIMITED = "limited"
    REFUSED = "refused"
