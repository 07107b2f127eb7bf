"""A job of what a real archive (Orthanc) has of some days."""

from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from diagnosis.models import Diagnosis
from jobs.models import Job
from jobs.services import job_retry
from pacs.models import Instance, Peer
from tests.cast import client_of
from tests.jobs.made import states, worked_off
from tests.jobs.test_commands import classified
from tests.jobs.test_pages import started
from tests.pacs.conftest import archive, orthanc, receiver_port  # noqa: F401  fixtures
from tests.pacs.orthanc import Orthanc
from tests.pacs.test_archives import in_archive
from tests.toy import ToyEngine


@pytest.mark.slow
def test_what_an_archive_has_of_some_days(
    orthanc: Orthanc,  # noqa: F811
    archive: Peer,  # noqa: F811
    alice: User,
    charlie: User,
    engine: ToyEngine,
    dicom_samples: Path,
) -> None:
    """By the page and by the command; not what was erased here, and not for another hospital."""
    for number in (1, 2, 3):
        in_archive(orthanc, dicom_samples, number=number, PatientID=f"P-{number}", PatientName=f"Doe^{number}")
    in_archive(orthanc, dicom_samples, number=4, StudyDate="20200101")
    today = timezone.localdate()
    days = {"since": f"{today}", "until": f"{today}", "source": "archive", "archive": str(archive.uuid)}
    assert started(charlie, **days) == 422
    assert started(alice, **days) == 302
    job = worked_off(Job.objects.get())
    assert states(job) == ["done"] * 3
    assert set(Diagnosis.objects.values_list("study__received_from", flat=True)) == {"ORTHANC"}
    assert "Doe" not in client_of(alice).get(job.get_absolute_url()).content.decode()

    uid = str(Diagnosis.objects.earliest("pk").study.sop_instance_uid)
    Instance.objects.create(
        institution=alice.institution, peer=archive, person=alice, way="hand", sop_instance_uid=uid, state="erased"
    )
    classified(f"dicomweb+{archive.dicomweb_url}?days={today:%Y%m%d}-{today:%Y%m%d}", "--as", "alice")
    again = Job.objects.latest("pk")
    assert (again.state, again.items.count()) == ("done", 2)

    orthanc.kill()
    job.items.update(state="dead", attempts=9)
    job_retry(job=job, actor=alice)
    worked_off(job)
    assert set(job.items.values_list("state", "reason")) == {("waiting", "archive-away"), ("waiting", "erased")}
