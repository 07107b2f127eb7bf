"""What readers saw: a folder of radiographs by reading, with the boxes they drew, and which label each one gets.

DIR/{typical,indeterminate,atypical,negative} and DIR/manifest.csv with the columns file, reading, source, patient and
boxes ("x0 y0 x1 y1" as fractions of width and height, several separated by ";"). The label is *what is seen*: a
typical appearance is COVID, a negative reading is not, whatever the RT-PCR said; the other two are judged, not learned.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.lungs import Box
from training.data.dataset import DatasetError, Sample, content_key, read_image
from training.data.near_duplicates import fingerprint

READINGS = ("typical", "indeterminate", "atypical", "negative")
LABELS = {"typical": COVID_INDEX, "negative": 1 - COVID_INDEX}
UNLABELLED = -1
FEWEST_READ = 0.1
"""A source of which a smaller share was read counts as unread: single pictures reach it as copies."""


@dataclass(frozen=True)
class Reading:
    """One radiograph that was read. patient and source: None where the manifest does not say."""

    path: Path
    reading: str
    source: str | None
    patient: str | None
    boxes: tuple[Box, ...]


def read_readings(root: Path) -> tuple[Reading, ...]:
    """Every line of the manifest, in the order of its files. Raises DatasetError."""
    try:
        with (root / "manifest.csv").open(newline="", encoding="utf-8-sig") as file:
            rows = [_reading(root, row) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(f"{root / 'manifest.csv'} cannot be used: {error}") from error
    if missing := [row.path.name for row in rows if not row.path.is_file()]:
        raise DatasetError(f"{root} lacks {missing[0]}, which its manifest names.")
    return tuple(sorted(rows, key=lambda row: row.path))


def as_samples(root: Path, readings: Sequence[Reading]) -> list[Sample]:
    """Each radiograph as an image for training only; one that is neither COVID nor not gets the label UNLABELLED.

    Raises RadiographRejected.
    """
    samples = []
    for one in readings:
        pixels = read_image(one.path).pixels
        name = f"{root.name}/{one.path.relative_to(root).as_posix()}"
        label, key, mark = LABELS.get(one.reading, UNLABELLED), content_key(pixels), fingerprint(pixels)
        samples.append(
            Sample(name, one.path, label, "extra", one.source, one.patient, key, mark, one.source, one.reading)
        )
    return samples


def boxes_of(text: str) -> tuple[Box, ...]:
    """ "0.1 0.2 0.4 0.5;0.6 0.3 0.9 0.8" -> boxes. Raises ValueError."""
    boxes = [Box(*(float(number) for number in part.split())) for part in text.split(";") if part.strip()]
    if any(box.width <= 0 or box.height <= 0 for box in boxes):
        raise ValueError(f"{text!r} holds a box without an area.")
    return tuple(boxes)


def label_seen(label: int, reading: str | None, source_was_read: bool) -> int | None:
    """The label of what is seen, or None for a picture that should not be learned from.

    A COVID picture of a source that was read counts only with a typical reading: of the rest nobody knows, and three in
    ten show nothing. Pictures without COVID, and sources that nobody read, keep their label.
    """
    if label != COVID_INDEX or not source_was_read:
        return label
    return COVID_INDEX if reading == "typical" else None


def was_read(readings: Sequence[str | None]) -> bool:
    """Whether enough of a source's COVID pictures have a reading."""
    return bool(readings) and sum(reading is not None for reading in readings) >= FEWEST_READ * len(readings)


def _reading(root: Path, row: dict[str, str]) -> Reading:
    if row["reading"] not in READINGS:
        raise ValueError(f"{row['file']} has the reading {row['reading']!r}; known are {', '.join(READINGS)}.")
    return Reading(
        root / row["file"],
        row["reading"],
        row.get("source") or None,
        row.get("patient") or None,
        boxes_of(row.get("boxes") or ""),
    )
