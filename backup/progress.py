"""What a command shows while it works: bars on a terminal, their ends in a log file."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """Bars on standard error while it is open, one for each thing that is counted."""

    def __init__(self) -> None:
        done = TextColumn("{task.completed:,.0f} of {task.total:,.0f}")
        columns = (TextColumn("{task.description}"), BarColumn(), done, TimeElapsedColumn())
        self._bars = Progress(*columns, console=Console(stderr=True))
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def start(self, name: str, total: int) -> None:
        """Begin to count, or begin anew."""
        if name in self._tasks:
            self._bars.reset(self._tasks[name], total=total)
        else:
            self._tasks[name] = self._bars.add_task(name, total=total)

    def step(self, name: str, done: int = 1) -> None:
        self._bars.advance(self._tasks[name], done)

    def finish(self, name: str) -> None:
        """All of it is done, also what was too small to be told."""
        self._bars.update(self._tasks[name], completed=self._bars.tasks[self._tasks[name]].total)
