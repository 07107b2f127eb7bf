"""Damaged and altered files by the thousand (`make fuzz`): python -m tests.diagnosis.imaging.fuzzing SECONDS [SEED].

Each is a good file with some bytes, fields or parts changed, and goes where an upload goes. Three things must hold:
nothing but a typed refusal is raised; it takes at most 512 MB and 10 s; and where only metadata was changed, the
picture is the same or refused. The first file that breaks one of them is written to build/fuzz/, and the run fails.
"""

import random
import resource
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from pydicom import uid

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.png_chunks import chunks
from diagnosis.imaging.radiograph import read_radiograph
from tests.diagnosis.imaging import dicom_files as make
from tests.diagnosis.imaging.coats import encoded, png_of_chunks

MEGABYTES, SECONDS = 512, 10
TOLERANCE = 0
OUT = Path("build/fuzz")

PIXELS = make.chest_like()[:96, :80].copy()
EIGHT = (PIXELS >> 4).astype(np.uint8)
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

GOOD: dict[str, bytes] = {
    "JPEG": encoded(EIGHT, "JPEG"),
    "progressive JPEG": encoded(EIGHT, "JPEG", progressive=True),
    "colour JPEG": encoded(np.stack([EIGHT] * 3, -1), "JPEG"),
    "PNG": encoded(EIGHT, "PNG"),
    "colour PNG": encoded(np.stack([EIGHT] * 4, -1), "PNG"),
    "16-bit PNG": encoded(EIGHT.astype(np.uint16) * 257, "PNG"),
    "TIFF": encoded(EIGHT, "TIFF"),
    "BMP": encoded(EIGHT, "BMP"),
    "WebP": encoded(np.stack([EIGHT] * 3, -1), "WEBP", lossless=True),
    "DICOM": make.dicom(PIXELS, PatientName="Doe^Jane", PatientID="1234567"),
    "implicit DICOM": make.dicom(PIXELS, uid.ImplicitVRLittleEndian),
    "DICOM with a table": make.dicom(PIXELS, VOILUTSequence=make.lookup_table(np.arange(4096))),
    "RLE": make.dicom(PIXELS, uid.RLELossless),
    "JPEG in DICOM": make.compressed(EIGHT, uid.JPEGBaseline8Bit, make.jpeg),
    "JPEG lossless": make.compressed(PIXELS, uid.JPEGLossless, make.jpeg_lossless),
    "JPEG-LS": make.compressed(PIXELS, uid.JPEGLSLossless, make.jpeg_ls),
    "JPEG 2000": make.compressed(PIXELS, uid.JPEG2000Lossless, make.jpeg_2000),
}


# What is changed


def changed_byte(content: bytearray, chance: random.Random) -> None:
    content[_place(content, chance)] = chance.randrange(256)


def extreme_field(content: bytearray, chance: random.Random) -> None:
    """A number of one to four bytes, as large or small as it gets."""
    layout = chance.choice(["B", "<H", ">H", "<I", ">I"])
    value = chance.choice(EXTREMES) & (256 ** struct.calcsize(layout) - 1)
    place = min(_place(content, chance), len(content) - 4)
    struct.pack_into(layout, content, place, value)


def repeated_part(content: bytearray, chance: random.Random) -> None:
    start = _place(content, chance)
    part = bytes(content[start : start + chance.choice([2, 4, 12, 64, 1000])])
    content[start:start] = part * chance.choice([1, 2, 100, 20_000 // max(1, len(part))])


def missing_part(content: bytearray, chance: random.Random) -> None:
    start = _place(content, chance)
    del content[start : start + chance.choice([1, 2, 8, 100])]


def cut_off(content: bytearray, chance: random.Random) -> None:
    del content[_place(content, chance) + 1 :]


CHANGES: list[Callable[[bytearray, random.Random], None]] = [
    *(changed_byte, changed_byte, extreme_field, extreme_field, extreme_field),
    *(repeated_part, missing_part, cut_off),
]


def _place(content: bytearray, chance: random.Random) -> int:
    """Three of four times in the headers, which are at the beginning or around the picture."""
    return chance.randrange(min(len(content), chance.choice([40, 200, 1400, len(content)])))


def altered(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4])):
        if len(changed) > 8:
            chance.choice(CHANGES)(changed, chance)
    return bytes(changed)


def other_metadata(name: str, chance: random.Random) -> bytes:
    """The good file with other metadata, which say nothing about its pixels."""
    noise = chance.randbytes(chance.choice([0, 1, 7, 300, 5000]))
    content = GOOD[name]
    if name.endswith("PNG"):
        kind = chance.choice([b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"tIME", b"pHYs", b"abCd"])
        (header, body), *others = [(name, bytes(body)) for name, body in chunks(content)]
        return png_of_chunks([(header, body), (kind, noise), *others])
    if name.endswith("JPEG"):
        marker = chance.choice([*range(0xE3, 0xEE), 0xEF, 0xFE])
        return content[:2] + struct.pack(">2BH", 0xFF, marker, 2 + len(noise)) + noise + content[2:]
    text = "".join(chance.choice("^=\\AÄ山\x1b\x00 ") for _ in range(chance.choice([1, 10, 400])))
    return content.replace(b"1234567 ", text.encode("utf-8", "replace")[:8].ljust(8))


WITH_METADATA = [name for name in GOOD if name.endswith(("PNG", "JPEG"))] + ["DICOM"]


# What must hold


class Finding(Exception):
    """A file that breaks a promise; what it breaks."""


def try_file(content: bytes, expected: np.ndarray | None = None) -> str:
    """The refusal's code, or "read". Raises Finding."""
    started, before = time.process_time(), peak_megabytes()
    try:
        found, outcome = read_radiograph(content).pixels, "read"
    except RadiographRejected as refusal:
        if isinstance(refusal.__cause__, MemoryError):
            raise Finding("more than the memory was wanted") from refusal
        found, outcome = None, refusal.code
    except BaseException as error:
        raise Finding(f"{error!r} was raised") from error
    if (seconds := time.process_time() - started) > SECONDS:
        raise Finding(f"it took {seconds:.1f} s")
    if (taken := peak_megabytes() - (before if before > MEGABYTES else 0)) > MEGABYTES:
        raise Finding(f"{taken} MB were taken")
    if found is not None and expected is not None and not _is_same(found, expected):
        raise Finding("another picture")
    return outcome


def peak_megabytes() -> int:
    """The most that this process ever had; among other tests that was more than a file may take."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _is_same(found: np.ndarray, expected: np.ndarray) -> bool:
    return found.shape == expected.shape and int(abs(found.astype(int) - expected).max()) <= TOLERANCE


def tries(chance: random.Random) -> Iterator[tuple[str, bytes, np.ndarray | None]]:
    """Files without end: every fourth has other metadata only."""
    pictures = {name: read_radiograph(content).pixels for name, content in GOOD.items()}
    while True:
        name = chance.choice(list(GOOD))
        yield name, altered(GOOD[name], chance), None
        if chance.random() < 0.25:
            name = chance.choice(WITH_METADATA)
            yield name, other_metadata(name, chance), pictures[name]


def fuzz(seconds: float, seed: int) -> Counter[str]:
    """How often each outcome was met. Raises Finding, with the file in build/fuzz/."""
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + seconds
    for number, (name, content, expected) in enumerate(tries(random.Random(seed))):
        try:
            outcomes[try_file(content, expected)] += 1
        except Finding as finding:
            OUT.mkdir(parents=True, exist_ok=True)
            path = OUT / f"{seed}-{number}"
            path.write_bytes(content)
            raise Finding(f"{path} ({name}): {finding}") from finding
        if time.monotonic() > end:
            break
    return outcomes


def main(arguments: list[str]) -> None:
    seconds = float(arguments[0]) if arguments else 60
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    limit = (MEGABYTES + 512) * 1024**2  # of addresses, of which the process has about 300 MB before it begins
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    outcomes = fuzz(seconds, seed)
    sys.stdout.write(f"{outcomes.total()} files, seed {seed}: {dict(outcomes.most_common())}\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Finding as found:
        sys.exit(str(found))
