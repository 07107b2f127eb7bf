"""Which covidxray this is: its version, and the commit where that can be known."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

VERSION = "0.1.0"
_PROJECT = Path(__file__).resolve().parent.parent


@cache
def commit() -> str:
    """The commit of the source: what COVIDXRAY_COMMIT says, or a git checkout; else nothing."""
    if given := os.environ.get("COVIDXRAY_COMMIT"):
        return given[:40]
    git = shutil.which("git")
    if git is None or not (_PROJECT / ".git").exists():
        return ""
    command = [git, "-C", str(_PROJECT), "rev-parse", "HEAD"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    return result.stdout.strip() if result.returncode == 0 else ""
