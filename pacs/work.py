"""Working off the ledger: fetch what was found, classify what was received, and what becomes of a failure.

A radiograph enters by `diagnosis_create` alone. A worker that is killed between its commit and the ledger's finds the
same diagnosis when it tries again: nothing is lost and nothing is doubled.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone

from attempts.claims import attempt_failed, attempt_postponed, attempt_refused, claim, claim_row
from diagnosis.errors import DiagnosisError, ModelBusy, ModelUnavailable, gettext_noop
from diagnosis.models.uploads import HISTORY_DAYS
from diagnosis.uploads.entered import EnteredDetails
from diagnosis.uploads.services import can_be_stored, diagnosis_create
from pacs.dicomweb import fetch_file
from pacs.dimse import have_sent
from pacs.errors import ArchiveFault
from pacs.heads import head_of_file
from pacs.inbox import inbox_delete, inbox_read, inbox_write
from pacs.models import Instance
from pacs.services import (
    InstanceHead,
    instance_classified,
    instance_fetched,
    instance_lost,
    stopped_file_forgotten,
    stopped_files,
)

logger = logging.getLogger(__name__)

NO_MODEL_SECONDS = 60
State = Instance.State
KEPT = {State.DEAD: timedelta(days=30), State.REFUSED: timedelta(days=HISTORY_DAYS)}
"""For so long the file of what was given up, or refused and can still be stored, waits for a person."""


def work_once(*, worker: str = "") -> bool:
    """Take the radiograph that has waited longest one step further; False where none is due."""
    instance = claim(Instance.objects.due(timezone.now()), worker=worker)
    if instance is None:
        return False
    treat(instance)
    return True


def treat_now(instance: Instance) -> Instance:
    """The same for this one, while its person waits; it stays where another worker has it."""
    claimed = claim_row(Instance, instance.pk, worker="page")
    if claimed is not None:
        treat(claimed)
    instance.refresh_from_db()
    return instance


def treat(instance: Instance) -> None:
    """One attempt at a claimed radiograph. Raises nothing but what ends the process."""
    try:
        _attempt(instance)
    except ModelBusy as error:
        attempt_postponed(instance, seconds=error.retry_after, code=error.code, text=error.message)
    except ModelUnavailable as error:
        attempt_postponed(instance, seconds=NO_MODEL_SECONDS, code=error.code, text=error.message)
    except ArchiveFault as error:
        attempt_failed(instance, code=error.code, text=error.message, values=error.values)
    except DiagnosisError as error:  # refused for what it is: the same file would be refused again
        refused = attempt_refused(
            instance, state=State.REFUSED, code=error.code, text=error.message, values=error.values
        )
        if not can_be_stored(error.code):
            _delete_unneeded(refused)
    except Exception:
        logger.exception("radiograph %s: the attempt failed", instance)
        attempt_failed(instance, code="fault", text=gettext_noop("A fault of this site; its log says more."))


def _attempt(instance: Instance) -> None:
    if not instance.can_go_on:
        _lost(instance)
        return
    if instance.state == State.FOUND:
        content = _fetched(instance)
        if content is None:
            return
    else:
        try:
            content = inbox_read(instance.file)
        except FileNotFoundError:
            _lost(instance)
            return
    outcome = diagnosis_create(
        user=instance.person,
        content=content,
        file_name=file_name_of(instance),
        entered=EnteredDetails(received_from=instance.ae_title),
        without_answer=instance.without_answer,
        is_counted=not instance.without_answer,
    )
    file = Instance.objects.values_list("file", flat=True).get(pk=instance.pk)
    instance_classified(instance=instance, study=outcome.study)
    inbox_delete(file)


def _fetched(instance: Instance) -> bytes | None:
    """The file, kept in the inbox; None where the archive sends it by C-STORE or another worker was quicker."""
    if not instance.peer.has_dicomweb:
        have_sent(instance.peer, instance)
        _must_have_arrived(instance)
        return None
    content = fetch_file(instance.peer, instance)
    head = head_of_file(content)
    if head is None or head.sop_instance_uid != instance.sop_instance_uid:
        raise ArchiveFault(gettext_noop("The archive sent another file than the one asked for."), code="other-file")
    name = inbox_write(content)
    if not instance_fetched(instance=instance, head=head, file=name, size=len(content)):
        inbox_delete(name)
        return None
    instance.refresh_from_db()
    return content


def _must_have_arrived(instance: Instance) -> None:
    """A C-MOVE ends after the C-STORE of what it sends."""
    if Instance.objects.filter(pk=instance.pk, state=State.FOUND).exists():
        raise ArchiveFault(
            gettext_noop("The archive says that it sent the radiograph, but it did not arrive here."),
            code="not-arrived",
        )


def _lost(instance: Instance) -> None:
    """The received file is gone, as after a refusal or a restore: fetched from the archive where that is possible."""
    instance.file = ""
    if instance.can_go_on:
        instance_lost(instance=instance)
        return
    text = gettext_noop("The received file is not here any more. Send the radiograph again.")
    attempt_refused(instance, state=State.DEAD, code="file-lost", text=text)


def _delete_unneeded(refused: Instance) -> None:
    """Of what cannot be stored neither the file nor its name is kept, as with an upload."""
    if Instance.objects.filter(pk=refused.pk, state=State.REFUSED).update(file=""):
        inbox_delete(refused.file)


def file_name_of(instance: Instance) -> str:
    """What the result's page shows as the name of the file: nothing of the patient."""
    return f"{instance.ae_title or 'PACS'} {instance.modality}".strip() + ".dcm"


def known_head(head: InstanceHead) -> bool:
    """Whether there is enough to fetch it by."""
    return bool(head.sop_instance_uid and head.series_instance_uid and head.study_instance_uid)


def stopped_files_expire() -> int:
    """Delete the files of what was given up a month ago, or refused a week ago: they hold patients' data."""
    return sum(
        _expired(pk, file, state)
        for state, kept in KEPT.items()
        for pk, file in stopped_files(state, timezone.now() - kept)
    )


def _expired(pk: int, file: str, state: str) -> bool:
    if not stopped_file_forgotten(pk=pk, state=state):
        return False
    inbox_delete(file)
    return True
