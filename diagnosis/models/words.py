"""PatientWord, StudyWord: the words by which patients and files are found, accents folded. Part of `diagnosis.models`.

A word that is looked for is the beginning of a stored one, which both databases read from an index. Of a name each word
is stored, of a reference also its ends, so that any part of it is found, and of a file name each part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models.institutions import Institution
from accounts.models.people import User
from accounts.scope import narrowed
from diagnosis.models.fields import folded
from diagnosis.models.patients import Patient
from diagnosis.models.studies import Study

WORD_LENGTH = 64
SHORTEST_END = 3
MOST_WORDS = 8
RARE, WIDE = 5000, 50_000
_LAST_CHARACTER = "\U0010ffff"


def parts_of(text: str) -> list[str]:
    """Each run of letters and digits, folded."""
    return [part[:WORD_LENGTH] for part in re.findall(r"[^\W_]+", folded(text))]


def words_typed(text: str) -> list[str]:
    """What somebody looks for: at most MOST_WORDS words, the longest first, because it leaves most out."""
    return sorted(dict.fromkeys(parts_of(text)), key=len, reverse=True)[:MOST_WORDS]


def words_of_name(name: str) -> set[str]:
    """Each part, and what a person writes in one word or with a sign: "O'Brien" and "OBrien"."""
    written = ["".join(parts_of(word)) for word in re.split(r"[\s^,]+", name)]
    return {word[:WORD_LENGTH] for word in (*parts_of(name), *written) if word}


def words_of_reference(reference: str) -> set[str]:
    """Each part and the whole without signs, and their ends: so "4579" finds CN-0064579."""
    parts = parts_of(reference)
    whole = {*parts, "".join(parts)[:WORD_LENGTH]} - {""}
    return whole | {word[start:] for word in whole for start in range(1, len(word) - SHORTEST_END + 1)}


class WordQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Words of what the person may see: `narrowed`."""
        return narrowed(self, user, own=self.model.owned_by(user))

    def beginning_with(self, word: str) -> Self:
        """As a range and not as LIKE, for which neither SQLite nor MariaDB would use an index here."""
        return self.filter(word__gte=word, word__lt=word + _LAST_CHARACTER)

    def owners(self) -> models.QuerySet[Any, int]:
        return self.order_by().values_list(self.model.owner, flat=True).distinct()

    def of_all(self, words: Sequence[str]) -> models.QuerySet[Any, int]:
        """The patients or studies that have every word, by the first one's part of the index."""
        first, *others = words
        also = [Exists(self.model.objects.of(OuterRef(self.model.owner)).beginning_with(word)) for word in others]
        return self.beginning_with(first).filter(*also).owners()

    def of_common(self, words: Sequence[str]) -> models.QuerySet[Any, int]:
        """The same, where each word has many: each one's part of the index is read in a row, and none row by row."""
        first, *others = (self.beginning_with(word).owners() for word in words)
        return first.intersection(*others) if others else first

    def number_of(self, word: str) -> int:
        """How many entries there are, not counted beyond WIDE."""
        counted: int = self.beginning_with(word).order_by().values("pk")[: WIDE + 1].count()
        return counted

    def of(self, owner: Any) -> Self:
        return self.filter(**{self.model.owner: owner})


class Word(models.Model):
    """One word of a patient or a study."""

    word = models.CharField(max_length=WORD_LENGTH)
    owner: ClassVar[str]

    objects = WordQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"word {self.pk}"

    @classmethod
    def owned_by(cls, user: User) -> Q:
        raise NotImplementedError


class PatientWord(Word):
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="words", db_index=False)
    owner = "patient"

    class Meta:
        indexes = [
            models.Index(fields=["institution", "word", "patient"], name="patients_by_word"),
            models.Index(fields=["patient", "word"], name="words_of_patient"),
        ]

    @classmethod
    def owned_by(cls, user: User) -> Q:
        return Q(patient__in=Patient.objects.visible_to(user).values("pk"))


class StudyWord(Word):
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+", db_index=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="words", db_index=False)
    owner = "study"

    class Meta:
        indexes = [
            models.Index(fields=["institution", "word", "study"], name="studies_by_word"),
            models.Index(fields=["study", "word"], name="words_of_study"),
        ]

    @classmethod
    def owned_by(cls, user: User) -> Q:
        return Q(study__uploaded_by=user)


def found_by_words(words: WordQuerySet, typed: Sequence[str], most: int) -> set[int] | None:
    """The keys of the patients or studies that have every word; at most one more than `most` of them.

    None where even the rarest words are so common that the ones who have them are soon met along any list. No database
    here can tell a rare word from a common one before it runs the query: so the words are counted first.
    """
    numbers = {word: words.number_of(word) for word in typed}
    rarest, *others = sorted(typed, key=lambda word: numbers[word])
    if numbers[rarest] <= RARE or not others:
        return set(words.of_all([rarest, *others])[: most + 1]) if numbers[rarest] else set()
    common = [word for word in (rarest, *others) if numbers[word] <= WIDE]
    if len(common) < 2:
        return None
    found = set(words.of_common(common)[: most + 1])
    return found if len(common) == len(typed) or len(found) > most else _also(words, found, typed)


def _also(words: WordQuerySet, found: set[int], typed: Sequence[str]) -> set[int]:
    """Those of the few that have the other words too."""
    return set(words.filter(**{f"{words.model.owner}__in": found}).of_all(typed))


def patient_words_write(patients: Iterable[Patient]) -> None:
    """Store anew by which words these patients are found."""
    rows = list(patients)
    PatientWord.objects.filter(patient__in=rows).delete()
    PatientWord.objects.bulk_create(
        PatientWord(institution_id=row.institution_id, patient=row, word=word)
        for row in rows
        for word in sorted(_words_of(row))
    )


def _words_of(patient: Patient) -> set[str]:
    """By the names and references of those merged into it too; none for one that was merged into another."""
    known = [] if patient.merged_into_id else [patient, *patient.all_merged()]
    return {word for one in known for word in (*words_of_name(one.name), *words_of_reference(one.reference))}


def study_words_write(studies: Iterable[Study]) -> None:
    """Store by which words these new studies are found: the parts of their files' names, which never change."""
    StudyWord.objects.bulk_create(
        StudyWord(institution_id=row.institution_id, study=row, word=word)
        for row in studies
        for word in sorted(set(parts_of(row.file_name)))
    )


def has_all(words: Sequence[str]) -> Q:
    """A condition on results: their file or their patient has every word. For results that are walked along a list."""
    files = [Exists(StudyWord.objects.of(OuterRef("study")).beginning_with(word)) for word in words]
    people = [Exists(PatientWord.objects.of(OuterRef("study__patient")).beginning_with(word)) for word in words]
    return Q(*files) | Q(*people)
