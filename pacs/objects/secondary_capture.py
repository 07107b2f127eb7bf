"""A result as a secondary capture: the picture that viewers show next to the radiograph, in colours."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from pacs.objects.common import new_object, reference
from pacs.objects.identifiers import Kind
from pacs.objects.picture import result_picture
from pacs.objects.sources import Source
from pacs.objects.statements import Statement

_SERIES_NUMBER = 9702


def secondary_capture(source: Source, statement: Statement) -> Dataset:
    """The picture, ready to be written. Raises FileNotFoundError where the radiograph's copy is lost."""
    made = new_object(
        source,
        statement,
        kind=Kind.PICTURE,
        sop_class=SecondaryCaptureImageStorage,
        modality="OT",
        series=_SERIES_NUMBER,
    )
    made.ConversionType = "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.PatientOrientation = ""
    made.Laterality = source.header.get("Laterality", "")
    made.DerivationDescription = "Answer and heat map of a model: decision support for research, not a diagnosis"
    if burnt_in := source.header.get("BurnedInAnnotation"):
        made.BurnedInAnnotation = burnt_in  # of the radiograph's own pixels: nothing about the patient is added
    if not statement.is_withdrawn:
        made.SourceImageSequence = [reference(source)]
    _set_pixels(made, statement)
    return made


def _set_pixels(made: Dataset, statement: Statement) -> None:
    pixels = result_picture(statement)
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.LossyImageCompression = "00"
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OB"
