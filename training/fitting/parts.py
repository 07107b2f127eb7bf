"""Features shared out over machines: `--shard 2/3` computes every third view into a part of its own of the same store.

The cache is a folder that all machines see. A view belongs to a shard by its key, so a part that was interrupted goes
on where it stopped, whichever machine takes it up. A part is a store of its own below the one it belongs to, with
a lock of its own; the run, or whoever comes last, moves the rows of all parts into the store and deletes the parts.
"""

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras

from training.fitting.features import FeatureStore, MakeRunner, View, fill_store

PART = "part-"
AT_ONCE = 256
"""Rows that are moved at once: a row of maps has a megabyte."""


class PartDone(Exception):
    """This machine's share is on disk; the message says what is still to be done, and where."""


@dataclass(frozen=True)
class Shard:
    """The ``number``-th, from 1, of ``of`` machines. Raises ValueError for other numbers."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(f"{self} is no shard: 1/3, 2/3 and 3/3 are those of three machines.")

    @classmethod
    def parsed(cls, text: str) -> "Shard":
        """Of "2/3". Raises ValueError."""
        if not (found := re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)):
            raise ValueError(f"{text!r} is no shard: 1/3, 2/3 and 3/3 are those of three machines.")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def suffix(self) -> str:
        """For the name of a folder that no other shard uses."""
        return f"-shard-{self.number}-of-{self.of}"

    def has(self, key: str) -> bool:
        return int(hashlib.sha256(key.encode()).hexdigest(), 16) % self.of == self.number - 1

    def store(self, whole: FeatureStore) -> FeatureStore:
        """Where this machine writes."""
        return FeatureStore(whole.folder / f"{PART}{self.number}-of-{self.of}", whole.shapes)


def fill_in_parts(
    store: FeatureStore,
    frozen: keras.Model,
    views: Sequence[View],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    make_runner: MakeRunner | None = None,
    shard: Shard | None = None,
) -> None:
    """What fill_store does, with the parts of other machines; of a shard, no more than its own share.

    Returns when the store has every view. Raises PartDone where the parts of other machines are still missing, and
    StoreInUse, before any work, where a machine is still writing one that is to be moved.
    """
    if shard is not None:
        there = {key for part in (store, *parts_of(store)) for key in part.rows}
        mine = [view for view in views if shard.has(view.key) and view.key not in store.rows]
        fill_store(shard.store(store), frozen, mine, on_progress, make_runner)
        there |= {view.key for view in mine}
        if left := {view.key for view in views} - there:
            raise PartDone(
                f"Shard {shard} of the features is done. {len(left)} of other shards are not there yet: when all are, "
                "run the same command again, on any machine."
            )
    merge_parts(store)
    fill_store(store, frozen, views, on_progress, make_runner)


def check_no_shard(shard: Shard | None) -> None:
    """A shard ends where the features do. Raises PartDone."""
    if shard is not None:
        raise PartDone("All features are there. Run the command without --shard, on one machine: it uses them.")


def parts_of(store: FeatureStore) -> list[FeatureStore]:
    return [FeatureStore(folder, store.shapes) for folder in sorted(store.folder.glob(f"{PART}*")) if folder.is_dir()]


def merge_parts(store: FeatureStore) -> None:
    """Move the rows of every part into the store. Raises StoreInUse or NotEnoughSpace, with nothing lost."""
    parts = parts_of(store)
    if not parts:
        return
    with store.open_for_writing():
        for part in parts:
            with part.open_for_writing():
                _move(part, store)
                shutil.rmtree(part.folder)


def _move(part: FeatureStore, store: FeatureStore) -> None:
    keys = store.missing(list(part.rows))
    store.check_space(len(keys))
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        rows = [part.rows[key] for key in some]
        store.append(some, [part.tensors(index)[rows] for index in range(len(store.shapes))])
