"""What changes peers, the ledger and the outbox: found, received, classified, refused, tried again, sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Institution, User
from accounts.services import person_register
from attempts.claims import finish
from audit.models import Action
from audit.services import record
from diagnosis.models import Study
from pacs.models import Instance, InstanceQuerySet, Outgoing, Peer

State = Instance.State


@dataclass(frozen=True)
class InstanceHead:
    """What the ledger keeps of a DICOM file or of an archive's answer; texts are cleaned and empty where absent."""

    sop_instance_uid: str
    sop_class_uid: str = ""
    series_instance_uid: str = ""
    study_instance_uid: str = ""
    modality: str = ""
    accession_number: str = ""
    requesting_department: str = ""
    reference_key: str = ""
    acquired: datetime | None = None


# --- peers ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def peer_save(*, actor: User, peer: Peer, fields: list[str]) -> None:
    """Store a new peer, or those columns of one that an administrator has changed, and no other."""
    peer.save(update_fields=fields if peer.pk else None)
    record(Action.PEER_CHANGED, actor=actor, subject=peer, detail={"fields": sorted(fields)})


def peer_heard(*, peer: Peer, fault: str = "") -> None:
    """The peer has answered, or why it has not; for the page of the site, in English."""
    values = {"fault": fault[:300]} if fault else {"fault": "", "heard": timezone.now()}
    Peer.objects.filter(pk=peer.pk).update(**values)


def service_person(institution: Institution) -> User:
    """In whose name the institution's radiographs come in when nobody fetched them. The account cannot sign in."""
    name = f"pacs-{institution.uuid.hex[:12]}"
    if person := User.objects.filter(username_key=name).first():
        return person
    person = User(
        username=name,
        email=f"{name}@pacs.invalid",
        institution=institution,
        first_name="PACS",
        is_radiographer=True,
    )
    try:
        with transaction.atomic():
            person_register(actor=None, person=person)
    except IntegrityError:  # another process was first
        return User.objects.get(username_key=name)
    return person


# --- the ledger -----------------------------------------------------------------------------------------------------


def instance_found(
    *, peer: Peer, head: InstanceHead, person: User | None = None, way: str = Instance.Way.WATCH
) -> tuple[Instance, bool]:
    """The row of a radiograph that an archive has, to be fetched; whether it is new. `person`: who asked for it.

    A row that is there stays as it is, and where a person asks, what was refused or given up is tried again.
    """
    way = Instance.Way.HAND if person else way
    row, is_new = _row_of(peer, head, person=person, way=way, state=State.FOUND)
    if person and not is_new:
        row = instance_retry(instance=row, actor=person)
    return row, is_new


def instance_received(*, peer: Peer, head: InstanceHead, file: str, size: int, ae_title: str) -> bool:
    """Take a received file into the ledger; False where its radiograph is there already and the file not needed.

    A row that waits for the file gets it, and so does one that was given up: its sender has sent it again.
    """
    arrived = {"file": file, "size": size, "ae_title": ae_title, "arrived": timezone.now()}
    row, is_new = _row_of(peer, head, person=None, way=Instance.Way.STORE, state=State.RECEIVED, **arrived)
    return is_new or _file_taken(row, head, arrived)


@transaction.atomic
def _file_taken(row: Instance, head: InstanceHead, arrived: dict[str, Any]) -> bool:
    row = Instance.objects.select_for_update().get(pk=row.pk)
    if row.state not in (State.FOUND, State.DEAD) or row.file:
        return False
    known = {name: value for name, value in asdict(head).items() if value and not getattr(row, name)}
    finish(row, state=State.RECEIVED, attempts=0, next_at=timezone.now(), **arrived, **known)
    return True


def _row_of(
    peer: Peer, head: InstanceHead, *, person: User | None, way: str, state: str, **values: Any
) -> tuple[Instance, bool]:
    """The institution's row of this SOP Instance UID, made where there is none. Two at once: one of them makes it."""
    key = {"institution": peer.institution, "sop_instance_uid": head.sop_instance_uid}
    if row := Instance.objects.filter(**key).first():
        return row, False
    columns = asdict(head) | {"ae_title": peer.ae_title} | values
    row = Instance(peer=peer, institution=peer.institution, way=way, state=state, **columns)
    row.person = person or service_person(peer.institution)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return Instance.objects.get(**key), False
    return row, True


@transaction.atomic
def instance_fetched(*, instance: Instance, head: InstanceHead, file: str, size: int) -> bool:
    """The file that was fetched for a row; False where the row has one by now or needs none."""
    row = Instance.objects.select_for_update().get(pk=instance.pk)
    if row.state != State.FOUND or row.file:
        return False
    known = {name: value for name, value in asdict(head).items() if value and name != "sop_instance_uid"}
    # Its worker goes on with it.
    finish(row, state=State.RECEIVED, worker=row.worker, file=file, size=size, arrived=timezone.now(), **known)
    return True


@transaction.atomic
def instance_lost(*, instance: Instance) -> None:
    """The received file is gone: it is to be fetched once more."""
    row = Instance.objects.select_for_update().get(pk=instance.pk)
    if row.state == State.RECEIVED:
        finish(row, state=State.FOUND, file="", next_at=timezone.now())


@transaction.atomic
def instance_classified(*, instance: Instance, study: Study) -> Instance:
    """The radiograph has its result, or is stored without one. Delete the received file after the commit."""
    row = Instance.objects.select_for_update().get(pk=instance.pk)
    if row.state not in (State.SENT, State.ERASED):
        finish(row, state=_state_with(study), study=study, file="")
    return row


def _state_with(study: Study) -> State:
    if study.unanswered:
        return State.STORED
    return State.SENT if _is_all_sent(study.pk) else State.CLASSIFIED


@transaction.atomic
def instance_retry(*, instance: Instance, actor: User | None = None, without_answer: bool = False) -> Instance:
    """Set a radiograph going again that was refused, given up or waits for its next attempt; none that is at work.

    It starts from the received file where that is still there. `without_answer`: it is stored even if it is refused.
    """
    row = Instance.objects.select_for_update().get(pk=instance.pk)
    is_pausing = row.state in Instance.OPEN and not row.worker and row.next_at > timezone.now()
    if row.is_stopped or is_pausing:
        state = State.RECEIVED if row.file else State.FOUND
        finish(row, state=state, attempts=0, next_at=timezone.now(), without_answer=without_answer)
        record(Action.PACS_RETRIED, actor=actor, subject=row)
    return row


# --- the outbox -----------------------------------------------------------------------------------------------------


def outgoing_add(*, peer: Peer, row: Outgoing) -> tuple[Outgoing, bool]:
    """The row of an object that is to be in the archive, and whether it is new. The same UID is one row."""
    row.peer, row.instance = peer, Instance.objects.filter(study=row.diagnosis.study_id).first()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return Outgoing.objects.get(peer=peer, sop_instance_uid=row.sop_instance_uid), False
    return row, True


@transaction.atomic
def outgoing_sent(*, outgoing: Outgoing) -> None:
    """The archive has the object. Where it was the last of its radiograph, the ledger says so too.

    Nothing is noted where the study was erased at this moment.
    """
    row = Outgoing.objects.select_for_update().filter(pk=outgoing.pk).first()
    if row is None:
        return
    finish(row, state=Outgoing.State.SENT, sent=timezone.now())
    record(Action.RESULT_SENT, actor=None, subject=row, detail={"result": row.diagnosis.uuid, "kind": row.kind})
    if _is_all_sent(row.diagnosis.study_id):
        Instance.objects.filter(study=row.diagnosis.study_id, state=State.CLASSIFIED).update(state=State.SENT)


def _is_all_sent(study_pk: int) -> bool:
    """Whether all that was to be sent of a study is. It may be before the ledger says that the study is classified."""
    states = set(Outgoing.objects.filter(diagnosis__study=study_pk).values_list("state", flat=True))
    return states == {Outgoing.State.SENT}


@transaction.atomic
def outgoing_retry(*, outgoing: Outgoing, actor: User | None = None) -> Outgoing:
    """Set an object that was given up, or that the archive had once, going again."""
    row = Outgoing.objects.select_for_update().get(pk=outgoing.pk)
    if row.state != Outgoing.State.WAITING:
        finish(row, state=Outgoing.State.WAITING, attempts=0, next_at=timezone.now())
        record(Action.PACS_RETRIED, actor=actor, subject=row)
    return row


def files_in_use() -> set[str]:
    """The names of the received files that rows still need."""
    return set(Instance.objects.exclude(file="").values_list("file", flat=True))


def stopped_files(state: str, before: datetime) -> list[tuple[int, str]]:
    """Number and file of what was given up or refused before that moment and still has its file."""
    rows = Instance.objects.filter(state=state, changed__lt=before).exclude(file="")
    return list(rows.values_list("pk", "file"))


def stopped_file_forgotten(*, pk: int, state: str) -> bool:
    """Whether the row, stopped as before, needs its file no more; it was set going again where it does."""
    return bool(Instance.objects.filter(pk=pk, state=state).update(file=""))


def instances_forget(rows: InstanceQuerySet) -> list[str]:
    """Keep of these radiographs their SOP Instance UIDs only; the files to be deleted after the commit."""
    found = list(rows.select_for_update().values_list("pk", "file"))
    Instance.objects.filter(pk__in=[pk for pk, _file in found]).forget()
    return [file for _pk, file in found if file]
