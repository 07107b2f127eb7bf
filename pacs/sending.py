"""Sends the outbox: one object at a time, made anew, by STOW-RS or C-STORE, tried again after growing pauses."""

from __future__ import annotations

import logging
import traceback

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.normalise import normalised
from attempts.claims import attempt_failed, attempt_refused, claim
from diagnosis.models import Diagnosis, Report, Review, StudyEvent
from diagnosis.reports.files import ReportUnavailable, read_report
from diagnosis.reports.services import ReportRefused, report_create
from pacs.delivery import deliver
from pacs.errors import ArchiveFault
from pacs.models import Outgoing
from pacs.objects.building import object_file
from pacs.objects.identifiers import Kind
from pacs.objects.sources import NoStudy, Source, source_of
from pacs.objects.statements import Replaced, Statement, moment, reviewed
from pacs.services import outgoing_sent, peer_heard, service_person

logger = logging.getLogger(__name__)
_EVENT = StudyEvent.Kind


class NotToBeSent(Exception):
    """Another attempt would meet the same."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


def send_next(*, worker: str = "") -> bool:
    """Send what is due first; False where nothing is due. What goes wrong stays with the row."""
    row = claim(Outgoing.objects.due(timezone.now()).filter(peer__is_active=True), worker=worker)
    if row is None:
        return False
    whole = Outgoing.objects.select_related("diagnosis__study", "diagnosis__model_version", "peer", "event")
    row = whole.filter(pk=row.pk).first()
    if row is None:
        return True  # its study was erased at this moment
    try:
        deliver(row.peer, _content(row), uid=row.sop_instance_uid)
    except NotToBeSent as error:
        attempt_refused(row, state=Outgoing.State.DEAD, code=error.code, text=error.text)
    except ArchiveFault as error:
        peer_heard(peer=row.peer, fault=str(error))
        attempt_failed(row, code=error.code, text=error.message, values=error.values)
    except Exception as error:  # whatever it is, the others have to go on
        # Without its message: libraries quote the values that they find odd, which are a patient's.
        trace = "".join(traceback.format_tb(error.__traceback__))
        logger.error("object %s could not be made: %s\n%s", row.uuid, type(error).__name__, trace)
        text = gettext_noop("The object could not be made. The log of the sending process says why.")
        attempt_failed(row, code="not-made", text=text)
    else:
        peer_heard(peer=row.peer)
        outgoing_sent(outgoing=row)
        logger.info("object %s sent", row.uuid)
    return True


def _content(row: Outgoing) -> bytes:
    """The object as it is to be in the archive. Raises NotToBeSent, and what database and storage raise."""
    try:
        source = source_of(row.diagnosis.study)
    except NoStudy as error:
        text = gettext_noop("The radiograph's file belongs to no study of an archive.")
        raise NotToBeSent("no-study", text) from error
    statement = statement_of(row)
    if row.diagnosis.study.voided and not statement.is_withdrawn:
        raise NotToBeSent("voided", gettext_noop("The radiograph was voided before the answer was sent."))
    kind = Kind(row.kind)
    return object_file(kind, source, statement, pdf=_pdf(row, source) if kind is Kind.DOCUMENT else b"")


def statement_of(row: Outgoing) -> Statement:
    """What the object says: the same at every attempt, whatever has happened since."""
    event = row.event
    same = Outgoing.objects.filter(peer=row.peer_id, kind=row.kind, diagnosis=row.diagnosis_id)
    return Statement(
        row.diagnosis,
        made=moment(event.created if event else row.diagnosis.created),
        revision=row.revision,
        number=same.filter(pk__lte=row.pk).count(),
        review=reviewed(_review(row.diagnosis, event)),
        is_withdrawn=bool(event and event.kind == _EVENT.VOIDED),
        replaces=_replaced(row),
    )


def _review(diagnosis: Diagnosis, event: StudyEvent | None) -> Review | None:
    if event is None:
        return None
    return diagnosis.reviews.newest_first().filter(created__lte=event.created).first()


def _replaced(row: Outgoing) -> tuple[Replaced, ...]:
    """The newest earlier report of each model version that the archive was to get of this radiograph."""
    earlier = Outgoing.objects.filter(
        peer=row.peer_id, diagnosis__study=row.diagnosis.study_id, kind=Outgoing.Kind.REPORT, pk__lt=row.pk
    )
    own = earlier.exclude(diagnosis=row.diagnosis_id, event=row.event_id).exclude(sop_instance_uid=row.sop_instance_uid)
    newest: dict[str, Replaced] = {}
    for each in own.select_related("diagnosis__model_version", "event").order_by("pk"):
        weights = each.diagnosis.model_version.weights_sha256
        newest[weights] = Replaced(weights, each.revision)
    return tuple(newest.values())


def _pdf(row: Outgoing, source: Source) -> bytes:
    """The report that was made for this object, or a new one. Never one that names another patient than the file."""
    study = row.diagnosis.study
    reference = normalised(study.patient_reference)
    if reference and reference != normalised(str(source.header.PatientID)):
        text = gettext_noop("The radiograph was given to another patient than the one in its file.")
        raise NotToBeSent("other-patient", text)
    since = row.event.created if row.event else row.diagnosis.created
    full = Report.objects.filter(diagnosis=row.diagnosis_id, is_deidentified=False)
    report = full.filter(created__gte=since).order_by("pk").first()
    try:
        person = service_person(row.peer.institution)
        made = report or report_create(user=person, diagnosis=row.diagnosis, is_deidentified=False, site=_site())
        return read_report(made)
    except ReportRefused as error:
        raise NotToBeSent("voided", gettext_noop("The radiograph was voided before the answer was sent.")) from error
    except ReportUnavailable as error:
        text = gettext_noop("The stored report is missing or was altered.")
        raise NotToBeSent("report-unavailable", text) from error


def _site() -> str:
    """Where a report says that it can be checked."""
    host = next((host for host in settings.ALLOWED_HOSTS if host.strip(".*")), "localhost")
    return settings.SITE_URL or f"https://{host.lstrip('.')}"
