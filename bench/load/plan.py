"""What is done in a run, and what the virtual users are told of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadPlan:
    """`people` upload without a pause and open a page every `pause` seconds; `seconds` count, after `warm_up` ones.

    bare_seconds: how long the engine alone is asked, before and after. abusive: how many more send costly files.
    """

    people: int = 20
    warm_up: float = 10
    seconds: float = 45
    bare_seconds: float = 8
    pause: tuple[float, float] = (3, 7)
    abusive: int = 0

    @property
    def whole(self) -> float:
        return self.warm_up + self.seconds


QUICK = LoadPlan(people=4, warm_up=1, seconds=4, bare_seconds=0.5, pause=(0.2, 0.5))


@dataclass(frozen=True)
class Picture:
    """A file to upload. probability: of COVID, as the same engine answered before, with nothing in between."""

    path: str
    sha256: str
    probability: float
