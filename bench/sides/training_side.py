"""The paper's two stages: by plain `fit` on images, and on cached features. Decoding counts for neither."""

import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from bench.sides.clock import per_call
from diagnosis.inference.contract import IMAGE_SIZE, Preprocessing
from training.fitting.features import FeatureStore, openvino_runner, store_for
from training.fitting.recipe import PAPER
from training.network.architecture import CutNetwork, build_network, cut_network, head_model, set_trainable
from training.network.backbone import build_backbone


@dataclass(frozen=True)
class Prepared:
    network: keras.Model
    cut: CutNetwork
    store: FeatureStore
    weights: str


@cache
def _prepared(weights: str) -> Prepared:
    network = build_network(build_backbone(weights, IMAGE_SIZE), PAPER.head)
    cut = cut_network(network, PAPER.unfreeze)
    root = Path(tempfile.mkdtemp(prefix="covidxray-bench-"))
    return Prepared(network, cut, store_for(root, cut.frozen, Preprocessing()), weights)


@cache
def _runner(weights: str) -> tuple[Any, float]:
    prepared = _prepared(weights)
    started = time.perf_counter()
    runner = openvino_runner(prepared.cut.frozen, prepared.store.folder)
    return runner, time.perf_counter() - started


def export(weights: str) -> float:
    """Seconds to write the frozen part's graph and to compile it; measured once, at the first call."""
    return _runner(weights)[1]


def frozen(weights: str, images: int) -> float:
    """Seconds for each image to pass through the frozen part, to be written, and to be averaged for stage 1."""
    prepared, (run, _) = _prepared(weights), _runner(weights)
    pixels = _images(images)
    started = time.perf_counter()
    tensors = run(pixels)
    prepared.store.append([f"{time.perf_counter_ns()} {number}" for number in range(images)], tensors)
    prepared.cut.pooled.predict_on_batch(tensors if len(tensors) > 1 else tensors[0])
    return (time.perf_counter() - started) / images


@cache
def _compiled(weights: str, way: str, stage: int) -> keras.Model:
    """A model for each: one that was compiled for other trained layers would be traced anew at every turn."""
    network = build_network(build_backbone(weights, IMAGE_SIZE), PAPER.head)
    set_trainable(network, PAPER.unfreeze if stage == 2 else 0, PAPER.train_batch_norm)
    model = network
    if way == "cached":
        model = cut_network(network, PAPER.unfreeze).tail if stage == 2 else head_model(network)
    model.compile(keras.optimizers.Adam(PAPER.learning_rate), loss="sparse_categorical_crossentropy")
    model.fit(*_data(model, 1), batch_size=PAPER.batch_size, verbose=0)
    return model


def step(weights: str, way: str, stage: int, steps: int) -> float:
    """Seconds of one step of `fit` in batches of the recipe."""
    model = _compiled(weights, way, stage)
    data = _data(model, steps)
    return per_call(lambda: model.fit(*data, batch_size=PAPER.batch_size, verbose=0), 1) / steps


def validate(weights: str, way: str, stage: int, steps: int) -> float:
    """Seconds for each image of `evaluate`, as at the end of every epoch."""
    model = _compiled(weights, way, stage)
    data = _data(model, steps)
    seconds = per_call(lambda: model.evaluate(*data, batch_size=PAPER.batch_size, verbose=0), 1)
    return seconds / (steps * PAPER.batch_size)


def _data(model: keras.Model, steps: int) -> tuple[np.ndarray, np.ndarray]:
    number = steps * PAPER.batch_size
    shape = model.input_shape[1:]
    pixels = np.random.default_rng(0).random((number, *shape), np.float32)
    return pixels * (255 if shape[0] == IMAGE_SIZE else 1), np.arange(number) % 2


def _images(number: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (number, IMAGE_SIZE, IMAGE_SIZE, 3)).astype(np.float32)


CALLS = {"export": export, "frozen": frozen, "step": step, "validate": validate}
