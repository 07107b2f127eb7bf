"""promtool, which judges what the site gives Prometheus."""

import os
import shutil
import subprocess

import pytest


def promtool(*arguments: str, text: str = "") -> str:
    """What it says; the test fails where it is not content, and is skipped where it is missing (not by `make test`)."""
    program = shutil.which("promtool")
    if program is None:
        message = "promtool is not installed"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
