"""What is said of one result in every object that is sent of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from diagnosis.findings import Prediction
from diagnosis.models import Diagnosis, Review
from pacs.objects.identifiers import Kind, object_uid


@dataclass(frozen=True)
class Reviewed:
    """What the newest review says: of the radiograph, and so of the answer."""

    reader: str
    conclusion: str
    """Empty in a review from before conclusions were asked."""
    verdict: str
    findings: tuple[str, ...] = ()
    remarks: str = ""


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
    review: Reviewed | None = None
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


def reviewed(review: Review | None) -> Reviewed | None:
    if review is None:
        return None
    findings = tuple(review.findings)
    return Reviewed(review.reviewer.display_name, review.conclusion, review.verdict, findings, review.reason)


def moment(when: datetime) -> datetime:
    """Without fractions of a second and in the site's time zone."""
    return timezone.localtime(when, timezone.get_default_timezone()).replace(microsecond=0)
