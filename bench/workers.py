"""A part of the benchmark in a process of its own, asked over its standard input: one JSON line there, one back.

So TensorFlow's threads and memory are never in one process with OpenVINO's, and yet the two can be asked in turn.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROJECT = Path(__file__).resolve().parent.parent


class WorkerFailed(RuntimeError):
    """A part of the benchmark could not be measured, and what it said last."""


class Worker:
    """The parent's end. ``side`` names a module, and ``call`` asks for one function of its CALLS.

    ``beside`` is a program that runs the process as its command, as `scripts/with_mariadb.py` does.
    """

    def __init__(self, side: str, environment: Mapping[str, str], beside: Sequence[str] = ()) -> None:
        self.side = side
        self._process = subprocess.Popen(
            [*beside, sys.executable, "-W", "ignore", "-m", "bench.workers", side],
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def call(self, function: str, **arguments: Any) -> Any:
        """What the function returned. Raises WorkerFailed."""
        if not (self._process.stdin and self._process.stdout):
            raise WorkerFailed(f"{self.side} has no pipes")
        self._process.stdin.write(json.dumps({"function": function, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise WorkerFailed(f"{self.side}, {function}: {answer['error']}")
        return answer["result"]

    def asks(self, function: str, **arguments: Any) -> Callable[[], float]:
        """The same call as a function without arguments."""
        return lambda: float(self.call(function, **arguments))


def serve(side: str) -> None:
    """The child's end: answer until the parent closes the pipe. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    calls: dict[str, Callable[..., Any]] = importlib.import_module(side).CALLS
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": calls[request["function"]](**request["arguments"])}
        except Exception as error:  # whatever a library raises is the parent's to report
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
