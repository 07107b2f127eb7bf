"""Choose the version of the model that answers: by the command `use_model`, or in the administration."""

from typing import Any

from django.conf import settings
from django.db import transaction

from audit.models import Action
from audit.services import record
from diagnosis.errors import ModelUnavailable, gettext_noop
from diagnosis.inference.artifacts import check_built, read_artifact, set_current_version


def model_choose(*, actor: Any, version: str) -> None:
    """Serve another version from now on; running processes take it up at their next radiograph.

    `actor` is None for the command line. Raises ModelUnavailable where it cannot be served, or not be chosen from here;
    what was served before stays then.
    """
    artifact = read_artifact(settings.MODELS_DIR, version)
    check_built(artifact)
    detail = {"version": version, "weights": artifact.weights_sha256}
    try:
        with transaction.atomic():  # both or neither
            record(Action.MODEL_CHOSEN, actor=actor, detail=detail)
            set_current_version(settings.MODELS_DIR, version)
    except OSError as error:
        raise ModelUnavailable(
            gettext_noop("The folder of models cannot be written from here; choose with manage.py use_model."),
            code="models-read-only",
        ) from error
