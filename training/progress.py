"""What a run shows while it works: bars with the time left on a terminal, lines in a log file."""

import logging
from collections.abc import Callable
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

logger = logging.getLogger(__name__)


class Progress:
    """Bars on standard error while it is open."""

    def __init__(self, console: Console | None = None) -> None:
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console or Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Progress":
        self.bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    def say(self, sentence: str) -> None:
        """A line that stays."""
        self.bars.console.print(sentence, highlight=False)
        logger.info(sentence)

    def of(self, name: str) -> Callable[..., None]:
        """A function to be called with what is done and the total."""

        logged = 0

        def update(done: int, total: int, note: str = "") -> None:
            nonlocal logged
            if name not in self._tasks:
                self._tasks[name] = self.bars.add_task(name, total=total, note="")
            self.bars.update(self._tasks[name], completed=done, total=total, note=note)
            if done == total or done - logged > total / 20:
                logged = done
                logger.info("%s: %d of %d", name, done, total)

        return update

    def epochs(self, name: str, total: int) -> keras.callbacks.Callback:
        """A Keras callback that moves a bar once for each epoch."""
        update = self.of(name)

        def after(epoch: int, logs: dict[str, Any]) -> None:
            note = f"loss {logs['loss']:.4f}, validation {logs['val_loss']:.4f}"
            logger.info("%s, epoch %d: %s", name, epoch + 1, note)
            update(epoch + 1, total, note)

        return keras.callbacks.LambdaCallback(on_epoch_end=after)
