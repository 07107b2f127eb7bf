"""What a report consists of, as frozen data: ReportContent, Fact, Answer, Figures."""

from dataclasses import dataclass, field
from datetime import datetime

from diagnosis.findings import Prediction
from diagnosis.wording.answers import AnswerInWords


@dataclass(frozen=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True)
class Answer:
    """What the model answered; the numbers are probabilities of COVID, 0..1, and `reading` has them in words."""

    prediction: Prediction
    label: str
    probability: float
    operating_point: float
    indeterminate_low: float
    indeterminate_high: float
    reading: AnswerInWords


@dataclass(frozen=True)
class Figures:
    """A model's figures on one set of radiographs, each worded with its 95 % interval."""

    measured_on: str
    sensitivity: str
    specificity: str
    roc_auc: str


@dataclass(frozen=True)
class ReportContent:
    """All that a report prints. Pictures are bytes: JPEG, and JPEG or PNG for the logo.

    `heading` is what stands on every page: whose report it is. `verdicts` are what people found, each in a word, with
    the model's answer. `additions` is what people added: review, own readings, RT-PCR outcome; `notes` are
    clinical, of many lines.
    `produced` carries the time zone in which it is printed, and is None where a date would name the patient's visit.
    """

    language: str
    institution: str
    logo: bytes | None
    is_deidentified: bool
    heading: str
    patient: tuple[Fact, ...]
    study: tuple[Fact, ...]
    verdicts: tuple[Fact, ...]
    additions: tuple[Fact, ...]
    notes: str
    radiograph: bytes
    heat_map: bytes | None
    """None where it was not asked for: below the operating point."""
    opacity_map: bytes | None
    answer: Answer
    remarks: tuple[str, ...]
    """What the model saw besides: opacities, picture quality, and what other hospitals say of such an answer."""
    model: tuple[Fact, ...]
    figures: tuple[Figures, ...]
    limits: tuple[str, ...]
    appearances: tuple[Fact, ...] = field(default=(), kw_only=True)
    """Each of readers' words with its probability; none where the version does not look for them."""
    about_appearances: str = field(default="", kw_only=True)
    appearances_heading: str = field(default="", kw_only=True)
    produced_by: str
    produced: datetime | None
    code: str
    address: str
