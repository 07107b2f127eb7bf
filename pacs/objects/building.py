"""One kind of object from a stored result: SR, secondary capture or PDF, as the bytes of a DICOM file."""

from __future__ import annotations

from pacs.objects.common import as_file
from pacs.objects.encapsulated_pdf import encapsulated_pdf
from pacs.objects.identifiers import Kind
from pacs.objects.secondary_capture import secondary_capture
from pacs.objects.sources import Source
from pacs.objects.statements import Statement
from pacs.objects.structured_report import structured_report


def object_file(kind: Kind, source: Source, statement: Statement, *, pdf: bytes = b"") -> bytes:
    """The object of this kind; `pdf` is what the document holds. Raises what the storage raises."""
    if kind is Kind.REPORT:
        return as_file(structured_report(source, statement))
    if kind is Kind.PICTURE:
        return as_file(secondary_capture(source, statement))
    return as_file(encapsulated_pdf(source, statement, pdf))
