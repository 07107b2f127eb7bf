"""The averages that the gate reads, out of a toy network."""

from pathlib import Path

import numpy as np
import pytest

from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.preprocessing import preprocess
from tests.training.toy_network import toy_backbone
from training.gate.features import FeatureReader, quarters_model
from training.network.architecture import HeadConfig, build_network


def test_quarters_of_stage_4_by_both_engines(tmp_path: Path):
    network = build_network(toy_backbone("random", 224), HeadConfig(hidden_units=4))
    pixels = np.random.default_rng(0).integers(0, 255, (120, 100)).astype(np.uint8)
    preprocessing = Preprocessing(equalise=True)
    expected = np.asarray(quarters_model(network)(preprocess(pixels, preprocessing)[None])[0])
    assert expected.shape == (1, 2, 2, 8 * 4)
    features = FeatureReader(network, preprocessing)(pixels)
    np.testing.assert_allclose(features.quarters, expected.reshape(4, -1), rtol=1e-3, atol=1e-4)
    assert features.quarters.max() == pytest.approx(expected.max(), rel=1e-3)
