"""What a run shows while it works: bars with the time left on a terminal, lines in a log file."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

if TYPE_CHECKING:
    import keras

Item = TypeVar("Item")
logger = logging.getLogger(__name__)

WIDE = 100
"""Columns of a terminal in which an epoch's bar has room for the time that went by, next to the time left."""
LINE_EVERY = 60
"""Seconds, where the output is no terminal and a bar would be rubbish in a file."""


class Progress:
    """Bars on standard error while it is open."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self.is_terminal = console.is_terminal
        elapsed = [TimeElapsedColumn(table_column=_whole())] if console.width >= WIDE else []
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(table_column=_whole()),
            *elapsed,
            TimeRemainingColumn(table_column=_whole()),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not self.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Progress":
        self.bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    def say(self, sentence: str) -> None:
        """A line that stays."""
        self.bars.console.print(sentence, highlight=False, markup=False, soft_wrap=not self.is_terminal)
        logger.info(sentence)

    def of(self, name: str) -> Callable[..., None]:
        """A function to be called with what is done and the total."""

        logged, lines = 0, Lines(name)

        def update(done: int, total: int, note: str = "") -> None:
            nonlocal logged
            if not self.is_terminal and (line := lines.line(done, total, note)):
                self.bars.console.print(line, highlight=False, markup=False, soft_wrap=True)
            if name not in self._tasks:
                self._tasks[name] = self.bars.add_task(name, total=total, note="")
            self.bars.update(self._tasks[name], completed=done, total=total, note=note)
            if done == total or done - logged > total / 20:
                logged = done
                logger.info("%s: %d of %d", name, done, total)

        return update

    def epochs(self, name: str, total: int) -> "keras.callbacks.Callback":
        """A Keras callback that moves a bar once for each epoch."""
        import keras  # takes seconds, and commands that train nothing have bars too

        update = self.of(name)

        def after(epoch: int, logs: dict[str, Any]) -> None:
            note = f"loss {logs['loss']:.4f}, validation {logs['val_loss']:.4f}"
            logger.info("%s, epoch %d: %s", name, epoch + 1, note)
            update(epoch + 1, total, note)

        return keras.callbacks.LambdaCallback(on_epoch_end=after)


def _whole() -> Column:
    """Its numbers are never cut: where a terminal is narrow, the bar is what gets shorter."""
    return Column(no_wrap=True)


def counted(items: Sequence[Item], bar: Callable[[int, int], None]) -> Iterator[Item]:
    """The items, one after the other, with a bar that moves."""
    for number, item in enumerate(items):
        bar(number, len(items))
        yield item
    bar(len(items), len(items))


class Lines:
    """For output that is no terminal: a line a minute with what is done, and how long the rest takes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = self.shown = self.since = time.monotonic()
        self.first = self.total = 0

    def line(self, done: int, total: int, note: str = "") -> str:
        """Empty where the last line is not a minute old and there is more to come."""
        now = time.monotonic()
        if total != self.total:
            self._begin(now, done, total)
        if done < total and now - self.shown < LINE_EVERY:
            return ""
        self.shown = now
        rest = self._left(now, done) if done < total else f"took {(now - self.began) / 60:.1f} min"
        return ", ".join(filter(None, (f"{self.name}: {done} of {total}", note, rest)))

    def _begin(self, now: float, done: int, total: int) -> None:
        """The first call, or another part of the work; what was done before, by a run that goes on, took no time."""
        self.began = now if self.total else self.began
        self.since, self.first, self.total = now, done, total

    def _left(self, now: float, done: int) -> str:
        if done <= self.first:
            return ""
        return f"{(now - self.since) / (done - self.first) * (self.total - done) / 60:.0f} min left"
