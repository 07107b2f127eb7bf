"""DICOM bytes to a grey picture and the few kept tags, by transfer syntax; all but one plain radiograph is refused.

Order matters, because each step is only safe after the one before: head, transfer syntax, the wanted tags, kind of
object, declared size, size inside the compressed data, and only then the pixels.
"""

import hashlib
import logging
import warnings
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
import pydicom.config
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filereader import read_dataset
from pydicom.pixels import get_decoder
from pydicom.tag import Tag

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.codestream import FrameSize, check_codestream
from diagnosis.imaging.dicom_decoders import DECODER_DEPENDENCIES
from diagnosis.imaging.dicom_details import KEPT_TAGS, DicomDetails, kept_details
from diagnosis.imaging.dicom_head import DicomHead, dicom_head
from diagnosis.imaging.dicom_limits import refuse_costly_pixels
from diagnosis.imaging.doubts import Doubt, doubts_of
from diagnosis.imaging.frames import single_frame, sniffed_syntax, without_padding
from diagnosis.imaging.grey import GreyPicture, grey_colours, grey_picture, read_only
from diagnosis.imaging.limits import refuse_oversize
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.orientation import upright
from diagnosis.imaging.own_outputs import refuse_own_object
from diagnosis.imaging.palette import palette_applied
from diagnosis.imaging.presentation import refuse_raw_data, refuse_test_image
from diagnosis.imaging.stored_bits import Samples, stored_bits, used_values
from diagnosis.imaging.tag_numbers import whole_number
from diagnosis.imaging.tag_texts import tag_text
from diagnosis.imaging.view_tags import VIEW_TAGS, ViewTags, view_tags
from diagnosis.imaging.wanted_elements import wanted_elements
from diagnosis.imaging.windowing import shaded

# pydicom quotes what it finds odd, which can be a patient's, in warnings; none of it may reach a log.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module="pydicom")

_OWN_PLUGIN = "diagnosis"
_DECODERS = {uid.ImplicitVRLittleEndian: "", uid.ExplicitVRLittleEndian: "", uid.ExplicitVRBigEndian: ""}
_DECODERS |= dict.fromkeys(DECODER_DEPENDENCIES, _OWN_PLUGIN)
"""The transfer syntaxes that are read, and the one decoder for each: no second decoder is tried on hostile bytes."""
for _syntax in DECODER_DEPENDENCIES:
    get_decoder(_syntax).add_plugin(_OWN_PLUGIN, ("diagnosis.imaging.dicom_decoders", "decode_frame"))

_OBJECTS = {
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
}
"""Those of several frames are read where they hold one."""
_GREY = {"MONOCHROME1", "MONOCHROME2"}
_COLOUR = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"}
_PICTURE_TAGS = (
    "SOPClassUID",
    "Manufacturer",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "PresentationLUTShape",
    "PresentationIntentType",
    "PixelIntensityRelationshipSign",
    "QualityControlImage",
    "FieldOfViewRotation",
    "FieldOfViewHorizontalFlip",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
    "SOPInstanceUID",
)
_WANTED_TAGS = {int(Tag(keyword)) for keyword in (*KEPT_TAGS, *VIEW_TAGS, *_PICTURE_TAGS)}


@dataclass(frozen=True)
class DicomPicture:
    """What one DICOM file holds for us."""

    picture: GreyPicture
    details: DicomDetails
    view: ViewTags
    sop_instance_uid: str
    notes: tuple[ReadingNote, ...]
    decoded_sha256: str
    """Hexadecimal SHA-256 of the stored values, before any window: an archive may change the window."""
    doubts: tuple[Doubt, ...]


def read_dicom(content: bytes) -> DicomPicture:
    """Decode one radiograph; raise RadiographRejected for what it is, anything else where the bytes are damaged."""
    dataset, notes = _opened(content)
    transfer_syntax = dataset.file_meta.TransferSyntaxUID
    view = view_tags(dataset)
    stored, colours = _decoded(dataset, transfer_syntax)
    picture = _shown(stored, colours, dataset, notes)
    pixels = upright(picture.pixels, dataset, notes, is_chest=not view.other_part)
    doubts = doubts_of(dataset, notes)
    return DicomPicture(
        replace(picture, pixels=read_only(pixels)),
        kept_details(dataset, transfer_syntax),
        view,
        tag_text(dataset, "SOPInstanceUID")[:64],
        tuple(notes),
        _sha256(f"{stored.shape}{stored.dtype.kind}:", stored),
        doubts,
    )


def _sha256(kind: str, values: np.ndarray) -> str:
    """Hexadecimal, of the kind and the values, which are not copied for it."""
    digest = hashlib.sha256(kind.encode())
    digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def read_stored(content: bytes) -> tuple[np.ndarray, Dataset]:
    """The stored values of a grey radiograph, (rows, columns) integers as the file has them, and its wanted tags.

    Of colours the grey levels that are shown, uint8. Raises as `read_dicom` does.
    """
    dataset, notes = _opened(content)
    stored, colours = _decoded(dataset, dataset.file_meta.TransferSyntaxUID)
    return (stored if is_grey(dataset) else _shown(stored, colours, dataset, notes).pixels), dataset


def read_tags(content: bytes) -> Dataset:
    """The wanted tags of a radiograph; its picture is not decoded. Raises as `read_dicom` does."""
    return _opened(content)[0]


def is_grey(dataset: Dataset) -> bool:
    return dataset.PhotometricInterpretation in _GREY


def _opened(content: bytes) -> tuple[Dataset, list[ReadingNote]]:
    """The wanted tags, with the transfer syntax among them; nothing is decoded yet."""
    head = dicom_head(content)
    if head.transfer_syntax:
        _refuse_transfer_syntax(head.transfer_syntax)
    dataset = _wanted_dataset(content, head)
    transfer_syntax = head.transfer_syntax or _guessed_transfer_syntax(dataset, head)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    notes = [] if head.transfer_syntax else [ReadingNote.NO_HEADER]
    dataset.PhotometricInterpretation = tag_text(dataset, "PhotometricInterpretation").upper()
    refuse_own_object(dataset)
    _refuse_other_objects(dataset)
    _refuse_layout(dataset)
    return dataset, notes


def _wanted_dataset(content: bytes, head: DicomHead) -> Dataset:
    wanted = wanted_elements(
        content,
        head.start,
        is_implicit=head.is_implicit,
        is_little_endian=head.is_little_endian,
        wanted=_WANTED_TAGS,
    )
    return read_dataset(BytesIO(wanted), head.is_implicit, head.is_little_endian)


def _guessed_transfer_syntax(dataset: Dataset, head: DicomHead) -> uid.UID:
    """Of a file that does not name it: by the first element, and where the picture is compressed by its first bytes."""
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        syntax = sniffed_syntax(single_frame(dataset.PixelData))
        if syntax is None or head.is_implicit or not head.is_little_endian:
            raise ValueError("a compressed picture of an unknown kind")
        return syntax
    if not head.is_little_endian:
        return uid.ExplicitVRBigEndian
    return uid.ImplicitVRLittleEndian if head.is_implicit else uid.ExplicitVRLittleEndian


def _refuse_transfer_syntax(transfer_syntax: uid.UID) -> None:
    if transfer_syntax not in _DECODERS:
        name = f" ({transfer_syntax.name})" if transfer_syntax in uid.UID_dictionary else ""
        raise RadiographRejected(
            gettext_noop(
                "The DICOM file is compressed in a way that is not read here%(name)s; export it uncompressed."
            ),
            code="dicom-transfer-syntax",
            name=name,
        )


def _refuse_other_objects(dataset: Dataset) -> None:
    kind = uid.UID(str(dataset.get("SOPClassUID", "")))
    if kind not in _OBJECTS:
        name = kind.name if kind in uid.UID_dictionary else "?"
        raise RadiographRejected(
            gettext_noop(
                "The DICOM file holds another object (%(name)s), not a radiograph (CR, DX or secondary capture)."
            ),
            code="dicom-object",
            name=name,
        )
    if "PixelData" not in dataset:
        raise RadiographRejected(gettext_noop("The DICOM file holds no picture."), code="dicom-no-picture")
    refuse_raw_data(dataset)
    refuse_test_image(dataset)
    if (whole_number(dataset, "NumberOfFrames") or 1) != 1:
        raise RadiographRejected(
            gettext_noop("The DICOM file holds several frames; upload one radiograph."), code="several-pictures"
        )


def _refuse_layout(dataset: Dataset) -> None:
    """Refuse a declared size over the cap and layouts that no radiograph has, before anything is decoded."""
    refuse_oversize(int(dataset.Columns), int(dataset.Rows))
    layouts = {1: _GREY | {"PALETTE COLOR"}, 3: _COLOUR}
    known = dataset.PhotometricInterpretation in layouts.get(dataset.SamplesPerPixel, ())
    if not known or dataset.BitsAllocated not in (8, 16):
        raise RadiographRejected(
            gettext_noop(
                "The DICOM file stores its pixels in a way that no radiograph does; export it with 8 or 16 "
                "bits per pixel."
            ),
            code="dicom-layout",
        )
    refuse_costly_pixels(dataset)


def _decoded(dataset: Dataset, transfer_syntax: uid.UID) -> tuple[np.ndarray, str]:
    """The numbers that the file stores, and their colour model."""
    declared = stored_bits(dataset)
    bits = _keep_checked_frame(dataset, transfer_syntax) if transfer_syntax.is_encapsulated else declared.allocated
    words, colours = _words(dataset, transfer_syntax)
    return used_values(Samples(words, bits), declared), colours


def _shown(stored: np.ndarray, colours: str, dataset: Dataset, notes: list[ReadingNote]) -> GreyPicture:
    if is_grey(dataset):
        return GreyPicture(shaded(stored, dataset, notes), 0.0)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        stored = palette_applied(stored, dataset)
    return grey_picture(_colour_image(stored, colours)) if stored.dtype == np.uint8 else grey_colours(stored)


def _words(dataset: Dataset, transfer_syntax: uid.UID) -> tuple[np.ndarray, str]:
    """All bits of each sample, and the colour model. pydicom is told of no sign or unused bits, and mends nothing."""
    plain = Dataset()
    plain.file_meta = dataset.file_meta
    for keyword in ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "PixelData"):
        plain[keyword] = dataset[keyword]
    plain.BitsStored = plain.BitsAllocated
    plain.HighBit, plain.PixelRepresentation = plain.BitsAllocated - 1, 0
    if plain.SamplesPerPixel > 1:
        plain.PlanarConfiguration = whole_number(dataset, "PlanarConfiguration") or 0
    plain.set_original_encoding(*dataset.original_encoding)
    decoder, plugin = get_decoder(transfer_syntax), _DECODERS[transfer_syntax]
    words, found = decoder.as_array(plain, index=0, raw=True, decoding_plugin=plugin)
    return words, str(found["photometric_interpretation"])


def _colour_image(stored: np.ndarray, photometric_interpretation: str) -> Image.Image:
    """Wrap (rows, columns, 3) samples; Pillow turns YCbCr into RGB in a tenth of the memory that pydicom takes."""
    mode = "YCbCr" if photometric_interpretation.startswith("YBR_FULL") else "RGB"
    return Image.frombytes(mode, (stored.shape[1], stored.shape[0]), stored.tobytes())


def _keep_checked_frame(dataset: Dataset, transfer_syntax: uid.UID) -> int:
    """Check the compressed frame, leave no other bytes for the decoder to find, and return the precision it states."""
    frame = without_padding(single_frame(dataset.PixelData), transfer_syntax)
    bits = int(dataset.BitsAllocated)
    if transfer_syntax != uid.RLELossless:
        declared = FrameSize(dataset.Rows, dataset.Columns, dataset.SamplesPerPixel, bits)
        bits = check_codestream(frame, transfer_syntax, declared).bits
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
    return bits
