"""The two engines on a real trained model: the same answers, each caller its own, and no code from a file."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import read_artifact
from diagnosis.inference.engines import Engine, KerasEngine, OpenVINOEngine, open_engine
from diagnosis.inference.preprocessing import preprocess
from tests.diagnosis.inference.test_grad_cam import new_network
from tests.trained import TrainedVersion
from training.publishing.assembly import write_graphs
from training.publishing.golden import golden_pictures

THREADS = 16


@pytest.fixture(scope="module")
def served(trained_version: TrainedVersion) -> dict[str, Engine]:
    return {name: open_engine(name, trained_version.folder) for name in ("openvino", "keras")}


@pytest.fixture(scope="module")
def images(trained_version: TrainedVersion) -> np.ndarray:
    """Eight real inputs, and eight of noise of different brightness."""
    preprocessing = read_artifact(trained_version.models_dir).preprocessing
    real = [preprocess(pixels, preprocessing) for pixels in golden_pictures()]
    rng = np.random.default_rng(0)
    noise = [rng.uniform(0, 16 * (i + 1) - 1, (224, 224, 3)).astype(np.float32) for i in range(THREADS - len(real))]
    return np.stack([*real, *noise])


def assert_engines_agree(openvino: Engine, reference: Engine, images: np.ndarray) -> None:
    for image in images:
        one, other = openvino.run(image[None]), reference.run(image[None])
        np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=0, atol=1e-4)
        assert one.evidence.shape == other.evidence.shape
        np.testing.assert_allclose(one.evidence, other.evidence, rtol=0, atol=1e-3 * max(other.evidence.max(), 1e-3))


def test_both_engines_give_the_same_answers(served, images):
    assert_engines_agree(served["openvino"], served["keras"], images[:6])


@pytest.mark.parametrize("head", ["paper", "bands"])
def test_both_engines_agree_on_maps(tmp_path, images, head):
    write_graphs(new_network(head), tmp_path)
    reference = KerasEngine(tmp_path)
    assert reference.run(images[:4]).evidence.max() > 0
    assert_engines_agree(OpenVINOEngine(tmp_path), reference, images[:4])


def test_an_answer_has_the_promised_shape(served, images):
    for engine in served.values():
        output = engine.run(images[:3])
        assert output.probabilities.shape == (3, 2)
        assert output.evidence.shape == (3, 7, 7)
        assert output.probabilities.dtype == output.evidence.dtype == np.float32
        np.testing.assert_allclose(output.probabilities.sum(axis=1), 1, atol=1e-6)
        assert output.evidence.min() >= 0
        for row in range(3):
            single = engine.run(images[row : row + 1])
            np.testing.assert_allclose(output.probabilities[row], single.probabilities[0], atol=1e-5)


@pytest.mark.parametrize("name", ["openvino", "keras"])
def test_threads_get_their_own_answers(served, images, name):
    engine, threads = served[name], THREADS if name == "openvino" else 4
    expected = [engine.run(image[None]) for image in images[:threads]]
    assert len({answer.probabilities.tobytes() for answer in expected}) == threads

    def ask(thread: int) -> None:
        for _ in range(10 if name == "openvino" else 1):
            answer = engine.run(images[thread][None])
            np.testing.assert_allclose(answer.probabilities, expected[thread].probabilities, rtol=0, atol=1e-7)
            np.testing.assert_allclose(answer.evidence, expected[thread].evidence, rtol=1e-4, atol=1e-7)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask, range(threads)))


def test_an_answer_is_not_overwritten(served, images):
    first = served["openvino"].run(images[:1])
    kept = first.probabilities.copy(), first.evidence.copy()
    served["openvino"].run(images[1:2])
    np.testing.assert_array_equal(first.probabilities, kept[0])
    np.testing.assert_array_equal(first.evidence, kept[1])


def test_openvino_computes_in_float32(served):
    assert str(served["openvino"]._alone.compiled.get_property("INFERENCE_PRECISION_HINT")) == "<Type: 'float32'>"


SERVE = """
import sys, pathlib, numpy
from diagnosis.inference.engines import open_engine
output = open_engine("openvino", pathlib.Path(sys.argv[1])).run(numpy.zeros((1, 224, 224, 3), numpy.float32))
print(output.probabilities.shape, *sorted({"tensorflow", "keras", "torch"} & set(sys.modules)))
"""


def test_openvino_needs_no_tensorflow(trained_version, project):
    command = [sys.executable, "-c", SERVE, str(trained_version.folder)]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "(1, 2)"


def test_an_engine_that_is_not_there_is_named(trained_version):
    with pytest.raises(
        ModelUnavailable, match=r"no engine 'onnx'; choose one of openvino, openvino-float32, openvino-int8, keras"
    ):
        open_engine("onnx", trained_version.folder)


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("openvino", "serving.xml", b""),
        ("openvino", "serving.xml", b"<net>"),
        ("openvino", "serving.bin", b"\x00" * 10),
        ("openvino", "serving.xml", None),
        ("keras", "model.keras", b"PK\x03\x04 cut"),
        ("keras", "model.keras", None),
    ],
)
def test_a_file_that_cannot_be_loaded_is_a_sentence(trained_version, tmp_path, name, file, content):
    folder = Path(shutil.copytree(trained_version.folder, tmp_path / "damaged"))
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"Model damaged cannot be loaded.*build_model --force"):
        open_engine(name, folder)


def test_code_in_a_keras_file_is_refused(tmp_path, monkeypatch):
    """A Lambda layer carries compiled Python, which a trusting load would run."""
    monkeypatch.chdir(tmp_path)
    image = keras.Input((224, 224, 3))
    touched = keras.layers.Lambda(lambda x: [__import__("os").mkdir("canary"), x][1])(image)
    keras.Model(image, touched).save("model.keras")
    Path("canary").rmdir()  # made when the layer was built here
    with pytest.raises(ModelUnavailable) as refusal:
        open_engine("keras", tmp_path)
    assert "arbitrary code execution" in str(refusal.value.__cause__)
    assert not Path("canary").exists()


def test_openvino_is_warmed_up(trained_version):
    """Two first images at once stop the whole process for ever (docs/decisions/0103-faults-and-load.md)."""
    assert len(OpenVINOEngine(trained_version.folder)._alone.idle) == 1


def test_requests_are_kept_for_later_calls(trained_version, images):
    """Each holds the memory of all layers: threads of the server that come and go must not each leave one behind."""
    engine = OpenVINOEngine(trained_version.folder)
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda image: engine.run(image[None]), images[:4]))
    assert 1 <= len(engine._alone.idle) <= 2


def test_a_misfit_input_breaks_nothing(trained_version, images):
    engine = OpenVINOEngine(trained_version.folder)
    expected = engine.run(images[:1])
    with pytest.raises(RuntimeError):
        engine.run(np.zeros((1, 10, 10, 3), np.float32))
    np.testing.assert_array_equal(engine.run(images[:1]).probabilities, expected.probabilities)
