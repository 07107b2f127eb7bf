"""Fixtures of the tests of training."""

from collections.abc import Iterator

import keras
import pytest


@pytest.fixture(scope="module")
def without_graphs() -> Iterator[None]:
    """Keras trains without tracing graphs, which costs a toy more than computing; `trained_version` does trace them."""
    if keras.backend.backend() != "tensorflow":  # `make test-backends`, where it is not installed
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
