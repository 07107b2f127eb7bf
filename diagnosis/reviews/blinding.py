"""Blind reading: what a model answered stays hidden from a person who reads blind until they have read the study.

A study is hidden from a person who has switched blind reading on, whatever its age and uploader, until
that person has given an own reading of it or has reviewed one of its results (which needs having seen the
answer). Switching it on hides what the person has merely looked at before: nothing records what somebody remembers.

Hidden are the answer, its probability and confidence, the scale, the heat map, what else the model found, other
models' answers, and what leads to them: reviews and other people's readings, the RT-PCR outcome, and reports. The
places where that holds:

* result page: another page in its place, with the radiograph and the form for the reading; no history, no reports
* heat map, reports (make, view, page, open, download), review, outcome: refused with a sentence
* list of results, patient's page, earlier studies, home, found patients: the words of HIDDEN in place of the answer
* order by probability, filters by answer, appearance, verdict or probability (and so the list of cases): read
  studies only
* counts by answer on the home page: read studies only, and how many are hidden
* CSV export: empty cells
* answer to an upload by script: no label, no probability
* statistics and scorecard, as pages and as files: read studies only, since the counts around an upload tell its answer

The same holds for a person who takes part in a reader study: the answers of its cases are hidden from them until they
have read each there, whether or not they read blind (`embargoes`). An own reading or a review reveals nothing then.

The verification page says nothing of one study and hides nothing.

Code that shows a diagnosis passes it through `conceal`, which takes the answer out of the row itself: a page that
forgets to ask has nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from diagnosis.models import Diagnosis, DiagnosisQuerySet, Embargo, OwnReading, Review
from diagnosis.reviews.embargoes import answers_shown, embargoes_of, has_embargoes

HIDDEN = _("Hidden until you have read it")


def hidden_studies(user: User, study_pks: Iterable[int]) -> set[int]:
    """Those of the studies whose answer the person may not see yet.

    One query in blind mode, one for who takes part in a reader study, and once for each `User` whether they do.
    """
    asked = set(study_pks)
    if not asked:
        return set()
    embargoed = set[int]()
    if has_embargoes(user):
        embargoed = set(embargoes_of(user).filter(study__in=asked).values_list("study", flat=True))
    return embargoed | (_unread(user, asked) if user.reads_blind else set())


def _unread(user: User, asked: set[int]) -> set[int]:
    read = OwnReading.objects.filter(reader=user, study__in=asked).values_list("study")
    reviewed = Review.objects.filter(reviewer=user, diagnosis__study__in=asked).values_list("diagnosis__study")
    shown = answers_shown(user, asked).values_list("study")
    return asked - {pk for (pk,) in read.union(reviewed, shown)}


def hides_some(user: User) -> bool:
    """Whether there may be answers that the person may not see yet."""
    return user.reads_blind or has_embargoes(user)


def without_embargoed(user: User, results: DiagnosisQuerySet) -> DiagnosisQuerySet:
    """Without those that a reader study hides from the person."""
    return results.exclude(study__in=embargoes_of(user).values("study")) if has_embargoes(user) else results


def is_hidden(user: User, diagnosis: Diagnosis) -> bool:
    """Whether the person may not see this answer yet."""
    return bool(hidden_studies(user, [diagnosis.study_id]))


def conceal(user: User, diagnoses: Iterable[Diagnosis]) -> list[Diagnosis]:
    """The same rows; from those that the person may not see yet the answer is taken out, and `is_hidden` says so.

    They are for showing only: a concealed row is never to be saved.
    """
    rows = list(diagnoses)
    hidden = hidden_studies(user, (row.study_id for row in rows))
    for row in rows:
        if row.study_id in hidden:
            row.hide_answer()
    return rows


def revealed_to(user: User, results: DiagnosisQuerySet) -> DiagnosisQuerySet:
    """Those of the results whose answer the person may see: what a filter or an order by answer may list."""
    results = without_embargoed(user, results)
    if not user.reads_blind:
        return results
    read = OwnReading.objects.filter(reader=user, study=OuterRef("study"))
    reviewed = Review.objects.filter(reviewer=user, diagnosis__study=OuterRef("study"))
    shown = Embargo.objects.filter(reader=user, study=OuterRef("study"), is_in_force=False)
    return results.filter(Q(Exists(read)) | Q(Exists(reviewed)) | Q(Exists(shown)))
