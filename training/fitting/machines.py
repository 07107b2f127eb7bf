"""Several machines that train one network: who takes part, TF_CONFIG, and what they tell each other (tf.distribute).

One process for each GPU, or for each machine without one. Each of them has a copy of the network and reads its share of
every batch; the first one, which alone writes, is the chief.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

TF_CONFIG = "TF_CONFIG"
EXAMPLE = '{"cluster": {"worker": ["one:2222", "two:2222"]}, "task": {"type": "worker", "index": 0}}'
CODE_BYTES = 16
"""Of a digest that all compare."""


class MachinesRefused(RuntimeError):
    """The machines cannot train together; the message says why."""


@dataclass(frozen=True)
class Place:
    """Which of the processes this one is, from 0, and the addresses of all, the chief's first."""

    number: int
    addresses: tuple[str, ...]

    @property
    def is_chief(self) -> bool:
        return self.number == 0

    @property
    def of(self) -> int:
        return len(self.addresses)

    @property
    def suffix(self) -> str:
        """For the name of a folder that no other process uses."""
        return "" if self.is_chief else f"-machine-{self.number + 1}-of-{self.of}"


def place_from_environment() -> Place | None:
    """What TF_CONFIG says; None where it is not set or names one process only. Raises MachinesRefused."""
    if not (text := os.environ.get(TF_CONFIG)):
        return None
    try:
        config = json.loads(text)
        jobs = [(job, index) for job in ("chief", "worker") for index in range(len(config["cluster"].get(job, ())))]
        addresses = tuple(str(config["cluster"][job][index]) for job, index in jobs)
        number = jobs.index((config["task"]["type"], int(config["task"]["index"])))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise MachinesRefused(f"{TF_CONFIG} names no machine that trains. It looks like this: {EXAMPLE}") from error
    return Place(number, addresses) if len(addresses) > 1 else None


@dataclass(frozen=True)
class Machines:
    """The processes of a run, once all are there. Whatever is asked of all has to be asked by all, in one order."""

    place: Place
    strategy: Any

    @classmethod
    def gathered(cls, place: Place) -> "Machines":
        """Wait for all. TensorFlow must not have computed anything in this process yet. Raises MachinesRefused."""
        if keras.backend.backend() != "tensorflow":
            raise MachinesRefused("Training on several machines needs KERAS_BACKEND=tensorflow.")
        import tensorflow as tf

        with sentences(place):
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        if strategy.num_replicas_in_sync != place.of:
            raise MachinesRefused("Give each process one GPU: CUDA_VISIBLE_DEVICES=0 for the first one of a machine.")
        return cls(place, strategy)

    def sums(self, values: Sequence[Any]) -> list[Any]:
        """Tensors, each summed over the machines. Within strategy.run."""
        import tensorflow as tf

        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(values))

    def summed(self, value: np.ndarray) -> np.ndarray:
        """An array, summed over the machines. Raises MachinesRefused."""
        import tensorflow as tf

        with sentences(self.place):
            return np.asarray(self.strategy.run(lambda tensor: self.sums([tensor])[0], args=(tf.constant(value),)))

    def told(self, value: np.ndarray) -> np.ndarray:
        """The chief's array, of the same shape and kind everywhere."""
        return self.summed(value if self.place.is_chief else np.zeros_like(value))

    def says(self, fact: bool) -> bool:
        """Whether it is so on the chief."""
        return bool(self.told(np.array(fact, np.int64)))

    def share_variables(self, variables: Sequence[keras.Variable]) -> None:
        """Give all machines the chief's values."""
        for variable in variables:
            value = np.asarray(variable)
            kind = np.int64 if value.dtype.kind in "iu" else value.dtype
            variable.assign(self.told(value.astype(kind)).astype(value.dtype))

    def wait(self) -> None:
        """Until all have come here."""
        self.summed(np.zeros(1))

    def check_same(self, digest: bytes) -> None:
        """Raises MachinesRefused where machines were given other options or other images."""
        mine = np.frombuffer(digest[:CODE_BYTES], np.uint8).astype(np.int64)
        if self.summed(np.array([(mine != self.told(mine)).sum()]))[0]:
            raise MachinesRefused(f"The machines of {TF_CONFIG} were given other options or other images.")


@contextmanager
def sentences(place: Place) -> Iterator[None]:
    """What TensorFlow says when a machine is away, as a sentence. Raises MachinesRefused."""
    import tensorflow as tf

    try:
        yield
    except (
        tf.errors.UnavailableError,
        tf.errors.DeadlineExceededError,
        tf.errors.AbortedError,
        tf.errors.CancelledError,
    ) as error:
        raise MachinesRefused(
            f"The machines of {TF_CONFIG} ({', '.join(place.addresses)}) lost each other. "
            "Start the run again on all of them, with --resume on the first one."
        ) from error
