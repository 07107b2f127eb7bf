"""What test_together.py starts twice: a toy network's two stages, as the machine that TF_CONFIG says this is."""

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.training.fitting.test_trainer import RECIPE, Run, stop_after
from training.fitting.machines import Machines, MachinesRefused, place_from_environment
from training.fitting.recipe import Recipe

UNEVEN = replace(RECIPE, batch_size=11)
"""Of 12 pictures: six and five of the first batch, and the last one has one for both machines."""


@dataclass
class UnevenRun(Run):
    """The classes too are uneven, so that their weights count."""

    recipe: Recipe = UNEVEN

    def __post_init__(self) -> None:
        super().__post_init__()
        self.labels[1] = 0


def refused(*asked: object) -> str:
    """What a machine is told; asked: a function and what it is called with."""
    try:
        asked[0](*asked[1:])  # type: ignore[operator]
    except MachinesRefused as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    place = place_from_environment()
    assert place is not None
    machines = Machines.gathered(place)
    kept = folder / str(place.number)  # the second machine has nothing of the first one's
    try:
        UnevenRun(kept).stage(1, stop_after(2), machines=machines)
    except KeyboardInterrupt:
        run = UnevenRun(kept if place.is_chief else folder / "empty")
    run.stage(1, machines=machines).stage(2, machines=machines)
    told = {"others": refused(machines.check_same, bytes([place.number] * 16))}
    if not place.is_chief:
        os._exit(0)
    told["lost"] = refused(lambda: UnevenRun(folder / "lost").stage(1, machines=machines))
    np.savez(folder / "tensors.npz", **run.tensors)  # type: ignore[arg-type]
    (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
