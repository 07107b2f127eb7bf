"""A process that classifies has one thread for NumPy's matrix products: more of them wait busily after each."""

import os
import subprocess
import sys

import pytest

from scripts.stack import PROJECT

COUNT = "import numpy, os; print(len(os.listdir('/proc/self/task')))"
SETTINGS = {"DEVELOPMENT": "True", "SECRET_KEY": "x", "COVIDXRAY_ENV_FILE": "", "DATABASE_URL": "sqlite://:memory:"}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor, one thread")
@pytest.mark.parametrize("start", ["import covidxray.wsgi", "import manage, sys; sys.argv[1:] = ['watch_pacs', '-h']"])
def test_one_thread_multiplies(start: str) -> None:
    code = f"{start}\n" + ("try: manage.main()\nexcept SystemExit: pass\n" if "manage" in start else "") + COUNT
    known = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LD_LIBRARY_PATH")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=known | SETTINGS, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "1"
