"""Looking for words in clinical notes.

A note holds a word that begins with each of the words that were typed, whatever their letter case and order. MySQL and
MariaDB look it up in a full-text index. SQLite has none that would outlive its way of changing tables, so there the
notes themselves are read, and only those of the newest READ_STUDIES uploads of the institution.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Lookup, TextField

if TYPE_CHECKING:
    from diagnosis.models import DiagnosisQuerySet, StudyQuerySet

READ_STUDIES = 20_000
SHORTEST_WORD = 3
"""InnoDB's own default (innodb_ft_min_token_size): shorter words stand in no full-text index."""
MOST_WORDS = 8


def words_of(text: str) -> list[str]:
    """What is looked for: each run of letters and digits. The form lets none through that is too short."""
    return re.findall(r"\w+", text)


def reads_newest_only() -> bool:
    """Whether this database has no index of the words, and so only the newest uploads are searched."""
    return connection.vendor != "mysql"


@TextField.register_lookup
class HoldsWords(Lookup):
    """`notes__holds_words=["chest", "pain"]`."""

    lookup_name = "holds_words"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        text, text_parameters = self.process_lhs(compiler, connection)
        return f"{text} REGEXP %s", [*text_parameters, _every_word(self.rhs)]

    def as_mysql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        text, text_parameters = self.process_lhs(compiler, connection)
        asked = " ".join(f"+{word}*" for word in self.rhs)
        return f"MATCH ({text}) AGAINST (%s IN BOOLEAN MODE)", [*text_parameters, asked]


def _every_word(words: list[str]) -> str:
    """For Django's REGEXP on SQLite, which is Python's `re.search`. Anchored, so that each note is read once a word."""
    return r"(?is)\A" + "".join(rf"(?=.*?\b{re.escape(word)})" for word in words)


def studies_with_words(studies: StudyQuerySet, words: list[str]) -> StudyQuerySet:
    """Those of one institution's studies whose notes hold the words."""
    if reads_newest_only():
        studies = studies.filter(pk__gt=_newest_unread(studies))
    return studies.filter(notes__holds_words=words)


def results_with_words(results: DiagnosisQuerySet, studies: StudyQuerySet, words: list[str]) -> DiagnosisQuerySet:
    """The same, said of the results of those studies."""
    if reads_newest_only():
        results = results.filter(study__gt=_newest_unread(studies))
    return results.filter(study__notes__holds_words=words)


def _newest_unread(studies: StudyQuerySet) -> int:
    """The key of the newest study whose notes are no longer read; 0 where all are."""
    keys = studies.order_by("-pk").values_list("pk", flat=True)
    return next(iter(keys[READ_STUDIES : READ_STUDIES + 1]), 0)
