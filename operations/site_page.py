"""The administrators' page with the site's figures, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from diagnosis.wording.numbers import moment, number, size
from diagnosis.wording.refusals import REFUSALS
from operations.failures import REMEMBERED
from operations.site_figures import Day, LastBackup, Pacs, SiteFigures, Space

BACKUP_HOURS = 36
"""A nightly backup that is older has been missed."""
LITTLE_FREE = 0.1


@dataclass(frozen=True)
class Line:
    """One figure. A warning says in words what is wrong with it; `is_code` is set in letters of one width."""

    name: str
    value: str
    warning: str = ""
    is_code: bool = False


@dataclass(frozen=True)
class Part:
    """Figures that belong together, and whose they are."""

    key: str
    title: str
    about: str
    lines: list[Line]


def parts(figures: SiteFigures) -> list[Part]:
    """The whole page, in the language and the time zone of the person."""
    installation = _("For the whole installation.")
    day = _("For the whole installation, in the last 24 hours.")
    process = _(
        "For the process that made this page; its failures are those of the last 24 hours. A site may have several "
        "processes: reload the page to see another."
    )
    pacs = [Part("pacs", _("PACS"), installation, list(_pacs(figures.pacs)))] if figures.pacs else []
    return [
        Part("version", _("Version and model"), installation, list(_version(figures))),
        Part("day", _("The last 24 hours"), day, list(_day(figures.day))),
        Part("space", _("Storage and backup"), installation, [*_space(figures.space), *_backup(figures.backup)]),
        *pacs,
        Part("process", _("This process"), process, list(_process(figures))),
    ]


def _version(figures: SiteFigures) -> Iterator[Line]:
    yield Line(_("Version"), figures.version)
    yield Line(_("Commit"), figures.commit or _("not known"), is_code=bool(figures.commit))
    model = figures.model
    if model.problem:
        yield Line(_("Model in use"), _("none"), warning=model.problem)
        return
    yield Line(_("Model in use"), model.version)
    yield Line(_("Hash of its weights"), model.weights_sha256, is_code=True)


def _day(day: Day) -> Iterator[Line]:
    yield Line(_("Uploads stored"), number(day.uploads))
    yield Line(_("Results"), number(day.results))
    yield Line(_("Refused uploads"), number(sum(uploads for _code, uploads in day.refusals)))
    for code, uploads in day.refusals:
        yield Line(_("Refused: %(reason)s") % {"reason": REFUSALS.get(code, code)}, number(uploads))
    yield Line(_("Failed sign-ins"), number(day.failed_sign_ins))
    yield Line(_("Lock-outs"), number(day.lock_outs))


def _space(space: Space) -> Iterator[Line]:
    yield Line(_("Database"), space.database)
    yield Line(_("Size of the database"), size(space.database_bytes))
    stored = {"number": number(space.radiographs), "size": size(space.radiographs_bytes)}
    yield Line(_("Radiographs as uploaded"), _("%(number)s (%(size)s)") % stored)
    yield Line(_("Their bucket (S3)"), space.bucket) if space.bucket else _free(space)
    left = space.files_to_erase and _("Files of erased studies could not be deleted: run manage.py purge_expired.")
    yield Line(_("Files still to be erased"), number(space.files_to_erase), warning=left or "")


def _free(space: Space) -> Line:
    free = _("%(free)s of %(total)s") % {"free": size(space.free), "total": size(space.total)}
    is_little = space.free is not None and space.free < LITTLE_FREE * (space.total or 0)
    return Line(_("Free on their disk"), free, warning=_("Little space is left for uploads.") if is_little else "")


def _backup(backup: LastBackup | None) -> Iterator[Line]:
    if backup is None:
        yield Line(_("Last backup"), _("none"), warning=_("No backup has been made yet: manage.py backup makes one."))
        return
    age = timezone.now() - backup.made
    is_old = age.total_seconds() > BACKUP_HOURS * 3600
    old = _("It is older than %(hours)s hours.") % {"hours": BACKUP_HOURS} if is_old else ""
    yield Line(_("Last backup"), moment(backup.made, with_zone=True), warning=old)
    held = {"size": size(backup.size), "rows": number(backup.rows), "files": number(backup.files)}
    yield Line(_("It holds"), _("%(rows)s rows and %(files)s files in %(size)s") % held)
    yield Line(_("Its SHA-256"), backup.sha256, is_code=True)


def _pacs(pacs: Pacs) -> Iterator[Line]:
    look = _("Look at the list in the administration for the reasons.")
    yield Line(_("Radiographs that wait"), number(pacs.received_waiting))
    yield Line(_("Radiographs given up"), number(pacs.received_dead), warning=look if pacs.received_dead else "")
    yield Line(_("Results to be sent"), number(pacs.sent_waiting))
    yield Line(_("Results given up"), number(pacs.sent_dead), warning=look if pacs.sent_dead else "")
    for name, fault in pacs.faults:
        yield Line(_("Last fault of %(name)s") % {"name": name}, fault)


def _process(figures: SiteFigures) -> Iterator[Line]:
    process, turns = figures.process, figures.process.turns
    yield Line(_("Process number"), str(process.number))
    yield Line(_("Running for"), f"{timesince(process.started)} ({moment(process.started, with_zone=True)})")
    is_other = process.loaded and process.loaded != figures.model.version
    other = _("Another model is in use now: restart the site to load it.") if is_other else ""
    yield Line(_("Model loaded"), process.loaded or _("none yet: the first upload loads it"), warning=other)
    yield Line(_("Engine"), process.engine)
    yield Line(_("Uploads being classified"), _of(turns.running, turns.at_once))
    yield Line(_("Uploads waiting"), _of(turns.waiting, turns.may_wait))
    yield Line(_("Uploads refused as busy, since the start"), number(turns.refused))
    yield Line(_("Server errors"), _many(process.failures.server_errors))
    yield Line(_("Undelivered e-mails"), _many(process.failures.mail))


def _many(count: int) -> str:
    return _("%(number)s or more") % {"number": number(count)} if count >= REMEMBERED else number(count)


def _of(count: int, most: int) -> str:
    return _("%(number)s of at most %(most)s") % {"number": number(count), "most": number(most)}
