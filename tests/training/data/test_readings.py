"""What readers saw: the folder, its boxes, and the label of what is seen."""

from pathlib import Path

import pytest

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.lungs import Box
from training.data.dataset import DatasetError
from training.data.readings import boxes_of, label_seen, read_readings, was_read

COVID, OTHER = COVID_INDEX, 1 - COVID_INDEX
HEAD = "file,reading,source,patient,boxes\n"


def folder(root: Path, *lines: str) -> Path:
    for line in lines:
        path = root / line.split(",")[0]
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (root / "manifest.csv").write_text(HEAD + "\n".join(lines))
    return root


def test_a_folder_of_readings(tmp_path):
    read = read_readings(
        folder(tmp_path, "typical/a.jpg,typical,siim,p1,0.1 0.2 0.3 0.4", "negative/b.jpg,negative,siim,,")
    )
    assert [one.reading for one in read] == ["negative", "typical"]
    assert read[1].boxes == (Box(0.1, 0.2, 0.3, 0.4),)
    assert read[0].patient is None


def test_an_unknown_reading(tmp_path):
    with pytest.raises(DatasetError, match="perhaps"):
        read_readings(folder(tmp_path, "typical/a.jpg,perhaps,siim,,"))


def test_a_missing_file(tmp_path):
    folder(tmp_path, "typical/a.jpg,typical,siim,,")
    (tmp_path / "typical/a.jpg").unlink()
    with pytest.raises(DatasetError, match=r"a\.jpg"):
        read_readings(tmp_path)


def test_without_a_manifest(tmp_path):
    with pytest.raises(DatasetError, match="cannot be used"):
        read_readings(tmp_path)


def test_several_boxes():
    assert len(boxes_of("0.1 0.1 0.2 0.2;0.5 0.5 0.9 0.9")) == 2
    assert boxes_of("") == ()
    with pytest.raises(ValueError, match="without an area"):
        boxes_of("0.5 0.1 0.5 0.2")


@pytest.mark.parametrize(
    ("label", "reading", "read", "seen"),
    [
        (COVID, "typical", True, COVID),
        (COVID, "negative", True, None),
        (COVID, None, True, None),
        (COVID, None, False, COVID),
        (OTHER, None, True, OTHER),
    ],
)
def test_the_label_is_what_is_seen(label, reading, read, seen):
    assert label_seen(label, reading, read) == seen


def test_a_source_with_a_few_readings_was_not_read():
    assert was_read(["typical"] * 2 + [None] * 8)
    assert not was_read(["typical"] + [None] * 99)
