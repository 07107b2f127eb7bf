"""A stored diagnosis → what its report prints."""

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, to_locale
from django.utils.translation import gettext as _
from PIL import Image

from accounts.models import User
from accounts.wording import listed
from diagnosis.estimates import Estimate
from diagnosis.findings import Prediction
from diagnosis.imaging.rendering import coloured_heat_map
from diagnosis.models import Diagnosis, OwnReading, Review, Study
from diagnosis.reports.parts import Answer, Fact, Figures, ReportContent
from diagnosis.wording.answers import in_words
from diagnosis.wording.appearances import findings_heading, findings_in_words, what_findings_are
from diagnosis.wording.facts import image_facts, patient_facts
from diagnosis.wording.numbers import day_in_words, interval, interval_in_percent, moment, number
from diagnosis.wording.pictures import how_often_wrong, not_looked_for, picture_in_words
from diagnosis.wording.points import point_of_answer

logger = logging.getLogger(__name__)

PRINTED_SIDE = 1200
LOGO_SIDE = 800
_LONGEST_IN_HEADING = 24
_HEAT_MAP_STRENGTH = 0.5
_PARTS = {"test_part": gettext_lazy("Test part"), "test": gettext_lazy("Test folder")}


@dataclass(frozen=True)
class Origin:
    """Where a report comes from: who made it, when, and how anybody can check it."""

    user: User
    produced: datetime
    code: str
    address: str


def report_of(diagnosis: Diagnosis, origin: Origin, *, is_deidentified: bool) -> ReportContent:
    """What the report of `diagnosis` prints now. Raises what the storage raises.

    A de-identified one is without the patient's details, every date, the names of the institution, of people and of
    the file, every text that a person wrote, and the file's SHA-256, by which anyone with the file would find it. Text
    that is part of the picture stays, and the report says so.
    """
    radiograph = printed_radiograph(diagnosis)
    return ReportContent(
        language=to_locale(get_language() or settings.LANGUAGE_CODE).replace("_", "-"),
        institution="" if is_deidentified else _institution(diagnosis),
        logo=None if is_deidentified else _logo(),
        is_deidentified=is_deidentified,
        heading=_("Patient details removed") if is_deidentified else _whose(diagnosis.study),
        patient=() if is_deidentified else _facts(patient_facts(diagnosis.study)),
        study=tuple(_study(diagnosis, is_deidentified)),
        verdicts=tuple(_verdicts(diagnosis)),
        additions=tuple(_additions(diagnosis, is_deidentified)),
        notes="" if is_deidentified else diagnosis.study.notes,
        radiograph=_jpeg(radiograph),
        heat_map=_heat_map(radiograph, diagnosis),
        opacity_map=_opacity_map(radiograph, diagnosis),
        answer=_answer(diagnosis),
        **_appearances(diagnosis),
        remarks=tuple(_remarks(diagnosis)),
        model=tuple(_model(diagnosis, is_deidentified)),
        figures=tuple(figures_of(diagnosis.model_version.card)),
        limits=tuple(_limits(is_deidentified)),
        produced_by="" if is_deidentified else origin.user.display_name,
        produced=None if is_deidentified else timezone.localtime(origin.produced),
        code=origin.code,
        address=origin.address,
    )


def _institution(diagnosis: Diagnosis) -> str:
    return settings.REPORT_INSTITUTION or diagnosis.study.institution.name


def _logo() -> bytes | None:
    """The logo of the settings, drawn anew; a report is not refused because of its logo."""
    if not settings.REPORT_LOGO:
        return None
    try:
        with Image.open(Path(settings.REPORT_LOGO), formats=("PNG", "JPEG")) as picture:
            picture.thumbnail((LOGO_SIDE, LOGO_SIDE))
            buffer = io.BytesIO()
            picture.convert("RGBA").save(buffer, "PNG")
    except (OSError, ValueError, Image.DecompressionBombError):
        logger.exception("The logo that REPORT_LOGO names cannot be read: the report is made without it")
        return None
    return buffer.getvalue()


def _facts(pairs: list[tuple[str, str]]) -> tuple[Fact, ...]:
    return tuple(Fact(name, value) for name, value in pairs)


def _study(diagnosis: Diagnosis, is_deidentified: bool) -> Iterator[Fact]:
    study = diagnosis.study
    yield from _facts(image_facts(study))
    if study.projection:
        yield Fact(_("Projection"), study.get_projection_display())
    yield Fact(_("Image"), _("%(format)s, %(width)d × %(height)d pixels") % vars(study))
    if is_deidentified:
        return
    yield Fact(_("File"), study.file_name)
    yield Fact("SHA-256", study.sha256)
    yield Fact(_("Uploaded"), f"{moment(study.created, with_zone=True)}, {study.uploaded_by.display_name}")


def _whose(study: Study) -> str:
    """Name and number of the patient, and the day of the study; a very long name leaves room for the number."""
    parts = (_cut(study.patient_name), _cut(study.patient_reference), day_in_words(study.day))
    return "  ·  ".join(part for part in parts if part)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_IN_HEADING else f"{text[: _LONGEST_IN_HEADING - 1]}…"


def _verdicts(diagnosis: Diagnosis) -> Iterator[Fact]:
    review = diagnosis.reviews.newest_first().first()
    reader = review.get_conclusion_display() or review.get_verdict_display() if review else _("Not reviewed")
    yield Fact(_("Reader"), reader)
    yield Fact(_("RT-PCR"), diagnosis.study.get_outcome_display() or _("Not recorded"))


def _additions(diagnosis: Diagnosis, is_deidentified: bool) -> Iterator[Fact]:
    """Verdict, own readings and outcome; de-identified without who, when and why."""
    study = diagnosis.study
    review = diagnosis.reviews.newest_first().first()
    yield from _said(_("Review"), _reviewed(review) if review else _("Not reviewed"), review, is_deidentified)
    readings = study.own_readings.select_related("reader").order_by("pk")
    if review and review.is_blind:  # it says the same
        readings = readings.exclude(reader=review.reviewer_id)
    for reading in readings:
        yield from _said(_("Read before the answer"), _concluded(reading), reading, is_deidentified)
    if study.outcome:
        day = "" if is_deidentified else _(", sample taken %s") % day_in_words(study.outcome_date)
        yield Fact(_("RT-PCR"), f"{study.get_outcome_display()}{day}")


def _reviewed(review: Review) -> str:
    return f"{_concluded(review)} – {review.get_verdict_display()}"


def _concluded(by: Review | OwnReading) -> str:
    return listed([by.get_conclusion_display(), by.findings_in_words])


def _said(name: str, what: str, by: Review | OwnReading | None, is_deidentified: bool) -> Iterator[Fact]:
    if by is None or is_deidentified:
        yield Fact(name, what)
        return
    person, words = (by.reviewer, by.reason) if isinstance(by, Review) else (by.reader, by.note)
    yield Fact(name, f"{what} – {person.display_name}, {moment(by.created, with_zone=True)}")
    if words:
        yield Fact(_("Remarks"), words)


def _model(diagnosis: Diagnosis, is_deidentified: bool) -> Iterator[Fact]:
    yield Fact(_("Version"), diagnosis.model_version.version)
    yield Fact(_("SHA-256 of the weights"), diagnosis.model_version.weights_sha256)
    yield Fact(_("Operating point"), point_of_answer(diagnosis, with_day=not is_deidentified))
    yield Fact(_("Engine"), diagnosis.engine)
    if not is_deidentified:
        yield Fact(
            _("Classified"), f"{moment(diagnosis.created, with_zone=True)}, {diagnosis.requested_by.display_name}"
        )


def _answer(diagnosis: Diagnosis) -> Answer:
    return Answer(
        prediction=Prediction(diagnosis.prediction),
        label=diagnosis.get_prediction_display(),
        probability=diagnosis.probability,
        operating_point=diagnosis.operating_point,
        indeterminate_low=diagnosis.indeterminate_low,
        indeterminate_high=diagnosis.indeterminate_high,
        reading=in_words(diagnosis),
    )


def _appearances(diagnosis: Diagnosis) -> dict[str, Any]:
    found = tuple(Fact(one.label, one.probability) for one in findings_in_words(diagnosis))
    if not found:
        return {}
    heading, about = findings_heading(diagnosis), what_findings_are(diagnosis)
    return {"appearances": found, "appearances_heading": heading, "about_appearances": about}


def printed_radiograph(diagnosis: Diagnosis) -> Image.Image:
    """The copy that pages show, as large as print needs it."""
    with diagnosis.study.display.open("rb") as file, Image.open(file, formats=("JPEG",)) as picture:
        picture.thumbnail((PRINTED_SIDE, PRINTED_SIDE), Image.Resampling.LANCZOS)
        return picture.convert("L")


def _remarks(diagnosis: Diagnosis) -> Iterator[str]:
    picture = picture_in_words(diagnosis)
    if picture.opacities:
        values = {"answer": picture.opacities, "probability": picture.opacity_probability}
        yield _("Opacities in the lungs: %(answer)s (probability %(probability)s)") % values
    if picture.quality:
        yield _("Picture quality: %s") % picture.quality
    yield from picture.limits
    if sentence := how_often_wrong(diagnosis):
        yield sentence
    yield not_looked_for(diagnosis)


def _heat_map(radiograph: Image.Image, diagnosis: Diagnosis) -> bytes | None:
    """Not below the operating point: there it shows what was outweighed, as on the page, where it is off at first."""
    if diagnosis.probability < diagnosis.operating_point:
        return None
    return _jpeg(under_map(radiograph, diagnosis.study, bytes(diagnosis.heat_map)))


def _opacity_map(radiograph: Image.Image, diagnosis: Diagnosis) -> bytes | None:
    stored = bytes(diagnosis.opacity_map)
    if not stored or diagnosis.opacities == Diagnosis.Opacities.NO:
        return None
    return _jpeg(under_map(radiograph, diagnosis.study, stored))


def under_map(radiograph: Image.Image, study: Study, stored: bytes) -> Image.Image:
    """The radiograph in colours, with a stored heat map laid over it."""
    drawn = coloured_heat_map(stored, width=study.width, height=study.height)
    with Image.open(io.BytesIO(drawn), formats=("PNG",)) as colours:
        large = colours.convert("RGBA").resize(radiograph.size, Image.Resampling.BICUBIC)
    strength = large.getchannel("A").point(lambda level: round(level * _HEAT_MAP_STRENGTH))
    return Image.composite(large.convert("RGB"), radiograph.convert("RGB"), strength)


def _jpeg(picture: Image.Image) -> bytes:
    """Pixels alone: made anew, it carries nothing of the file's own details."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88, optimize=True)
    return buffer.getvalue()


def figures_of(card: dict[str, Any]) -> Iterator[Figures]:
    """A card's figures on radiographs that the model was not made from; none where the card has none."""
    parts = card.get("figures", {}).get("parts", {})
    for name, title in _PARTS.items():
        if part := parts.get(name):
            yield _figures(_("%(part)s, the hospitals of the training images (%(images)d images)"), title, part)
    for name, part in card.get("external", {}).items():
        yield _figures(_("Collection “%(part)s”, other hospitals (%(images)d images)"), name, part)


def _figures(pattern: str, title: object, part: dict[str, Any]) -> Figures:
    return Figures(
        measured_on=pattern % {"part": title, "images": part.get("images", 0)},
        sensitivity=_share(part, "sensitivity", "covid"),
        specificity=_share(part, "specificity", "non_covid"),
        roc_auc=interval(_estimate(part.get("roc_auc"))),
    )


def _share(part: dict[str, Any], name: str, truth: str) -> str:
    return listed([interval_in_percent(_estimate(part.get(name))), _called(part, truth)])


def _called(part: dict[str, Any], truth: str) -> str:
    """What these radiographs were called: a share of 0 % may be Indeterminate ones; "" where the card has no counts."""
    counts = (part.get("table") or {}).get(truth) or {}
    named = {
        "positive": Diagnosis.Label.POSITIVE.label,
        "indeterminate": Diagnosis.Label.INDETERMINATE.label,
        "negative": Diagnosis.Label.NEGATIVE.label,
        "refused": _("Refused"),
    }
    return listed(f"{name} {number(counts[key])}" for key, name in named.items() if counts.get(key) is not None)


def _estimate(figure: dict[str, float] | None) -> Estimate | None:
    return Estimate(**{end: figure[end] for end in ("value", "low", "high")}) if figure else None


def _limits(is_deidentified: bool) -> Iterator[str]:
    yield _("Decision support, research use. This is not a certified medical device.")
    yield _("No diagnosis may rest on this answer alone: it never replaces the judgement of a qualified person.")
    yield _(
        "The model looks for COVID-19 on frontal chest radiographs, and for nothing but what this report names. It "
        "finds no other disease, and Negative does not mean healthy."
    )
    yield _(
        "Positive means that the radiograph looks like COVID-19 pneumonia. A clear radiograph does not exclude "
        "COVID-19, and severe pneumonia of other causes cannot be told apart."
    )
    yield _("In a hospital that supplied no training images, the model may do worse than the figures above.")
    if is_deidentified:
        yield _("Text in the radiograph's own pixels has not been removed from the pictures.")
