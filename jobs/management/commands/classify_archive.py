"""Classifies a folder, a ZIP, an S3 prefix or what a PACS has of some days, and stores the results.

Interrupted, the same command goes on where it was. `classify` answers without storing anything.
"""

import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.normalise import normalised
from diagnosis.errors import DiagnosisError
from jobs.export import json_lines
from jobs.foreground import work_off
from jobs.models import Item, Job
from jobs.progress import progress_of
from jobs.services import NewJob, job_resume, job_start
from jobs.sources import archive, folder, s3

_DAYS = re.compile(r"(\d{8})-(\d{8})\Z")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source",
            metavar="SOURCE",
            help="a folder, a ZIP archive, s3://BUCKET/PREFIX, or dicomweb+https://HOST/PATH?days=20260101-20260131",
        )
        parser.add_argument("--job", required=True, metavar="NAME", help="a name; one that is not done goes on")
        parser.add_argument(
            "--as", dest="username", metavar="USER", help="whose the results are (default: the only one)"
        )
        parser.add_argument("--without-answer", action="store_true", help="store what the model refuses, too")
        parser.add_argument("--background", action="store_true", help="leave the work to `run_jobs`")
        parser.add_argument("--format", choices=("summary", "jsonl"), default="summary", help="jsonl: a line each")

    def handle(self, *args: Any, source: str, background: bool, **options: Any) -> None:
        person = _person(options["username"])
        try:
            job = _job(person, source, options["job"], without_answer=options["without_answer"])
        except DiagnosisError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
        if background:
            self.stdout.write(f"Job {job.uuid} is waiting for `manage.py run_jobs`.")
            return
        self._tell(work_off(job), person, options["format"])

    def _tell(self, job: Job, person: User, form: str) -> None:
        if form == "jsonl":
            self.stdout.writelines(json_lines(person, job))
        counts = progress_of(job).counts
        said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "no radiograph"
        self.stderr.write(f"{job.get_state_display()}: {said}. {job.why}".rstrip())
        if job.state != Job.State.DONE or any(counts.get(state) for state in Item.FAILED):
            sys.exit(1)


def _person(username: str | None) -> User:
    people = User.objects.filter(is_active=True, is_radiographer=True)
    if username:
        people = people.filter(username_key=normalised(username))
    found = list(people[:2])
    if len(found) != 1:
        raise CommandError("There is no such radiographer." if username else "Whose are the results? Say --as USER.")
    return found[0]


def _job(person: User, source: str, name: str, *, without_answer: bool) -> Job:
    """The job of that name that is not done, or a new one."""
    going = Job.objects.filter(person=person, name=name).exclude(state=Job.State.DONE).order_by("-pk").first()
    if going:
        return job_resume(job=going, actor=None)
    common: dict[str, Any] = {"person": person, "name": name, "without_answer": without_answer, "by_command": True}
    if source.startswith(("dicomweb+https://", "dicomweb+http://")):
        place = _archive_place(person, source.removeprefix("dicomweb+"))
        return job_start(NewJob(source=Job.Source.ARCHIVE, place=place, **common))
    if source.startswith("s3://"):
        return job_start(NewJob(source=Job.Source.S3, place=s3.place_of(source), **common))
    path = Path(source)
    if path.is_dir():
        return job_start(NewJob(source=Job.Source.FOLDER, place=folder.place_of(path, "."), **common))
    with path.open("rb") as file:
        return job_start(NewJob(source=Job.Source.ZIP, place={}, file=file, **common))


def _archive_place(person: User, address: str) -> dict[str, str]:
    asked = urlsplit(address)
    days = _DAYS.match(parse_qs(asked.query).get("days", [""])[0])
    if days is None:
        raise CommandError("Say of which days: …?days=20260101-20260131")
    url = asked._replace(query="").geturl()
    found = archive.archives().archive_at(person, url)
    if found is None:
        raise CommandError(f"{url} is no archive that {person} may search: enter it in the administration.")
    return archive.place_of(found, _day(days[1]), _day(days[2]))


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise CommandError(f"{text} is no day.") from None
