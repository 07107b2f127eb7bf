"""Reader studies, their cases, readers and readings, as rows."""

from reader_studies.models.reader_studies import ReaderStudy, ReaderStudyQuerySet
from reader_studies.models.readings import Case, Reader, Reading, ReadingQuerySet, Suspicion

__all__ = ["Case", "Reader", "ReaderStudy", "ReaderStudyQuerySet", "Reading", "ReadingQuerySet", "Suspicion"]
