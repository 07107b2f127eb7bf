"""How much of the API one person, or one address, may use in a minute: counted once for all threads and processes."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts import api_use as limits
from accounts.models import ApiUse, User
from tests.api.programs import RESULTS, anonymous, program_of, send, sign_in
from tests.uploads import radiograph_png


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A minute that does not end while a test runs; a test moves it on."""
    now = [1_800_000_000.0]
    monkeypatch.setattr("accounts.api_use.time", SimpleNamespace(time=lambda: now[0], monotonic=time.monotonic))
    return now


def statuses(client: Client, times: int) -> list[int]:
    return [client.get(RESULTS).status_code for _ in range(times)]


class TestOfAPerson:
    def test_over_the_limit_until_next_minute(self, program: Client, settings: Settings, clock: list[float]) -> None:
        settings.API_REQUESTS_PER_MINUTE = 2
        assert statuses(program, 3) == [200, 200, 429]
        answer = program.get(RESULTS)
        assert (answer.json()["code"], int(answer["Retry-After"])) == ("throttled", 60)
        clock[0] += 60
        assert statuses(program, 3) == [200, 200, 429]

    def test_the_limit_is_per_person(self, program: Client, alice: User, bob: User, settings: Settings) -> None:
        """Another token of the same person wins nothing and another person loses nothing."""
        settings.API_REQUESTS_PER_MINUTE = 1
        assert statuses(program, 1) == [200]
        assert statuses(program_of(alice), 1) == [429]
        assert statuses(program_of(bob), 1) == [200]

    def test_uploads_have_a_limit_of_their_own(self, program: Client, settings: Settings) -> None:
        settings.API_UPLOADS_PER_MINUTE = 1
        assert [send(program, radiograph_png(seed)).status_code for seed in range(2)] == [201, 429]
        assert statuses(program, 1) == [200]


class TestTheClockSetBack:
    """The wall clock goes back by an hour: what is full by then opens again within a minute."""

    @pytest.fixture
    def monotonic(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [1000.0]
        monkeypatch.setattr("accounts.api_use.time.monotonic", lambda: now[0])
        return now

    def test_it_opens_after_a_minute(
        self, program: Client, settings: Settings, clock: list[float], monotonic: list[float]
    ) -> None:
        settings.API_REQUESTS_PER_MINUTE = 2
        assert statuses(program, 3) == [200, 200, 429]
        clock[0] -= 3600
        assert statuses(program, 1) == [429]
        monotonic[0] += int(program.get(RESULTS)["Retry-After"])
        clock[0] += 60
        assert statuses(program, 3) == [200, 200, 429]

    def test_the_limit_still_holds(
        self, program: Client, settings: Settings, clock: list[float], monotonic: list[float]
    ) -> None:
        settings.API_REQUESTS_PER_MINUTE = 2
        clock[0] -= 3600
        assert statuses(program, 3) == [200, 200, 429]
        monotonic[0] += 59
        assert statuses(program, 1) == [429]


class TestOfAnAddress:
    def test_sign_ins_are_limited_whatever_the_name(self, alice: User, settings: Settings) -> None:
        settings.API_SIGN_INS_PER_MINUTE = 2
        assert [sign_in(name).status_code for name in ("u1", "u2", "alice")] == [401, 401, 429]
        elsewhere = Client(REMOTE_ADDR="192.0.2.7")
        assert sign_in(client=elsewhere).status_code == 201

    def test_no_address_is_kept_in_the_clear(self, db: None) -> None:
        sign_in("nobody", client=Client(REMOTE_ADDR="192.0.2.7"))
        assert "192.0.2.7" not in str(list(ApiUse.objects.values()))

    def test_the_table_does_not_grow_for_ever(self, db: None, clock: list[float]) -> None:
        for number in range(3):
            sign_in("nobody", client=Client(REMOTE_ADDR=f"192.0.2.{number}"))
            clock[0] += 2 * 3600
        assert ApiUse.objects.count() == 1

    def test_without_a_token_nothing_is_counted(self, db: None) -> None:
        """Who gives no token is turned away before anything is counted."""
        anonymous().get(RESULTS)
        assert not ApiUse.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_threads_share_one_count(self) -> None:
        def use(_number: int) -> bool:
            try:
                return limits.use_is_allowed("threads", 10)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(use, range(40))) == 10

    def test_processes_share_one_count(self) -> None:
        """Each asks the same database, as the workers of a server do."""
        program = (
            "import django; django.setup()\n"
            "from django.db import connection\n"
            "from accounts import api_use as limits\n"
            "limits.time.time = lambda: 1_800_000_000.0\n"
            "print(sum(limits.use_is_allowed('processes', 10) for _ in range(8)))"
        )
        name = connection.settings_dict["NAME"]
        if connection.vendor != "sqlite":
            pytest.skip("the other processes are told where a file of SQLite is")
        environment = os.environ | {
            "TEST_DATABASE_URL": f"sqlite:///{name}",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        }
        started = [
            subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        assert sum(int(process.communicate(timeout=120)[0]) for process in started) == 10
