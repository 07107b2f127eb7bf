"""What strangers send is decoded in a process of its own: a bad file costs that process, and nothing else."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from diagnosis.errors import ModelUnavailable, RadiographRejected
from diagnosis.imaging import decoding
from diagnosis.imaging.decoding import DecodingPool, DecodingProcess, read_untrusted
from diagnosis.imaging.decoding_process import MEMORY_BYTES, MOST_STORED_BYTES
from diagnosis.imaging.radiograph import read_radiograph
from tests.diagnosis.imaging import dicom_files as make
from tests.uploads import radiograph_png

PIXELS = make.chest_like()
PROJECT = Path(__file__).resolve().parents[3]
DETAILED = {"PatientName": "Doe^Jane", "PatientBirthDate": "19700102", "StudyDate": "20260304", "ViewPosition": "PA"}
GOOD = {
    "PNG": radiograph_png(),
    "JPEG": make.jpeg((PIXELS >> 4).astype(np.uint8)),
    "DICOM": make.dicom(PIXELS, **DETAILED),
    "JPEG 2000": make.compressed(PIXELS, uid.JPEG2000Lossless, make.jpeg_2000),
}


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[DecodingPool]:
    """Processes of this test alone."""
    pool = DecodingPool()
    monkeypatch.setattr(decoding, "_pool", pool)
    yield pool
    pool.close()


def process_that(monkeypatch: pytest.MonkeyPatch, *statements: str) -> None:
    """Let decoding processes run these statements before they wait for files."""
    lines = ["import os, socket, sys, time", "from diagnosis.imaging import decoding_process as own"]
    lines += ["own._warm = lambda: None", *statements]
    script = "\n".join([*lines, "own.main(socket.socket(fileno=int(sys.argv[1])))"])
    monkeypatch.setattr(decoding, "COMMAND", ("-c", script))


def refusal_of(content: bytes) -> RadiographRejected:
    with pytest.raises(RadiographRejected) as refusal:
        read_untrusted(content)
    return refusal.value


@pytest.mark.parametrize("kind", GOOD)
def test_it_reads_the_same(kind: str) -> None:
    apart, here = read_untrusted(GOOD[kind]), read_radiograph(GOOD[kind])
    assert (apart.pixels == here.pixels).all()
    assert replace(apart, pixels=here.pixels) == here
    with pytest.raises(ValueError, match="read-only"):
        apart.pixels[0, 0] = 1


@pytest.mark.parametrize("content", [GOOD["PNG"][:500], make.dicom(PIXELS, Rows=60000), b"no picture", b""])
def test_it_refuses_the_same(content: bytes) -> None:
    with pytest.raises(RadiographRejected) as here:
        read_radiograph(content)
    apart = refusal_of(content)
    assert (apart.message, apart.code, apart.values) == (here.value.message, here.value.code, here.value.values)


def test_threads_get_their_own_pictures(pool: DecodingPool) -> None:
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda seed: read_untrusted(radiograph_png(seed)), range(24)))
    for seed, radiograph in enumerate(found):
        assert (radiograph.pixels == read_radiograph(radiograph_png(seed)).pixels).all()
    assert len(pool._idle) <= decoding.KEPT


def test_a_process_is_kept_warm(pool: DecodingPool) -> None:
    pids: set[int] = set()
    for _ in range(4):
        read_untrusted(GOOD["PNG"])
        pids.update(process.pid for process in pool._idle)
    assert len(pids) == 1


def test_another_takes_its_place_in_time(pool: DecodingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "FILES_OF_A_PROCESS", 2)
    read_untrusted(GOOD["PNG"])
    first = pool._idle[0].pid
    read_untrusted(GOOD["PNG"])
    assert [process.pid for process in pool._idle] != [first]
    assert read_untrusted(GOOD["PNG"]).pixels.size


# Limits


@contextmanager
def killed(pool: DecodingPool) -> Iterator[DecodingProcess]:
    """A process of the pool, in use, and dead."""
    with pool.process() as process:
        os.kill(process.pid, signal.SIGKILL)
        yield process


ENDINGS = {
    "processor time": ("all(True for _ in iter(int, 1))", "too-costly"),
    "memory": ("bytearray(2 * own.MEMORY_BYTES)", "too-costly"),
    "a crash of a decoder": ("__import__('ctypes').string_at(0)", "damaged"),
    "an abort of a decoder": ("os.abort()", "damaged"),
    "a kill": ("own.resource.setrlimit(0, (0, 0)) or all(True for _ in iter(int, 1))", "too-costly"),
    "the clock": ("time.sleep(60)", "too-costly"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_bad_file_costs_its_process_only(ending: str, pool: DecodingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    statement, code = ENDINGS[ending]
    with monkeypatch.context() as patched:
        process_that(patched, "own.CPU_SECONDS = 0", f"own.read_radiograph = lambda *_, **__: {statement}")
        patched.setattr(decoding, "SECONDS", 3 if ending == "the clock" else 60)
        refusal = refusal_of(GOOD["PNG"])
        assert refusal.code == code
        assert str(refusal).endswith(".")
    pool.close()
    assert read_untrusted(GOOD["PNG"]).pixels.size


def test_a_decoder_out_of_memory_says_so(pool: DecodingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the headers promise little, and a decoder takes much all the same."""
    take = "radiograph.read_picture = lambda _: bytearray(2 * own.MEMORY_BYTES)"
    process_that(monkeypatch, "from diagnosis.imaging import radiograph", take)
    assert refusal_of(GOOD["PNG"]).code == "too-costly"
    assert len(pool._idle) == 1


def test_after_a_kill_another_process_waits(pool: DecodingPool) -> None:
    read_untrusted(GOOD["PNG"])
    first = pool._idle[0].pid
    with pytest.raises(decoding.ProcessEnded), killed(pool) as process:
        process.answer()
    assert len(pool._idle) == 1
    assert pool._idle[0].pid != first
    assert read_untrusted(GOOD["PNG"]).pixels.size


def test_one_killed_while_it_waits_costs_nothing(pool: DecodingPool) -> None:
    read_untrusted(GOOD["PNG"])
    os.kill(pool._idle[0].pid, signal.SIGKILL)
    pool._idle[0]._process.wait()
    assert read_untrusted(GOOD["PNG"]).pixels.size


def test_the_process_has_its_limits(pool: DecodingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a-secret")
    read_untrusted(GOOD["PNG"])
    process = Path(f"/proc/{pool._idle[0].pid}")
    limits = {line[:26].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()}
    assert int(limits["Max file size"]) == MOST_STORED_BYTES
    assert MEMORY_BYTES < int(limits["Max address space"]) < MEMORY_BYTES + 400 * 1024**2
    assert 5 < int(limits["Max cpu time"]) < 30
    assert (limits["Max core file size"], limits["Max open files"]) == ("0", "64")
    assert b"a-secret" not in (process / "environ").read_bytes()


FORBIDDEN = {
    "the network": "socket.socket()",
    "an open file for writing": "open({here!r} + '/new', 'w')",
    "a file that is there": "os.open({here!r} + '/old', os.O_RDWR)",
    "another program": "os.execv('/bin/true', ['true'])",
    "another process": "os.fork()",
    "a program by posix_spawn": "os.posix_spawn('/bin/true', ['true'], {{}})",
    "a signal to the site": "os.kill(os.getppid(), 0)",
    "deleting": "os.unlink({here!r} + '/old')",
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_a_decoder_that_was_taken_over_gets_no_further(case: str, tmp_path: Path) -> None:
    """Code of a file that runs in the process of its own is refused all of this by the kernel."""
    (tmp_path / "old").write_text("kept")
    tried = FORBIDDEN[case].format(here=str(tmp_path))
    script = f"""
import os, socket
from diagnosis.imaging.confinement import confine
print(confine())
try:
    {tried}
    print("done")
except PermissionError:
    print("refused", len(open({str(tmp_path / "old")!r}).read()))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "refused", "4"], done.stderr


def test_the_pools_processes_are_confined(pool: DecodingPool) -> None:
    read_untrusted(GOOD["PNG"])
    status = Path(f"/proc/{pool._idle[0].pid}/status").read_text()
    assert "\nSeccomp:\t2\n" in status
    assert "\nNoNewPrivs:\t1\n" in status


def test_it_is_small() -> None:
    script = "import sys, diagnosis.imaging.decoding_process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert not roots & {"django", "tensorflow", "keras", "openvino", "training", "accounts"}


# Beginning and end


def test_no_process_is_no_refusal(pool: DecodingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be started the file is not to blame."""
    monkeypatch.setattr(decoding, "COMMAND", ("-c", "raise SystemExit(3)"))
    with pytest.raises(ModelUnavailable) as error:
        read_untrusted(GOOD["PNG"])
    assert error.value.code == "decoding-unavailable"


READER = """
import os, signal, sys, time
from diagnosis.imaging import decoding
from tests.diagnosis.imaging import dicom_files as make
content = make.dicom(make.chest_like())
decoding.read_untrusted(content)
print(decoding._pool._idle[0].pid, flush=True)
"""


@pytest.mark.parametrize("how", ["", "os.kill(os.getpid(), signal.SIGTERM)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_process_outlives_the_site(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READER + how], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    process = Path(f"/proc/{int(done.stdout)}")
    for _ in range(100):
        if not process.exists() or "Z" in (process / "stat").read_text().rpartition(")")[2].split()[0]:
            return
        time.sleep(0.1)
    pytest.fail("the decoding process lives on")


def test_a_forked_process_starts_its_own() -> None:
    fork = """
first = decoding._pool._idle[0].pid
child = os.fork()
decoding.read_untrusted(content)
own = decoding._pool._idle[0].pid
if not child:
    decoding._pool.close()
    os._exit(own == first)
assert os.waitpid(child, 0)[1] == 0 and own == first
"""
    subprocess.run([sys.executable, "-W", "error::ResourceWarning", "-c", READER + fork], cwd=PROJECT, check=True)


def test_a_process_in_a_thread_that_ends(pool: DecodingPool) -> None:
    thread = threading.Thread(target=read_untrusted, args=[GOOD["PNG"]])
    thread.start()
    thread.join()
    assert pool._idle[0].is_alive()
    assert read_untrusted(GOOD["PNG"]).pixels.size
