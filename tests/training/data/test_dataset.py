"""What a person may put into the folder, and what the command says of it."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.imaging.radiograph import read_radiograph
from tests.training.radiographs import chest, jpeg, person, write_dataset, write_people
from training.data.dataset import Dataset, DatasetError, Refused, content_key, read_dataset


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("made") / "data", per_class=7, test_per_class=2)


@pytest.fixture
def data(made_once: Path, tmp_path: Path) -> Path:
    """Train with 7 + 7 and Test with 2 + 2 images, to be changed by the test."""
    return Path(shutil.copytree(made_once, tmp_path / "data"))


def names(dataset: Dataset, part: str) -> list[str]:
    return [sample.name for sample in dataset.samples if sample.part == part]


def test_train_and_test_folders(data):
    dataset = read_dataset(data)
    assert len(names(dataset, "train")) == 14
    assert names(dataset, "test")[0] == "Test/COVID/person-014.jpg"
    assert [sample.label for sample in dataset.samples if sample.part == "test"] == [0, 0, 1, 1]
    assert dataset.refusals == ()


def test_two_class_folders_are_training(data):
    dataset = read_dataset(data / "Train")
    assert {sample.part for sample in dataset.samples} == {"train"}
    assert names(dataset, "train")[0] == "COVID/person-000.jpg"


def test_images_are_read_by_the_site_s_own_reader(data, dicom_samples):
    shutil.copy(dicom_samples / "RG1_UNCR.dcm", data / "Train" / "COVID" / "a.dcm")
    sample = next(sample for sample in read_dataset(data).samples if sample.name.endswith("a.dcm"))
    pixels = read_radiograph((dicom_samples / "RG1_UNCR.dcm").read_bytes()).pixels
    assert sample.content_key == content_key(pixels)


def test_bad_files_are_listed_and_left_out(data, dicom_samples):
    folder = data / "Train" / "Non-COVID"
    (folder / "truncated.jpg").write_bytes(jpeg(chest())[:4000])
    (folder / "notes.txt").write_text("not an image")
    shutil.copy(dicom_samples / "RG3_UNCR.dcm", folder / "tiny.jpg")
    Image.fromarray(np.zeros((200, 200), np.uint8)).save(folder / "black.png")
    (folder / ".DS_Store").write_bytes(b"of no interest")
    dataset = read_dataset(data)
    refused = {Path(refusal.name).name: refusal.reason for refusal in dataset.refusals}
    assert {"truncated.jpg", "notes.txt", "black.png"} <= set(refused)
    assert "not a JPEG, PNG or DICOM" in refused["notes.txt"]
    assert ".DS_Store" not in refused
    assert len(names(dataset, "train")) == 14 + 4 - len(refused)
    assert dataset.refused("train") == Refused(covid=0, non_covid=len(refused))


def test_strict_stops_at_a_bad_file_and_names_it(data):
    (data / "Test" / "COVID" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    with pytest.raises(DatasetError, match=r"Test/COVID/broken\.png cannot be used"):
        read_dataset(data, strict=True)


def test_an_unopenable_file_stops_nothing(data):
    """A file that cannot be opened is refused and stops nothing."""
    (data / "Train" / "COVID" / "gone.jpg").symlink_to(data / "nowhere.jpg")
    [refusal] = read_dataset(data).refusals
    assert "could not be read" in refusal.reason


FAULTS = {
    "no folder": (shutil.rmtree, "There is no folder"),
    "no Train": (lambda data: shutil.rmtree(data / "Train"), "no Train folder"),
    "missing class": (lambda data: shutil.rmtree(data / "Train" / "COVID"), "lacks the class folder COVID"),
    "missing class in Test": (lambda data: shutil.rmtree(data / "Test" / "Non-COVID"), "lacks the class folder Non-C"),
    "unknown class": (lambda data: (data / "Train" / "Pneumonia").mkdir(), "Train holds a folder Pneumonia"),
    "unknown part": (lambda data: (data / "Val").mkdir(), "holds a folder Val"),
    "empty class": (lambda data: [p.unlink() for p in (data / "Test" / "COVID").iterdir()], "COVID holds no image"),
    "masks beside images": (lambda data: (data / "Train" / "COVID" / "masks").mkdir(), r"a folder \(masks\)"),
    "too few": (lambda data: (data / "Train" / "COVID" / "person-003.jpg").unlink(), "6 usable COVID images"),
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_wrong_folder_is_refused_first(data, fault, words, monkeypatch):
    """A wrong folder is refused in one sentence before any image is read."""
    fault(data)
    monkeypatch.setattr("training.data.dataset.read_image", lambda path: pytest.fail("an image was read"))
    with pytest.raises(DatasetError, match=words) as refusal:
        read_dataset(data)
    assert str(refusal.value).endswith(".")


def test_too_many_refusals_stop_the_run(data):
    (data / "Train" / "COVID" / "person-003.jpg").write_bytes(b"\xff\xd8\xff and no more")
    with pytest.raises(DatasetError, match="6 usable COVID images"):
        read_dataset(data)


def test_an_evaluation_needs_fewer_images(data):
    (data / "Train" / "COVID" / "person-003.jpg").unlink()
    assert len(read_dataset(data, fewest_per_class=1).samples) == 17


def test_the_manifest_tells_source_and_patient(data):
    rows = (
        "file,source,other,patient\r\nTrain/COVID/person-000.jpg,Here,x,P1\r\nTest\\COVID\\person-014.jpg,There,x,\r\n"
    )
    (data / "manifest.csv").write_text("\ufeff" + rows, encoding="utf-8")
    samples = {sample.name: sample for sample in read_dataset(data).samples}
    assert (samples["Train/COVID/person-000.jpg"].source, samples["Train/COVID/person-000.jpg"].patient) == (
        "Here",
        "P1",
    )
    assert samples["Test/COVID/person-014.jpg"].source == "There"
    assert samples["Test/COVID/person-014.jpg"].patient is None
    assert samples["Train/COVID/person-001.jpg"].source is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name,source\na,b\n", "needs a column named file"),
        ("file,source\nCOVID/person-000.jpg,b\n", "names none of the images"),
        ("file,source\nx.jpg,a\nx.jpg,b\n", r"two different things of x\.jpg"),
        ("file\0,source\n\udcff\n", "comma-separated"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(data, content, words):
    (data / "manifest.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DatasetError, match=words):
        read_dataset(data)


def test_limit_takes_images_of_every_class_and_part(data):
    dataset = read_dataset(data, limit=9, fewest_per_class=1)
    assert len(dataset.samples) == 9
    assert {(sample.part, sample.label) for sample in dataset.samples} == {
        ("train", 0),
        ("train", 1),
        ("test", 0),
        ("test", 1),
    }


def test_extra_negatives_only_train(data, tmp_path):
    """Extra negatives are for training only and may lack a class."""
    write_people(tmp_path / "more" / "Non-COVID", range(50, 52))
    (tmp_path / "more" / "manifest.csv").write_text("file,source\nNon-COVID/person-050.jpg,Elsewhere\n")
    samples = read_dataset(data, extra=[tmp_path / "more"]).samples
    extra = [sample for sample in samples if sample.part == "extra"]
    assert [(sample.name, sample.label) for sample in extra] == [
        ("more/Non-COVID/person-050.jpg", 1),
        ("more/Non-COVID/person-051.jpg", 1),
    ]
    assert extra[0].source == "Elsewhere"


def test_an_extra_folder_without_classes_is_refused(data, tmp_path):
    (tmp_path / "more").mkdir()
    with pytest.raises(DatasetError, match="no class folder"):
        read_dataset(data, extra=[tmp_path / "more"])


def test_two_extra_folders_of_one_name_are_refused(data, tmp_path):
    for place in ("a", "b"):
        write_people(tmp_path / place / "more" / "Non-COVID", range(50, 51))
    with pytest.raises(DatasetError, match="Two images are called more/"):
        read_dataset(data, extra=[tmp_path / "a" / "more", tmp_path / "b" / "more"])


def test_progress_counts_every_file(data):
    seen: list[tuple[int, int]] = []
    read_dataset(data, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 18) for done in range(1, 19)]


def test_no_pixels_are_kept(data):
    sample = read_dataset(data).samples[0]
    arrays = [value for value in vars(sample).values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in arrays) <= 1024


def test_a_sample_cannot_be_changed(data):
    sample = read_dataset(data).samples[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.label = 1  # type: ignore[misc]


def test_the_key_knows_the_pixels_and_their_shape():
    pixels = np.asarray(person(1))
    assert content_key(pixels) == content_key(pixels.copy())
    assert content_key(pixels) != content_key(pixels.reshape(320, 384))
