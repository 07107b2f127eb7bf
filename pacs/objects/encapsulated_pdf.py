"""The PDF report of a result as an Encapsulated PDF in the radiograph's study."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from pacs.objects.common import new_object, reference
from pacs.objects.identifiers import Kind
from pacs.objects.sources import Source
from pacs.objects.statements import Statement

_SERIES_NUMBER = 9703
_TITLE = "COVID-19 classification report: decision support for research, not a diagnosis"


def encapsulated_pdf(source: Source, statement: Statement, pdf: bytes) -> Dataset:
    """The document, ready to be written."""
    made = new_object(
        source,
        statement,
        kind=Kind.DOCUMENT,
        sop_class=EncapsulatedPDFStorage,
        modality="DOC",
        series=_SERIES_NUMBER,
    )
    made.ConversionType = "WSD"
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "YES"  # the patient is named on its pages
    made.ConceptNameCodeSequence = []
    made.DocumentTitle = _TITLE
    made.SourceInstanceSequence = [reference(source)]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    return made
