"""The progress of a job as a sentence."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.models import Job
from jobs.progress import Progress

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def progress_text(job: Job, progress: Progress) -> str:
    """How many are done, how many in an hour, and how long the rest takes."""
    sentences = []
    if not job.is_listed:
        number = progress.total
        found = ngettext("%(n)d radiograph found so far.", "%(n)d radiographs found so far.", number)
        sentences.append(found % {"n": number})
    else:
        done = ngettext("%(done)d of %(n)d radiograph done.", "%(done)d of %(n)d radiographs done.", progress.total)
        sentences.append(done % {"done": progress.ended, "n": progress.total})
    if progress.failed:
        failed = ngettext("%(n)d refused or given up.", "%(n)d refused or given up.", progress.failed)
        sentences.append(failed % {"n": progress.failed})
    if progress.left is not None and progress.per_hour:
        speed = round(progress.per_hour)
        per_hour = ngettext("%(n)d in an hour,", "%(n)d in an hour,", speed) % {"n": speed}
        sentences.append(f"{per_hour} {time_left(progress.left)}")
    if progress.is_waiting_for_worker:
        sentences.append(_("No worker seems to be running: ask your administrator."))
    return " ".join(sentences)


def time_left(left: timedelta) -> str:
    """Rounded up to minutes, hours or days."""
    seconds = left.total_seconds()
    if seconds < _MINUTE:
        return _("less than a minute left.")
    if seconds < 2 * _HOUR:
        number = -int(-seconds // _MINUTE)
        return ngettext("about %(n)d minute left.", "about %(n)d minutes left.", number) % {"n": number}
    if seconds < 2 * _DAY:
        number = -int(-seconds // _HOUR)
        return ngettext("about %(n)d hour left.", "about %(n)d hours left.", number) % {"n": number}
    number = -int(-seconds // _DAY)
    return ngettext("about %(n)d day left.", "about %(n)d days left.", number) % {"n": number}
