"""int8 on a real trained model: like float32 within a tolerance, and built only where it gives its golden answers."""

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import Prediction
from diagnosis.inference.artifacts import BUILT_FILES, INT8_FILES, RANGES, built_precision, check_built, read_artifact
from diagnosis.inference.engines import NICENESS, CompiledGraph, EngineOutput, OpenVINOEngine, open_engine
from diagnosis.inference.preprocessing import preprocess
from diagnosis.inference.serving import load_classifier
from tests.trained import VERSION, TrainedVersion, toy_in_place_of_resnet152
from training.publishing import precision
from training.publishing.golden import golden_pictures
from training.publishing.int8 import SUMS_FROM, Ranges, convolutions, learn_ranges, load_ranges, quantised, save_ranges
from training.publishing.quantise import compared

TOLERANCE = 0.03
"""Of a probability, on the toy; docs/decisions/0120-int8.md has the figures of the served network."""


@pytest.fixture(scope="module", autouse=True)
def toy() -> Iterator[None]:
    with toy_in_place_of_resnet152():
        yield


@pytest.fixture(scope="module")
def int8_version(trained_version: TrainedVersion, tmp_path_factory: pytest.TempPathFactory) -> TrainedVersion:
    """The trained version with an int8 graph, made and built by the commands. Never changed by a test."""
    from django.conf import settings

    made = TrainedVersion(tmp_path_factory.mktemp("int8") / "models", trained_version.data, trained_version.cache)
    shutil.copytree(trained_version.models_dir, made.models_dir)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "MODELS_DIR", made.models_dir)
        patch.setattr("training.publishing.quantise.FEWEST_EQUAL", 0.5)  # of six images
        patch.setattr(precision, "best_seconds", lambda engines, views=1: [0.2, 0.1])  # a toy says nothing about speed
        graphs_from(trained_version.folder, patch)
        call_command("quantise_model", data=made.data, images=16, after=4)
        call_command("build_model")
    return made


def graphs_from(source: Path, patch: pytest.MonkeyPatch) -> None:
    """The float32 graph instead of an export, which takes seconds and is tested elsewhere."""

    def copy(network: object, folder: Path) -> None:
        for name in BUILT_FILES:
            shutil.copy(source / name, folder)

    patch.setattr("training.publishing.assembly.assemble_network", lambda artifact: None)
    patch.setattr("training.publishing.assembly.write_graphs", copy)


@pytest.fixture
def ready_graphs(int8_version: TrainedVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs_from(int8_version.folder, monkeypatch)


@pytest.fixture
def models(int8_version: TrainedVersion, settings: Any, tmp_path: Path) -> Path:
    """A copy that the test may damage, in force."""
    settings.MODELS_DIR = Path(shutil.copytree(int8_version.models_dir, tmp_path / "models"))
    return settings.MODELS_DIR


@pytest.fixture(scope="module")
def images(int8_version: TrainedVersion) -> np.ndarray:
    preprocessing = read_artifact(int8_version.models_dir).preprocessing
    return np.stack([preprocess(pixels, preprocessing) for pixels in golden_pictures()])


def change_card(models: Path, **values: Any) -> None:
    path = models / VERSION / "model_card.json"
    card = json.loads(path.read_text())
    card["int8"] |= values
    path.write_text(json.dumps(card))


def build(models: Path, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("build_model", force=True)
    return capsys.readouterr().out


# --- The graph --------------------------------------------------------------------------------------------------------


def test_it_answers_as_float32_within_the_tolerance(int8_version, images):
    float32, int8 = (open_engine(f"openvino-{name}", int8_version.folder) for name in ("float32", "int8"))
    one, other = float32.run(images), int8.run(images)
    difference = np.abs(one.probabilities - other.probabilities).max()
    assert 0 < difference < TOLERANCE
    np.testing.assert_allclose(other.evidence, one.evidence, rtol=0, atol=0.1 * max(one.evidence.max(), 0.01))


def test_its_other_convolutions_really_run_in_int8(int8_version):
    engine = OpenVINOEngine(int8_version.folder, "int8")
    kinds = [
        node.get_rt_info()["runtimePrecision"].value
        for node in engine._alone.compiled.get_runtime_model().get_ops()
        if node.get_rt_info()["layerType"].value == "Convolution"
    ]
    assert set(kinds) == {"f32", "u8"}
    assert kinds.count("u8") == np.count_nonzero(load_ranges(int8_version.folder / RANGES).highest) > 10


def test_sums_are_rounded_of_new_ranges_only(int8_version, tmp_path):
    """An earlier version keeps the graph that it was judged in."""
    learned = load_ranges(int8_version.folder / RANGES)
    assert learned.sums_from == SUMS_FROM
    for sums_from in (14, 0):  # a stage of the toy has one block, and no such sum, above that
        save_ranges(tmp_path / RANGES, replace(learned, sums_from=sums_from))
        graph = quantised(int8_version.folder / "serving.xml", load_ranges(tmp_path / RANGES))
        sums = [node for node in graph.get_ops() if node.get_type_name() == "Add"]
        sources = {source.get_node().get_type_name() for node in sums for source in node.input_values()}
        assert ("FakeQuantize" in sources) is bool(sums_from)


@pytest.mark.usefixtures("ready_graphs")
def test_the_same_ranges_give_the_same_answers_again(models, images, capsys):
    weights = (models / VERSION / "serving-int8.bin").read_bytes()
    before = open_engine("openvino-int8", models / VERSION).run(images)
    build(models, capsys)
    assert (models / VERSION / "serving-int8.bin").read_bytes() == weights
    np.testing.assert_array_equal(
        open_engine("openvino-int8", models / VERSION).run(images).probabilities, before.probabilities
    )


def test_simultaneous_calls_agree(int8_version, images, monkeypatch):
    """An image in company is computed by half of the processors and has the same answer."""
    engine = OpenVINOEngine(int8_version.folder, "int8")
    expected = [engine.run(image[None]) for image in images[:4]]
    asked: list[str] = []
    second_came = threading.Event()

    def noted(name: str, graph: CompiledGraph) -> Callable[[np.ndarray], EngineOutput]:
        def run(image: np.ndarray) -> EngineOutput:
            asked.append(name)
            second_came.wait(20) if len(asked) == 1 else second_came.set()
            return CompiledGraph.run(graph, image)

        return run

    for name in ("_alone", "_in_company"):
        monkeypatch.setattr(getattr(engine, name), "run", noted(name, getattr(engine, name)))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda image: engine.run(image[None]), images[:2]))
    answers.append(engine.run(images[2:3]))
    engine._company._until = time.monotonic()  # as some time later
    answers.append(engine.run(images[3:4]))
    assert asked == ["_alone", "_in_company", "_in_company", "_alone"]
    for answer, alone in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer.probabilities, alone.probabilities, rtol=0, atol=1e-6)
        np.testing.assert_allclose(answer.evidence, alone.evidence, rtol=0, atol=1e-5)


def test_in_company_the_network_lets_pages_go_first(int8_version):
    engine = OpenVINOEngine(int8_version.folder, "int8")
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    threads = {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in Path("/proc/self/task").iterdir()}
    assert engine._in_company is not engine._alone
    assert {ours, ours + NICENESS} <= threads


def test_threads_get_their_own_answers(int8_version):
    engine = OpenVINOEngine(int8_version.folder, "int8")
    rng = np.random.default_rng(0)
    inputs = [rng.uniform(0, 16 * (i + 1) - 1, (1, 224, 224, 3)).astype(np.float32) for i in range(16)]
    expected = [engine.run(image) for image in inputs]
    assert len({answer.probabilities.tobytes() for answer in expected}) == 16

    def ask(thread: int) -> None:
        for _ in range(10):
            answer = engine.run(inputs[thread])
            np.testing.assert_array_equal(answer.probabilities, expected[thread].probabilities)
            np.testing.assert_array_equal(answer.evidence, expected[thread].evidence)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))


def test_what_reads_the_picture_or_the_pooled_map_stays_in_float32(int8_version, images):
    graph = int8_version.folder / "serving.xml"
    ranges = learn_ranges(graph, [images])
    layers = convolutions(quantised(graph, ranges))
    sources = [layer.input_value(0).get_node().get_type_name() for layer in layers]
    inputs = [layer.input_value(1).get_partial_shape()[1].get_length() for layer in layers]
    at_the_beginning = np.array(
        [source == "MaxPool" or number == 3 for source, number in zip(sources, inputs, strict=True)]
    )
    in_float32 = np.array([layer.input_value(1).get_node().get_type_name() == "Constant" for layer in layers])
    assert (in_float32 == at_the_beginning).all()
    assert (in_float32 == (ranges.highest == 0)).all()
    assert in_float32.sum() == 3


# --- Ranges -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut", "objects", "negative", "no number"])
def test_a_damaged_file_of_ranges_is_a_sentence(tmp_path, content):
    path = tmp_path / RANGES
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "objects":
        np.savez(path, highest=np.array([{}], object), shifts=np.zeros(1))
    elif content:
        save_ranges(
            path, Ranges(np.array([-1 if content == "negative" else np.nan], np.float32), np.zeros(1, np.float32))
        )
    with pytest.raises(ModelUnavailable, match=RANGES):
        load_ranges(path)


def test_ranges_of_another_network_are_refused(int8_version):
    ranges = load_ranges(int8_version.folder / RANGES)
    for other in (Ranges(ranges.highest[:-1], ranges.shifts), Ranges(ranges.highest, ranges.shifts[:-1])):
        with pytest.raises(ModelUnavailable, match="does not belong to this network"):
            quantised(int8_version.folder / "serving.xml", other)


# --- What a machine chooses -------------------------------------------------------------------------------------------


def test_a_fit_int8_is_served(models, dicom_samples):
    from diagnosis.imaging.radiograph import read_radiograph

    assert built_precision(models / VERSION) == "int8"
    radiograph = read_radiograph((dicom_samples / "RG1_UNCR.dcm").read_bytes())
    assert load_classifier().classify(radiograph).engine == "openvino-int8"
    assert load_classifier(engine="openvino-float32").classify(radiograph).engine == "openvino-float32"


def wrong_golden_answers(models: Path) -> None:
    path = models / VERSION / "golden.json"
    golden = json.loads(path.read_text())
    path.write_text(json.dumps(golden | {"int8": [p + 0.05 for p in golden["int8"]]}))


def other_ranges(models: Path) -> None:
    ranges = load_ranges(models / VERSION / RANGES)
    save_ranges(models / VERSION / RANGES, Ranges(ranges.highest * 2, ranges.shifts))


NOT_FIT = {
    "other golden answers": (wrong_golden_answers, "does not give its golden answers on this machine"),
    "ranges that the card does not describe": (other_ranges, "is not the one its card describes"),
    "a damaged file": (lambda models: (models / VERSION / RANGES).write_bytes(b"cut"), "is not the one its card"),
    "no figures": (lambda models: change_card(models, ranges_sha256=None), "is not the one its card describes"),
}


@pytest.mark.usefixtures("ready_graphs")
@pytest.mark.parametrize("fault", NOT_FIT)
def test_an_unfit_int8_is_not_served(models, capsys, fault):
    """Where int8 is not fit float32 is served and a sentence says why."""
    damage, sentence = NOT_FIT[fault]
    damage(models)
    said = build(models, capsys)
    assert "It is served in float32" in said
    assert sentence in said
    check_built(read_artifact(models))
    assert load_classifier().engine.name == "openvino-float32"
    assert not any((models / VERSION / name).exists() for name in INT8_FILES)
    with pytest.raises(ModelUnavailable, match="has no int8 graph on this machine"):
        load_classifier(engine="openvino-int8")


@pytest.mark.usefixtures("ready_graphs")
def test_int8_that_differs_is_on_request(models, capsys):
    """A version whose int8 differs too often has it for those who ask."""
    change_card(models, is_default=False)
    assert "answers or ROC AUC differ too much" in build(models, capsys)
    assert load_classifier().engine.name == "openvino-float32"
    assert load_classifier(engine="openvino-int8").engine.name == "openvino-int8"


@pytest.mark.usefixtures("ready_graphs")
@pytest.mark.parametrize(
    ("seconds", "chosen"), [([0.2, 0.1], "int8"), ([0.1, 0.2], "float32"), ([0.1, 0.1], "float32")]
)
def test_the_faster_one_is_served(models, capsys, monkeypatch, seconds, chosen):
    monkeypatch.setattr(precision, "best_seconds", lambda engines, views=1: seconds)
    said = build(models, capsys)
    assert f"served in {chosen}" in said
    assert "200 ms" in said or "100 ms" in said
    assert load_classifier().engine.name == f"openvino-{chosen}"


def test_a_changed_int8_is_not_served(models):
    (models / VERSION / "serving-int8.bin").write_bytes(b"changed")
    with pytest.raises(ModelUnavailable, match=r"serving-int8.bin of model trained-1 is missing or damaged"):
        load_classifier()


@pytest.mark.usefixtures("ready_graphs")
def test_later_ranges_are_built_in(models, capsys):
    ranges = (models / VERSION / RANGES).read_bytes()
    (models / VERSION / RANGES).unlink()
    assert "has no int8 ranges" in build(models, capsys)
    call_command("build_model")
    assert "is built already" in capsys.readouterr().out
    (models / VERSION / RANGES).write_bytes(ranges)
    call_command("build_model")
    assert "is ready" in capsys.readouterr().out


def test_a_build_opens_no_connection(models, monkeypatch, capsys):
    def refuse(*arguments: object) -> NoReturn:
        raise AssertionError(f"a connection was opened: {arguments}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert f"Model {VERSION} is ready" in build(models, capsys)
    assert load_classifier(engine="openvino-int8").engine.name == "openvino-int8"


# --- What it costs ----------------------------------------------------------------------------------------------------


def output(probabilities: list[float], evidence: np.ndarray) -> EngineOutput:
    pairs = np.array([[p, 1 - p] for p in probabilities], np.float32)
    return EngineOutput(pairs, evidence)


def test_the_comparison_counts_answers(models):
    artifact = read_artifact(models)
    rule, calibration = artifact.decision.rule, artifact.decision.calibration
    raw = np.linspace(0.001, 0.999, 200)
    answers = [rule.predict(float(p)) for p in calibration.apply(raw)]
    low, high = (
        raw[answers.index(Prediction.NEGATIVE)],
        raw[len(answers) - 1 - answers[::-1].index(Prediction.POSITIVE)],
    )
    maps = np.random.default_rng(0).random((4, 7, 7)).astype(np.float32)
    figures = compared(
        artifact, np.array([0, 1, 0, 1]), output([high, low, high, low], maps), output([high, low, low, low], 2 * maps)
    )
    assert (figures["images"], figures["equal_answers"], figures["crossed"]) == (4, 0.75, 1)
    assert figures["closely"]["map_low"] == pytest.approx(1, abs=1e-5)
    assert figures["closely"]["largest_change"] == pytest.approx(
        float(calibration.apply(high) - calibration.apply(low)), abs=1e-6
    )
    assert figures["float32"]["roc_auc"]["value"] == 1


def test_the_card_says_what_int8_costs(int8_version):
    text = (int8_version.folder / "MODEL_CARD.md").read_text()
    section = text.split("## In eight bits (int8)")[1].split("\n## ")[0]
    assert "learned on 16 training images" in section
    assert "| ROC AUC, float32 |" in section
    assert "| Answers as in float32 | " in section


def test_images_that_are_not_there_are_named(models, tmp_path):
    with pytest.raises(CommandError, match="Not all images of the part 'train' of trained-1 are in the folders"):
        call_command("quantise_model", data=tmp_path)
