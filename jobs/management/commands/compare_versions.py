"""Classifies the newest answered radiographs with a version that is not in use, and counts what would change."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.normalise import normalised
from diagnosis.errors import DiagnosisError
from jobs.comparisons import ANSWERS, MOST_COMPARED, REFUSED, comparison_of, comparison_start
from jobs.foreground import work_off
from jobs.models import Job


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="a folder name in models/, built on this machine")
        parser.add_argument("--most", type=int, default=MOST_COMPARED, help="how many radiographs (%(default)s)")
        parser.add_argument("--as", dest="username", metavar="USER", help="which administrator (default: the only one)")
        parser.add_argument("--background", action="store_true", help="leave the work to `run_jobs`")

    def handle(self, *args: Any, version: str, most: int, background: bool, **options: Any) -> None:
        person = _administrator(options["username"])
        try:
            job = comparison_start(actor=person, version=version, most=max(most, 1), by_command=True)
        except DiagnosisError as error:
            raise CommandError(str(error)) from error
        if background:
            self.stdout.write(f"Job {job.uuid} is waiting for `manage.py run_jobs`.")
            return
        self._tell(work_off(job))

    def _tell(self, job: Job) -> None:
        found = comparison_of(job)
        share = f" ({found.percent_changed:.1f} %)" if found.percent_changed is not None else ""
        self.stdout.write(f"{found.changed} of {found.compared} answers would change{share}.")
        heads = [*ANSWERS, REFUSED]
        self.stdout.write(f"{job.compared_with} (rows) and {job.version} (columns):")
        self.stdout.write(" " * 16 + "".join(f"{head:>16}" for head in heads))
        for row in found.rows:
            self.stdout.write(f"{row.before:<16}" + "".join(f"{number:>16}" for number in row.numbers))
        if job.state != Job.State.DONE:
            raise CommandError(f"It stopped: {job.why or job.state}")


def _administrator(username: str | None) -> User:
    people = User.objects.filter(is_active=True, is_staff=True)
    if username:
        people = people.filter(username_key=normalised(username))
    found = list(people[:2])
    if len(found) != 1:
        raise CommandError("There is no such administrator." if username else "In whose name? Say --as USER.")
    return found[0]
