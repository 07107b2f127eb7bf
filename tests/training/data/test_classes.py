"""Classes of the data's own: which image is of which class, by folder, source or a column of the manifest."""

from pathlib import Path

import pytest

from diagnosis.findings import Classes
from tests.training.radiographs import write_people
from training.data.classes import ClassChoice
from training.data.dataset import DatasetError, read_dataset
from training.data.splits import split_samples


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COVID and Normal, eight images each, and two others."""
    root = tmp_path_factory.mktemp("folders")
    for name, numbers in {"COVID": range(8), "Normal": range(8, 16), "Other": range(40, 42)}.items():
        write_people(root / name, numbers)
    return root


REFUSED = {
    "no such class": (ClassChoice("Covid"), "No image is of the class Covid"),
    "a source that is nowhere": (ClassChoice("COVID", (("kaggle_virl", "Viral"),)), "--map kaggle_virl fits no image"),
    "a name with a slash": (ClassChoice("COVID", (("Normal", "a/b"),)), "is no name of a class"),
    "one class alone": (ClassChoice("COVID", (("Normal", ""), ("Other", ""))), "2 to 14 classes apart, not 1"),
    "too few of one": (ClassChoice("COVID"), "2 usable Other images"),
    "no column": (ClassChoice("COVID", column="findings"), r"no manifest\.csv"),
}


@pytest.mark.parametrize(("choice", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_classes_that_cannot_be_meant_are_refused(data, monkeypatch, choice, words):
    monkeypatch.setattr("training.data.dataset.read_image", lambda path: pytest.fail("an image was read"))
    with pytest.raises(DatasetError, match=words):
        read_dataset(data, choice=choice)


def test_covid_stays_covid_whatever_its_source(tmp_path):
    """A source with both is mapped for its other images alone."""
    write_people(tmp_path / "COVID", range(7))
    write_people(tmp_path / "Non-COVID", range(7, 14))
    rows = [f"{'COVID' if n < 7 else 'Non-COVID'}/person-{n:03}.jpg,both" for n in range(14)]
    (tmp_path / "manifest.csv").write_text("\n".join(["file,source", *rows]))
    dataset = read_dataset(tmp_path, choice=ClassChoice("COVID", (("both", "Normal"),)))
    assert dataset.classes == Classes(("COVID", "Normal"))
    assert [sample.label for sample in dataset.samples] == [0] * 7 + [1] * 7


def test_an_extra_class_is_shared_out(data, tmp_path):
    """A class that only an extra folder has is in every part; one that the data set has stays for training."""
    write_people(tmp_path / "more" / "Viral", range(50, 60))
    write_people(tmp_path / "more" / "Normal", range(60, 63))
    choice = ClassChoice("COVID", (("Other", ""),))
    dataset = read_dataset(data, extra=[tmp_path / "more"], choice=choice)
    assert dataset.classes == Classes(("COVID", "Normal", "Viral"))
    parts = {sample.name: sample.part for sample in dataset.samples}
    assert parts["more/Viral/person-050.jpg"] == "train"
    assert parts["more/Normal/person-060.jpg"] == "extra"
    split = split_samples(dataset.samples, classes=dataset.classes)
    for members in (split.train, split.validation, split.test_part):
        assert {sample.label for sample in members} == {0, 1, 2}


def test_a_column_has_several_classes(tmp_path):
    write_people(tmp_path / "images", range(28))
    kinds = ("COVID", "COVID; Effusion", "Effusion|Nodule", "")
    rows = [f"images/person-{n:03}.jpg,{kinds[n % 4]}" for n in range(28)]
    (tmp_path / "manifest.csv").write_text("\n".join(["file,findings", *rows]))
    dataset = read_dataset(tmp_path, choice=ClassChoice("COVID", column="findings"))
    assert dataset.classes == Classes(("COVID", "Effusion", "Nodule"), is_multi_label=True)
    first, second, third, fourth = (sample.together for sample in sorted(dataset.samples, key=lambda one: one.name)[:4])
    assert (first, second, third, fourth) == ((0,), (0, 1), (1, 2), ())
    with pytest.raises(DatasetError, match="needs a column named elsewhere"):
        read_dataset(tmp_path, choice=ClassChoice("COVID", column="elsewhere"))
