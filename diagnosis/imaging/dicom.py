"""DICOM bytes to a grey picture and the few kept tags, by transfer syntax; all but one plain radiograph is refused.

Order matters, because each step is only safe after the one before: preamble, file meta, transfer syntax, a bounded
parse of the wanted tags, kind of object, declared size, size inside the compressed data, and only then the pixels.
"""

import logging
import warnings
from io import BytesIO

import numpy as np
import pydicom.config
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.filereader import read_dataset
from pydicom.pixels import apply_color_lut, get_decoder
from pydicom.tag import BaseTag, Tag

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.codestream import FrameSize, check_codestream
from diagnosis.imaging.dicom_decoders import DECODER_DEPENDENCIES
from diagnosis.imaging.dicom_details import KEPT_TAGS, DicomDetails, kept_details
from diagnosis.imaging.grey import GreyPicture, grey_picture, read_only
from diagnosis.imaging.limits import refuse_oversize
from diagnosis.imaging.windowing import shaded

# pydicom quotes what it finds odd, which can be a patient's, in warnings; none of it may reach a log.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module="pydicom")

_MAX_READS = 200_000
"""About one for each element, one to three for each fragment of a compressed picture."""
_MAX_VALUE_BYTES = 1024 * 1024
"""The largest look-up table has 128 KiB."""
_PIXEL_DATA = Tag("PixelData")

_OWN_PLUGIN = "diagnosis"
_DECODERS = {
    uid.ImplicitVRLittleEndian: "",
    uid.ExplicitVRLittleEndian: "",
    uid.ExplicitVRBigEndian: "",
    uid.RLELossless: _OWN_PLUGIN,
    uid.JPEGBaseline8Bit: "pillow",
    uid.JPEGExtended12Bit: _OWN_PLUGIN,
    uid.JPEGLossless: _OWN_PLUGIN,
    uid.JPEGLosslessSV1: _OWN_PLUGIN,
    uid.JPEGLSLossless: _OWN_PLUGIN,
    uid.JPEGLSNearLossless: _OWN_PLUGIN,
    uid.JPEG2000Lossless: "pillow",
    uid.JPEG2000: "pillow",
}
"""The transfer syntaxes that are read, and the one decoder for each: no second decoder is tried on hostile bytes."""
for _syntax in DECODER_DEPENDENCIES:
    get_decoder(_syntax).add_plugin(_OWN_PLUGIN, ("diagnosis.imaging.dicom_decoders", "decode_frame"))

_OBJECTS = {
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.SecondaryCaptureImageStorage,
}
_GREY = {"MONOCHROME1", "MONOCHROME2"}
_COLOUR = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"}
_PICTURE_TAGS = (
    "SOPClassUID",
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
    "VOILUTFunction",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
)
_WANTED_TAGS = [Tag(keyword) for keyword in (*KEPT_TAGS, *_PICTURE_TAGS)]


def is_dicom(content: bytes) -> bool:
    """Say whether the bytes carry DICOM's mark behind its 128-byte preamble."""
    return content[128:132] == b"DICM"


def read_dicom(content: bytes) -> tuple[GreyPicture, DicomDetails]:
    """Decode one radiograph; raise RadiographRejected for what it is, anything else where the bytes are damaged."""
    _refuse_live_preamble(content[:128])
    stream = _BoundedReader(content)
    stream.seek(132)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    transfer_syntax = _allowed_transfer_syntax(meta)
    dataset = read_dataset(
        stream,
        transfer_syntax.is_implicit_VR,
        transfer_syntax.is_little_endian,
        stop_when=stream.note_element,
        specific_tags=list(_WANTED_TAGS),
    )
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    _refuse_other_objects(dataset)
    _refuse_layout(dataset)
    return _decoded(dataset, transfer_syntax), kept_details(dataset, transfer_syntax)


class _BoundedReader(BytesIO):
    """Refuses files of millions of elements, or with huge values outside the picture, before they fill the memory."""

    reads = 0
    in_picture = False

    def note_element(self, tag: BaseTag, _vr: str | None, _length: int) -> bool:
        """Learn from pydicom which element comes next (its `stop_when`), and never stop."""
        self.in_picture = tag == _PIXEL_DATA
        return False

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > _MAX_READS or (not self.in_picture and (size or 0) > _MAX_VALUE_BYTES):
            raise RadiographRejected(
                gettext_noop("The DICOM file holds far more than a radiograph; export only the picture."),
                code="dicom-elements",
            )
        return super().read(size)


def _refuse_live_preamble(preamble: bytes) -> None:
    """The preamble starts blank or with a TIFF header (PS3.10 7.1); with others the file may run as a program."""
    if not preamble.startswith((bytes(4), b"II*\0", b"MM\0*")):
        raise RadiographRejected(
            gettext_noop("The DICOM file begins with other content, as a disguised program would; export it again."),
            code="dicom-preamble",
        )


def _allowed_transfer_syntax(meta: Dataset) -> uid.UID:
    transfer_syntax = uid.UID(str(meta.get("TransferSyntaxUID", "")))
    if transfer_syntax not in _DECODERS:
        name = f" ({transfer_syntax.name})" if transfer_syntax in uid.UID_dictionary else ""
        raise RadiographRejected(
            gettext_noop(
                "The DICOM file is compressed in a way that is not read here%(name)s; export it uncompressed."
            ),
            code="dicom-transfer-syntax",
            name=name,
        )
    return transfer_syntax


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
    if int(dataset.get("NumberOfFrames") or 1) != 1:
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


def _decoded(dataset: Dataset, transfer_syntax: uid.UID) -> GreyPicture:
    if transfer_syntax.is_encapsulated:
        _keep_checked_frame(dataset, transfer_syntax)
    decoder, plugin = get_decoder(transfer_syntax), _DECODERS[transfer_syntax]
    stored, found = decoder.as_array(dataset, index=0, raw=True, decoding_plugin=plugin)
    if dataset.PhotometricInterpretation in _GREY:
        return GreyPicture(read_only(shaded(stored, dataset)), 0.0)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)
    return grey_picture(_colour_image(stored, str(found["photometric_interpretation"])))


def _colour_image(stored: np.ndarray, photometric_interpretation: str) -> Image.Image:
    """Wrap (rows, columns, 3) samples; Pillow turns YCbCr into RGB in a tenth of the memory that pydicom takes."""
    if stored.dtype != np.uint8:
        stored = (stored >> 8).astype(np.uint8)
    mode = "YCbCr" if photometric_interpretation.startswith("YBR_FULL") else "RGB"
    return Image.frombytes(mode, (stored.shape[1], stored.shape[0]), stored.tobytes())


def _keep_checked_frame(dataset: Dataset, transfer_syntax: uid.UID) -> None:
    """Check the compressed frame and leave no other bytes for the decoder to find."""
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    if transfer_syntax != uid.RLELossless:
        declared = FrameSize(dataset.Rows, dataset.Columns, dataset.SamplesPerPixel, dataset.BitsAllocated)
        check_codestream(frame, transfer_syntax, declared)
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
