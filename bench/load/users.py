"""The virtual users, as locust runs them: each radiographer sends files in one tab and looks at pages in another.

Locust runs this file on its own, in an environment that has nothing of the project; LOAD_ORDERS names a JSON file that
says who is signed in, what there is to send, and until when. What happened goes into the file that it names, one JSON
object per line.
"""

import json
import os
import random
import re
import time
from collections import deque
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant, events, task
from urllib3 import encode_multipart_formdata

ORDERS = json.loads(Path(os.environ["LOAD_ORDERS"]).read_text(encoding="utf-8"))
FILES = deque(enumerate(ORDERS["files"]))
ABUSERS = deque(ORDERS["abusers"])
UPLOADERS, READERS = deque(ORDERS["people"]), deque(ORDERS["people"])
PICTURES_ON_A_SCREEN = 8  # the others of a list are loaded when somebody scrolls
IMAGE = re.compile(r'<img[^>]* src="(/(?:studies|results)/[^"]+)"')
_records: list[dict[str, Any]] = []
_results: list[str] = []
_started = time.monotonic()


def now() -> float:
    """Seconds since the start."""
    return time.monotonic() - _started


class Person(FastHttpUser):
    """Somebody who was signed in beforehand."""

    abstract = True
    network_timeout = connection_timeout = 150.0

    def record(self, kind: str, started: float, status: int, **more: Any) -> None:
        _records.append({"kind": kind, "at": started, "seconds": now() - started, "status": status, **more})

    def headers(self, **more: str) -> dict[str, str]:
        return {"Cookie": self.signed_in["cookie"], "Referer": f"{self.host}/", **more}


class Uploads(Person):
    """The tab that sends one file after another, as the page's script does."""

    wait_time = constant(0)
    fixed_count = len(ORDERS["people"])

    def on_start(self) -> None:
        self.signed_in = UPLOADERS.popleft()

    @task
    def send(self) -> None:
        if not FILES or now() > ORDERS["until"]:
            gevent.sleep(0.2)
            return
        number, path = FILES.popleft()
        form = {
            "csrfmiddlewaretoken": self.signed_in["token"],
            "radiograph": (Path(path).name, Path(path).read_bytes(), "image/jpeg"),
        }
        body, kind = encode_multipart_formdata(form)
        while not self.sent(number, body, kind) and now() < ORDERS["until"]:
            pass

    def sent(self, number: int, body: bytes, kind: str) -> bool:
        """False where the site was busy and the time has passed that it asked for."""
        started = now()
        headers = self.headers(**{"Content-Type": kind, "Accept": "application/json"})
        with self.client.post("/upload/", data=body, headers=headers, catch_response=True) as answer:
            retry_after = answer.headers.get("Retry-After") if answer.headers else None
            is_busy = answer.status_code == 503 and retry_after is not None
            if is_busy:
                answer.success()
            told = answer.json() if answer.status_code == 201 else {}
        self.record("busy" if is_busy else "upload", started, answer.status_code, file=number, **told)
        if told:
            _results.append(told["result"])
        elif is_busy:
            gevent.sleep(int(retry_after or 0) * random.uniform(1, 1.5))
        return not is_busy


class Abuses(Uploads):
    """Somebody who sends one costly file after another."""

    fixed_count = len(ORDERS["abusers"])

    def on_start(self) -> None:
        self.signed_in = ABUSERS.popleft()

    @task
    def send(self) -> None:
        if now() > ORDERS["until"]:
            gevent.sleep(0.2)
            return
        path = Path(random.choice(ORDERS["abusive"]))
        form = {
            "csrfmiddlewaretoken": self.signed_in["token"],
            "radiograph": (path.name, path.read_bytes(), "image/png"),
        }
        body, kind = encode_multipart_formdata(form)
        started = now()
        headers = self.headers(**{"Content-Type": kind, "Accept": "application/json"})
        with self.client.post("/upload/", data=body, headers=headers, name="abuse", catch_response=True) as answer:
            answer.success()
        self.record("abuse", started, answer.status_code)


class Pages(Person):
    """The tab in which the person looks at something, with the pictures that a screen shows of it."""

    fixed_count = len(ORDERS["people"])

    def wait_time(self) -> float:
        return random.uniform(*ORDERS["pause"])

    def on_start(self) -> None:
        self.signed_in = READERS.popleft()
        gevent.sleep(self.wait_time() * random.random())

    @task
    def home(self) -> None:
        self.look("home", "/")

    @task
    def results(self) -> None:
        self.look("list of results", "/results/")

    @task
    def search(self) -> None:
        self.look("search", f"/results/?q={random.randrange(1000):05}")

    @task
    def result(self) -> None:
        if _results:
            self.look("result", random.choice(_results))

    def look(self, kind: str, address: str) -> None:
        if now() > ORDERS["until"]:
            return
        started = now()
        answer = self.client.get(address, headers=self.headers(), name=kind, allow_redirects=False)
        self.record(kind, started, answer.status_code)
        for picture in dict.fromkeys(IMAGE.findall(answer.text or "")[:PICTURES_ON_A_SCREEN]):
            started = now()
            found = self.client.get(picture, headers=self.headers(), name="picture", allow_redirects=False)
            self.record("picture", started, found.status_code)


@events.test_start.add_listener
def begin(**_: Any) -> None:
    global _started  # noqa: PLW0603  the files are read before that
    _started = time.monotonic()


@events.test_stop.add_listener
def write(**_: Any) -> None:
    lines = "".join(json.dumps(record) + "\n" for record in _records)
    Path(ORDERS["records"]).write_text(lines, encoding="utf-8")
