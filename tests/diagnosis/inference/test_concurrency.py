"""Many uploads at once: some are worked on, some wait, the rest are told to come again; nothing of those is stored."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from diagnosis.errors import ModelBusy, RadiographRejected
from diagnosis.inference import concurrency
from diagnosis.inference.concurrency import Turns
from diagnosis.inference.engines import ENGINES, EngineOutput
from diagnosis.models import Diagnosis, Study
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_png, upload

PATIENCE = 20


@dataclass
class Crowd:
    """Callers in threads of their own, each held in its turn until `leave` is set."""

    turns: Turns
    leave: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    inside: int = 0
    most_inside: int = 0
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def come(self) -> None:
        with self.turns.turn():
            with self.lock:
                self.inside += 1
                self.most_inside = max(self.most_inside, self.inside)
            self.entered.release()
            assert self.leave.wait(PATIENCE)
            with self.lock:
                self.inside -= 1

    def await_inside(self, number: int) -> None:
        assert all(self.entered.acquire(timeout=PATIENCE) for _ in range(number))

    def await_full(self) -> None:
        """Until a further caller is refused: then every place is taken, also those of the ones who wait."""
        for _ in range(1000):
            if not self.turns._places.acquire(timeout=0):
                return
            self.turns._places.release()
            threading.Event().wait(0.01)
        pytest.fail("the places were never all taken")


@contextmanager
def crowd_of(number: int, turns: Turns) -> Iterator[tuple[Crowd, list[Future[None]]]]:
    crowd = Crowd(turns)
    with ThreadPoolExecutor(number) as pool:
        try:
            yield crowd, [pool.submit(crowd.come) for _ in range(number)]
        finally:
            crowd.leave.set()


def test_the_bound_holds_and_all_get_a_turn():
    """No more work at once than the bound and everybody who waits gets a turn."""
    with crowd_of(7, Turns(at_once=2, waiting=5)) as (crowd, callers):
        crowd.await_inside(2)
        crowd.await_full()
        assert crowd.inside == 2
    assert [caller.result(PATIENCE) for caller in callers] == [None] * 7
    assert (crowd.most_inside, crowd.inside) == (2, 0)


def test_a_full_queue_refuses_at_once():
    """One more than may wait is refused at once and told when to come again."""
    turns = Turns(at_once=2, waiting=3)
    with crowd_of(5, turns) as (crowd, _):
        crowd.await_full()
        with pytest.raises(ModelBusy, match=r"Nothing was stored: try again in \d+ second") as refusal, turns.turn():
            pytest.fail("a sixth came in")
        assert 1 <= refusal.value.retry_after <= concurrency.LONGEST_WAIT
    with turns.turn():
        pass


def test_a_failure_gives_the_place_back():
    turns = Turns(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.turn():
            raise ZeroDivisionError
    with turns.turn():
        pass


def test_waiting_ends_with_a_refusal_and_not_never(monkeypatch):
    monkeypatch.setattr(concurrency, "LONGEST_WAIT", 0.05)
    turns = Turns(at_once=1, waiting=1)
    with turns.turn():
        for _ in range(2):  # a caller that gave up waiting gives the place back, too
            with pytest.raises(ModelBusy), turns.turn():
                pytest.fail("two at once")
    with turns.turn():
        pass


def test_slow_turns_keep_the_refused_away_for_longer():
    quick, slow = Turns(2, 16), Turns(2, 16)
    slow._seconds = 4.0
    assert quick._busy().retry_after < slow._busy().retry_after == 36


@pytest.fixture
def taken(settings: Settings, engine: ToyEngine) -> Iterator[None]:
    """The only turn of the site is taken, and no one may wait."""
    settings.CLASSIFICATIONS_AT_ONCE, settings.CLASSIFICATIONS_WAITING = 1, 0
    with concurrency.classification_turn():
        yield


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_busy_site_answers_503(taken, alice, engine, media_root, accept):
    """An upload to a busy site is 503 with the time to come again."""
    client = client_of(alice)
    client.defaults["HTTP_ACCEPT"] = accept
    answer = upload(client, radiograph_png())
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (503, accept)
    assert 1 <= int(answer["Retry-After"]) <= concurrency.LONGEST_WAIT
    assert "Many radiographs are being classified at this moment" in answer.content.decode()
    assert (Study.objects.count(), engine.runs, list(media_root.rglob("*.*"))) == (0, 0, [])


def test_the_next_upload_is_answered(settings, alice, engine):
    settings.CLASSIFICATIONS_AT_ONCE, settings.CLASSIFICATIONS_WAITING = 1, 0
    with pytest.raises(RadiographRejected):
        diagnosis_create(user=alice, content=b"not a radiograph", file_name="a.png")
    assert "Retry-After" not in (answer := upload(client_of(alice), radiograph_png()))
    assert answer.status_code == 302


class BrightnessEngine:
    """Answers by how bright the image is, and notes how many ask it at once."""

    name = "brightness"

    def __init__(self) -> None:
        self.lock, self.inside, self.most_inside = threading.Lock(), 0, 0

    def run(self, images: np.ndarray) -> EngineOutput:
        with self.lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        threading.Event().wait(0.01)
        with self.lock:
            self.inside -= 1
        probability = float(images.mean()) / 255
        return EngineOutput(np.array([[probability, 1 - probability]], np.float32), np.zeros((1, 7, 7), np.float32))


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_their_own_answer(settings, alice: User, engine, monkeypatch):
    settings.CLASSIFICATIONS_AT_ONCE, settings.CLASSIFICATIONS_WAITING = 2, 18
    counted = BrightnessEngine()
    monkeypatch.setitem(ENGINES, "toy", lambda folder: counted)

    def ask(seed: int) -> Diagnosis:
        try:
            return diagnosis_create(user=alice, content=radiograph_png(seed), file_name=f"{seed}.png").diagnosis
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        at_once = [found.raw_probability for found in pool.map(ask, range(20))]
    one_by_one = [counted_probability(counted, seed) for seed in range(20)]
    assert at_once == pytest.approx(one_by_one)
    assert len({round(probability, 6) for probability in at_once}) == 20
    assert counted.most_inside <= 2


def counted_probability(engine: BrightnessEngine, seed: int) -> float:
    from diagnosis.imaging.radiograph import read_radiograph
    from diagnosis.inference.contract import Preprocessing
    from diagnosis.inference.preprocessing import preprocess

    image = preprocess(read_radiograph(radiograph_png(seed)).pixels, Preprocessing())
    return float(engine.run(image[None]).probabilities[0, 0])
