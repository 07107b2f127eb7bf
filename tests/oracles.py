"""Programs that judge what the site makes, in an environment of their own (requirements-oracles.txt)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def judged(program: str, given: Any) -> Any:
    """What a piece of Python makes of `given`, both as JSON. Without the environment the test is skipped."""
    python = Path(sys.prefix) / "oracles/bin/python"
    if not python.exists():
        message = "what judges it is not installed (make .venv/oracles/.requirements)"
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(message)
    answer = subprocess.run(
        [python, "-W", "ignore", "-c", program], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)
