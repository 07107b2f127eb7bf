"""A radiograph in, a classification out. The model is loaded once per process, after any fork, behind a lock."""

import logging
import os
import threading

import numpy as np
from django.conf import settings

from diagnosis.errors import ModelUnavailable
from diagnosis.imaging import decoding
from diagnosis.inference.artifacts import CURRENT, check_built, current_version, read_artifact
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
_choices: dict[tuple[str, str], tuple[int, ...]] = {}


def get_classifier() -> Classifier:
    """This process's classifier, loaded at first use and after another version was chosen.

    Raises ModelUnavailable, and tries again at the next call. Where the newly chosen one cannot be loaded, the one
    before goes on answering, under its own name.
    """
    key = (str(settings.MODELS_DIR), settings.INFERENCE_ENGINE)
    with _lock:
        if key not in _loaded:
            decoding.warm()
            _load(key)
        elif _choice() != _choices.get(key):
            _follow(key)
        return _loaded[key]


def _load(key: tuple[str, str]) -> None:
    choice = _choice()
    _loaded[key] = load_classifier()
    _choices[key] = choice
    logger.info("model %s loaded in process %d", _loaded[key].model_version, os.getpid())


def _follow(key: tuple[str, str]) -> None:
    """Take up what was chosen since: every process does so at its next radiograph."""
    choice = _choice()
    try:
        if current_version(settings.MODELS_DIR) == _loaded[key].model_version:
            _choices[key] = choice
        else:
            _load(key)
    except ModelUnavailable:
        _choices[key] = choice  # and not at every radiograph anew
        logger.exception("the chosen model cannot be loaded; %s goes on answering", _loaded[key].model_version)


def _choice() -> tuple[int, ...]:
    """What tells, at the price of one look at a file, that another choice was written."""
    try:
        found = (settings.MODELS_DIR / CURRENT).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ino, found.st_size


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
