"""What is said of one result in every object that is sent of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from diagnosis.findings import Prediction
from diagnosis.models import Diagnosis, Review
from pacs.objects.identifiers import Kind, object_uid


@dataclass(frozen=True)
class Verdict:
    """What the newest review says of the answer."""

    reader: str
    verdict: str
    """"agrees", "disagrees" or "unsure"."""


@dataclass(frozen=True)
class Statement:
    """One result, as it is when it is sent."""

    diagnosis: Diagnosis
    made: datetime
    """When what it says came to be, in the site's time zone: the same at every attempt to send it."""
    revision: str = ""
    """What makes it another object than the first one of the result."""
    number: int = 1
    """Its place among the objects of its series."""
    verdict: Verdict | None = None
    is_withdrawn: bool = False
    """The radiograph was voided: the objects say so, and give no answer."""
    replaces: tuple[Replaced, ...] = ()
    """Structured reports that this one is to be read instead of."""

    @property
    def prediction(self) -> Prediction:
        return Prediction(self.diagnosis.prediction)

    @property
    def weights_sha256(self) -> str:
        return self.diagnosis.model_version.weights_sha256

    def uid(self, sop_instance_uid: str, kind: Kind) -> str:
        return object_uid(sop_instance_uid, self.weights_sha256, kind, self.revision)


@dataclass(frozen=True)
class Replaced:
    """An earlier object: of the same model version, or of one whose answer this one replaces."""

    weights_sha256: str
    revision: str = ""


def verdict_of(review: Review | None) -> Verdict | None:
    return Verdict(review.reviewer.display_name, review.verdict) if review else None


def moment(when: datetime) -> datetime:
    """Without fractions of a second and in the site's time zone."""
    return timezone.localtime(when, timezone.get_default_timezone()).replace(microsecond=0)
