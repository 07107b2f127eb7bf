"""A process of the site: how soon it is ready, how much memory it takes, how long an upload takes to its page."""

import re
import time
from functools import cache
from pathlib import Path

from django.test import Client


def ready(engine: str) -> float:
    """Load all that a server's process loads; returns its memory in MiB (resident set)."""
    import covidxray.wsgi
    from diagnosis.inference.serving import load_classifier

    assert callable(covidxray.wsgi.application)  # noqa: S101
    _CLASSIFIERS.append(load_classifier(engine=engine))
    return _status("VmRSS")


_CLASSIFIERS: list = []


def peak_after(path: str) -> float:
    """Decode and classify a file and make its copies; returns the most memory that the process ever had, in MiB."""
    from diagnosis.imaging.radiograph import read_radiograph
    from diagnosis.imaging.rendering import display_jpeg, thumbnail_jpeg

    radiograph = read_radiograph(Path(path).read_bytes())
    _CLASSIFIERS[0].classify(radiograph)
    display_jpeg(radiograph.pixels)
    thumbnail_jpeg(radiograph.pixels)
    return _status("VmHWM")


def _status(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    if not found:
        raise RuntimeError(f"the system does not tell {field}")
    return int(found[1]) / 1024


@cache
def _radiographer() -> Client:
    """Signed in on an empty database, with the model loaded, in a process set up as a server's."""
    import covidxray.wsgi

    assert callable(covidxray.wsgi.application)  # noqa: S101
    from django.core.management import call_command

    from accounts.models import Institution, User
    from diagnosis.inference.serving import get_classifier

    call_command("migrate", verbosity=0)
    institution = Institution.objects.create(name="Benchmark")
    user = User.objects.create_user(
        "bench", "bench@example.org", None, institution=institution, is_radiographer=True, first_name="Bench"
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    get_classifier()
    return client


def upload(path: str) -> dict[str, float]:
    """Upload a file and open the page of its result: seconds, processor seconds, and those of the classifier in them.

    Processor time is that of this process and of those that decode for it; the classifier's is that of one more
    classification of the same pixels.
    """
    from diagnosis.imaging.radiograph import read_radiograph
    from diagnosis.inference.serving import get_classifier

    client = _radiographer()
    content = Path(path).read_bytes()
    with Path(path).open("rb") as file:
        wall, processor = time.perf_counter(), time.process_time() + _others_seconds()
        answer = client.post("/upload/", {"radiograph": file})
        page = client.get(answer["Location"]) if answer.status_code == 302 else answer
        wall, processor = time.perf_counter() - wall, time.process_time() + _others_seconds() - processor
    if page.status_code != 200:
        raise RuntimeError(f"the upload was answered with {page.status_code}")
    radiograph = read_radiograph(content)
    started = time.process_time()
    get_classifier().classify(radiograph)
    return {"wall": wall, "processor": processor, "classifier": time.process_time() - started}


def _others_seconds() -> float:
    """Processor seconds so far of the processes that this one started and that run: those that decode."""
    tasks = Path("/proc/self/task").glob("*/children")
    started = [pid for task in tasks for pid in task.read_text(encoding="ascii").split()]
    used = [one.read_text(encoding="ascii") for pid in started for one in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(times.split()[0]) for times in used) / 1e9


CALLS = {"ready": ready, "peak_after": peak_after, "upload": upload}
