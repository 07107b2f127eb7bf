"""Makes small radiographs and DICOM files around them: a test says in one line what is odd about its file."""

import io
from collections.abc import Callable

import imagecodecs
import numpy as np
import pydicom.config
from PIL import Image, ImageFilter
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

ROWS, COLUMNS = 190, 170


def chest_like(levels: int = 4096, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """A (rows, columns) uint16 picture of 0..levels-1: two blurred dark ovals on a bright ground, with some noise."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    lungs = ((abs(x) - 0.45) / 0.33) ** 2 + (y / 0.75) ** 2 < 1
    ground = Image.fromarray(np.where(lungs, 60, 200).astype(np.uint8)).filter(ImageFilter.GaussianBlur(6))
    noise = np.random.default_rng(7).normal(0, 0.01, (rows, columns))
    return ((np.asarray(ground) / 255 + noise).clip(0, 1) * (levels - 1)).astype(np.uint16)


def dicom(pixels: np.ndarray, transfer_syntax: str = uid.ExplicitVRLittleEndian, /, **tags: object) -> bytes:
    """A DICOM file of these stored values, a chest CR unless `tags` (keywords; None removes one) say otherwise."""
    return written(dataset_of(pixels, **tags), transfer_syntax)


def dataset_of(pixels: np.ndarray, **tags: object) -> Dataset:
    """The dataset of `dicom`, with its pixels still uncompressed."""
    colour = pixels.ndim == 3
    described = {
        "SOPClassUID": uid.ComputedRadiographyImageStorage,
        "SOPInstanceUID": "1.2.3.4",
        "Modality": "CR",
        "BodyPartExamined": "CHEST",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 3 if colour else 1,
        "PlanarConfiguration": 0 if colour else None,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
        "BitsAllocated": 8 * pixels.dtype.itemsize,
        "BitsStored": max(8, int(pixels.max()).bit_length()),
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    } | tags
    described.setdefault("HighBit", int(str(described["BitsStored"])) - 1)
    dataset = Dataset()
    for keyword, value in described.items():
        if value is not None:
            setattr(dataset, keyword, value)
    if "PixelData" not in described:
        dataset.PixelData = pixels.tobytes()
        dataset["PixelData"].VR = "OW"
    return dataset


def compressed(
    pixels: np.ndarray, transfer_syntax: str, encode: Callable[[np.ndarray], bytes], /, **tags: object
) -> bytes:
    """A DICOM file whose one frame is `encode(pixels)`."""
    dataset = dataset_of(pixels, **tags)
    dataset.PixelData = encapsulate([encode(pixels)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return written(dataset, transfer_syntax)


def written(dataset: Dataset, transfer_syntax: str) -> bytes:
    """The file's bytes in the transfer syntax, to which only pixels that are not compressed yet are brought."""
    syntax = uid.UID(transfer_syntax)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "1.2.3")
    dataset.file_meta.MediaStorageSOPInstanceUID = uid.UID("1.2.3.4")
    if syntax == uid.ExplicitVRBigEndian and dataset.BitsAllocated == 16:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    if syntax == uid.RLELossless and not dataset["PixelData"].is_undefined_length:
        dataset.file_meta.TransferSyntaxUID = uid.UID("1.2.840.10008.1.2.1")
        dataset.compress(uid.RLELossless, generate_instance_uid=False)
    stream = io.BytesIO()
    dataset.save_as(
        stream,
        enforce_file_format=True,
        implicit_vr=syntax.is_implicit_VR,
        little_endian=syntax.is_little_endian,
    )
    return stream.getvalue()


def lookup_table(values: np.ndarray, first: int = 0) -> Sequence:
    """A modality or display look-up table of 12-bit values, whose first entry stands for the stored value `first`."""
    item = Dataset()
    item.LUTDescriptor = [len(values), first, 12]
    item.LUTData = values.astype("<u2").tobytes()
    item["LUTDescriptor"].VR = "US"
    item["LUTData"].VR = "OW"
    return Sequence([item])


def loosely(pixels: np.ndarray, **tags: object) -> bytes:
    """`dicom` with whatever values: pydicom's checks on writing are off."""
    settings = pydicom.config.settings
    mode, settings.writing_validation_mode = settings.writing_validation_mode, pydicom.config.IGNORE
    try:
        return dicom(pixels, **tags)
    finally:
        settings.writing_validation_mode = mode


def jpeg(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=95))


def jpeg_12_bit(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=98, bitspersample=12))


def jpeg_lossless(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=int(pixels.max()).bit_length()))


def jpeg_ls(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels))


def jpeg_ls_near_lossless(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels, level=3))


def jpeg_2000(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True, level=0))


def jpeg_2000_lossy(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", level=60))
