"""Radiographs that are stored here: to be classified again, or to compare what another version would answer."""

from __future__ import annotations

from collections.abc import Iterator

from diagnosis.errors import gettext_noop
from diagnosis.files.faults import StorageFault
from diagnosis.models import Diagnosis, Study
from diagnosis.uploads.entered import EnteredDetails
from jobs.errors import SourceFault
from jobs.models import Item, Job
from jobs.sources.found import Content, Found


def found_studies(job: Job) -> Iterator[Found]:
    """What the person sees and the version of the job has not answered yet; the oldest first."""
    studies = Study.objects.visible_to(job.person).filter(voided=None)
    others = studies.exclude(diagnoses__model_version__version=job.version)
    rows = others.order_by("pk").values_list("pk", "uuid", "file_name")
    for pk, uuid, name in rows.iterator():
        yield Found(str(uuid), name, study=pk)


def found_answers(job: Job) -> Iterator[Found]:
    """The newest answers of the version that is compared with, in every institution."""
    answers = Diagnosis.objects.kept().filter(model_version__version=job.compared_with)
    rows = answers.order_by("-pk").values_list("pk", "study", "study__uuid")
    for pk, study, uuid in rows[: int(job.place["most"])].iterator():
        yield Found(str(uuid), "", study=study, diagnosis=pk)


def content(item: Item) -> Content:
    """The file as it was uploaded, to be turned as it was then. Raises SourceFault and StorageFault."""
    if item.study is None:
        raise SourceFault(gettext_noop("This radiograph is not here any more."), code="study-gone")
    try:
        with item.study.original.open("rb") as file:
            return Content(file.read(), EnteredDetails(correction=item.study.correction))
    except StorageFault:  # of all radiographs, and not of this one
        raise
    except (OSError, ValueError) as error:
        raise SourceFault(gettext_noop("The file of this radiograph is missing."), code="file-missing") from error
