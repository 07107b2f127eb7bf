"""The ResNets of the comparison: each gets the pixels that its weights were trained with, once; and ResNet-18."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras.applications.imagenet_utils import preprocess_input

from tests.training.network.test_backbone import torch_state
from tests.training.torch_files import tensor_of, write_checkpoint
from tests.training.toy_network import toy_backbone
from training.network import backbone as pretrained
from training.network.architecture import HeadConfig, build_network, head_model, stage_ends
from training.network.backbone import build_backbone, scaling_of
from training.network.resnets import RESNETS, SYMMETRIC, Scaling, resnet18
from training.network.tensors import named_tensors, tensors_sha256

RESNET18_PARAMETERS = 11_186_112
"""torchvision's 11,689,512 less the 513,000 of its top, with the 9,600 averages that it does not count."""
GREY = np.repeat(np.random.default_rng(0).integers(0, 256, (2, 64, 64, 1)), 3, axis=3).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "mode"), [("resnet18", "torch"), ("resnet50", "caffe"), ("resnet50v2", "tf"), ("resnet101", "caffe")]
)
def test_pixels_are_scaled_once_and_as_keras_does(name, mode):
    """What reaches the backbone is what Keras's own function makes of the same pixels, and no more is done to them."""
    backbone = toy_backbone("", 64, name)
    network = build_network(backbone, HeadConfig(hidden_units=8), scaling=scaling_of("imagenet", name))
    expected = preprocess_input(GREY.copy(), mode=mode)
    np.testing.assert_allclose(network.get_layer("rescaling")(GREY), expected, atol=1e-4)
    pooled = np.asarray(backbone(expected)).mean(axis=(1, 2))
    np.testing.assert_allclose(network(GREY), head_model(network)(pooled), atol=1e-5)


def test_torchvision_files_have_pixels_of_their_own():
    assert scaling_of("resnet50-0676ba61.pth", "resnet50") == RESNETS["resnet18"].scaling
    assert scaling_of("random", "resnet152") == scaling_of("astra", "resnet152") == Scaling(1 / 255)


def test_the_scaling_round_trips_the_card():
    for scaling in (SYMMETRIC, RESNETS["resnet18"].scaling, RESNETS["resnet50"].scaling):
        assert Scaling.from_dict(scaling.as_dict()) == scaling


def test_a_v2_is_read_after_its_last_norm():
    backbone = toy_backbone("", 64, "resnet50v2")
    assert stage_ends(backbone)[-2:] == ["conv4_block3_out", "post_relu"]
    assert np.min(backbone(GREY / 255)) >= 0


def test_a_resnet_18_is_torchvision_s(tmp_path, monkeypatch):
    """Its size, and every tensor of a torchvision file, which is a state dict and no more, has its place."""
    assert resnet18(32).count_params() == RESNET18_PARAMETERS
    monkeypatch.setattr(pretrained, "_untrained", lambda *_: toy_backbone("", 64, "resnet18"))
    path = write_state(tmp_path / "resnet18.pth", torch_state(toy_backbone("", 64, "resnet18")))
    loaded = build_backbone(str(path), 64, "resnet18")
    kernel = torch_state(loaded)["layer4.1.conv2.weight"]
    np.testing.assert_array_equal(loaded.get_layer("conv5_block2_2_conv").kernel, kernel.transpose(2, 3, 1, 0))
    assert loaded.get_layer("conv3_block1_1_conv").strides == (2, 2)


def write_state(path: Path, state: dict[str, np.ndarray]) -> Path:
    tensors = {name: tensor_of(values, str(key)) for key, (name, values) in enumerate(state.items())}
    return write_checkpoint(path, tensors, [tensor.storage for tensor in tensors.values()])


def test_random_weights_are_always_the_same(monkeypatch):
    """Else build_model could not put a version together that was trained on them."""
    monkeypatch.setattr(pretrained, "_untrained", lambda *_: resnet18(32, width=4))
    hashes = set()
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        hashes.add(tensors_sha256(named_tensors(build_backbone("random", 32, "resnet18"))))
    assert len(hashes) == 1
