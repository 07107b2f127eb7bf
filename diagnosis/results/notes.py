"""Looking for words in clinical notes.

A note holds a word that begins with each of the words that were typed, whatever their letter case and order. MySQL and
MariaDB look it up in a full-text index. SQLite has none that would outlive its way of changing tables, so there the
words themselves are read, and only those of the newest READ_STUDIES uploads of the institution. Both look at
`Study.notes_key`, the words as `diagnosis.models.fields` cuts and spells them, so that both find the same.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Lookup, TextField

from diagnosis.models import DiagnosisQuerySet, StudyQuerySet

READ_STUDIES = 20_000
SHORTEST_WORD = 3
"""InnoDB's own default (innodb_ft_min_token_size): no full-text index has shorter words."""
MOST_WORDS = 8
CLOCKS_DIFFER = timedelta(days=1)
"""Of the servers of one site, more than ever: an upload may seem older than one that was stored before it."""
SAMPLED, COMMON, COMMON_WITHOUT_INDEX = 1000, 0.005, 0.05
"""Of so many newest results the share that holds the words, above which a page is soon filled by walking the list."""


def reads_newest_only() -> bool:
    """Whether this database has no index of the words, and so only the newest uploads are searched."""
    return connection.vendor != "mysql"


@TextField.register_lookup
class HoldsWords(Lookup):
    """`notes_key__holds_words=["chest", "pain"]`."""

    lookup_name = "holds_words"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        text, text_parameters = self.process_lhs(compiler, connection)
        return f"{text} REGEXP %s", [*text_parameters, _every_word(self.rhs)]

    def as_mysql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Word for word, as SQLite does it: for rows that are read anyway. `IndexHoldsWords` asks the index."""
        text, text_parameters = self.process_lhs(compiler, connection)
        words = ["% " + word.replace("_", r"\_") + "%" for word in self.rhs]
        each = " AND ".join([f"CONCAT(' ', {text}) LIKE %s"] * len(words))
        return f"({each})", [parameter for word in words for parameter in (*text_parameters, word)]


@TextField.register_lookup
class IndexHoldsWords(HoldsWords):
    """The same, answered by the full-text index where there is one."""

    lookup_name = "index_holds_words"

    def as_mysql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        text, text_parameters = self.process_lhs(compiler, connection)
        asked = " ".join(f"+{word}*" for word in self.rhs)
        return f"MATCH ({text}) AGAINST (%s IN BOOLEAN MODE)", [*text_parameters, asked]


def _every_word(words: list[str]) -> str:
    """For Django's REGEXP on SQLite, which is Python's `re.search`. Anchored, so that each note is read once a word."""
    return r"(?s)\A" + "".join(rf"(?=.*?\b{re.escape(word)})" for word in words)


def studies_with_words(studies: StudyQuerySet, words: list[str]) -> StudyQuerySet:
    """Those of one institution's studies whose notes hold the words."""
    if reads_newest_only():
        studies = studies.filter(pk__gt=_newest_unread(studies))
    return studies.filter(notes_key__index_holds_words=words)


def are_common(results: DiagnosisQuerySet, studies: StudyQuerySet, words: list[str]) -> bool:
    """Whether enough of the newest results hold the words to fill a page of the list soon.

    The index would read every one of their notes, be it a million, before the first is given; without an index
    thousands of notes would be read first.
    """
    newest = results.kept().newest_first().values_list("study", flat=True)[:SAMPLED]
    held = studies.filter(pk__in=list(newest), notes_key__holds_words=words)
    return held.count() > SAMPLED * (COMMON_WITHOUT_INDEX if reads_newest_only() else COMMON)


def results_with_words(results: DiagnosisQuerySet, studies: StudyQuerySet, words: list[str]) -> DiagnosisQuerySet:
    """The same as a condition on the results of these studies.

    A newer study's result is newer, too: said once more of the time, an index that begins at the oldest need not be
    walked through all that is not read.
    """
    if reads_newest_only() and (unread := _newest_unread(studies)):
        since = studies.values_list("created", flat=True).get(pk=unread) - CLOCKS_DIFFER
        results = results.filter(study__gt=unread, created__gte=since)
    return results.filter(study__notes_key__holds_words=words)


def _newest_unread(studies: StudyQuerySet) -> int:
    """The key of the newest study whose notes are no longer read; 0 where all are."""
    keys = studies.order_by("-pk").values_list("pk", flat=True)
    return next(iter(keys[READ_STUDIES : READ_STUDIES + 1]), 0)
