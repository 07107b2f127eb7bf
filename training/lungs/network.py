"""The lung U-Net: grey picture (96, 96) -> probability of lung at each place.

A U-Net (Ronneberger, Fischer and Brox 2015) with five levels, batch normalisation and bilinear upsampling. Only Keras
layers, so that it trains on each of Keras's backends.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from diagnosis.inference.lungs import SIDE

CHANNELS = (10, 20, 40, 60, 72)
"""Of each level, from the full resolution down to a sixteenth."""


def build_lung_network(channels: Sequence[int] = CHANNELS, side: int = SIDE) -> keras.Model:
    """(n, side, side, 1) float32 in [0, 1] -> (n, side, side, 1) float32, probability of lung; 0.34 M parameters."""
    picture = keras.Input((side, side, 1), name="picture")
    maps, passed = picture, []
    for level, width in enumerate(channels[:-1]):
        maps = _two_convolutions(maps, width, f"down_{level}")
        passed.append(maps)
        maps = layers.MaxPooling2D(name=f"down_{level}_pool")(maps)
    maps = _two_convolutions(maps, channels[-1], "bottom")
    for level in reversed(range(len(passed))):
        larger = layers.UpSampling2D(interpolation="bilinear", name=f"up_{level}_larger")(maps)
        joined = layers.Concatenate(name=f"up_{level}_joined")([passed[level], larger])
        maps = _two_convolutions(joined, channels[level], f"up_{level}")
    probability = layers.Conv2D(1, 1, activation="sigmoid", name="lungs")(maps)
    return keras.Model(picture, probability, name="lung_fields")


def _two_convolutions(maps: Any, channels: int, name: str) -> Any:
    for number in (1, 2):
        maps = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv{number}")(maps)
        maps = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm{number}")(maps)
        maps = layers.ReLU(name=f"{name}_relu{number}")(maps)
    return maps
