"""A radiograph in, a classification out. The model is loaded once per process, after any fork, behind a lock."""

import logging
import os
import threading

import numpy as np
from django.conf import settings

from diagnosis.errors import ModelUnavailable
from diagnosis.imaging import decoding
from diagnosis.inference.artifacts import check_built, read_artifact
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.contract import IMAGE_SIZE
from diagnosis.inference.engines import open_engine
from diagnosis.inference.examination import open_examiner

logger = logging.getLogger(__name__)


def load_classifier(version: str | None = None, engine: str | None = None) -> Classifier:
    """A classifier for the named version (default: the served one) and engine. Raises ModelUnavailable."""
    artifact = read_artifact(settings.MODELS_DIR, version)
    check_built(artifact)
    opened = open_engine(engine or settings.INFERENCE_ENGINE, artifact.folder)
    return Classifier(artifact, opened, open_examiner(artifact, opened))


_lock = threading.Lock()
_loaded: dict[tuple[str, str], Classifier] = {}


def get_classifier() -> Classifier:
    """This process's classifier, loaded at first use. Raises ModelUnavailable, and tries again at the next call."""
    key = (str(settings.MODELS_DIR), settings.INFERENCE_ENGINE)
    with _lock:
        if key not in _loaded:
            decoding.warm()
            _loaded[key] = load_classifier()
            logger.info("model %s loaded in process %d", _loaded[key].model_version, os.getpid())
        return _loaded[key]


def warm() -> None:
    """Load the classifier and let it look at an empty picture, so that the first upload does not wait for either.

    What keeps it from answering is said at that upload, and by `/readyz`.
    """
    try:
        get_classifier().examiner.examine(np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8))
    except ModelUnavailable as error:
        logger.warning("no model is loaded: %s", error.code)


def classifier_status() -> None:
    """Raises ModelUnavailable when a radiograph could not be classified now."""
    get_classifier()


def loaded() -> Classifier | None:
    """What this process answers with; None before its first answer. Never loads anything."""
    return _loaded.get((str(settings.MODELS_DIR), settings.INFERENCE_ENGINE))


def loaded_version() -> str | None:
    """The version of it."""
    classifier = loaded()
    return classifier.model_version if classifier else None


def forget_classifier() -> None:
    """Let the next call load the model anew."""
    with _lock:
        _loaded.clear()
