"""A pydicom decoder plugin: one decoder for each compression, with a bound on memory, that gives bit patterns.

JPEG lossless, JPEG-LS and 12-bit JPEG go to imagecodecs (libjpeg-turbo and CharLS), 8-bit JPEG and JPEG 2000 to Pillow;
RLE, which is PackBits in planes of bytes, goes to Pillow's own decoder, which never writes past the picture it was
given. What the patterns mean is decided in `stored_bits`, and nowhere else.
"""

import struct
from io import BytesIO
from itertools import pairwise

import imagecodecs
import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.pixels.decoders.base import DecodeRunner

from diagnosis.imaging.codestream import FrameSize, codestream_size
from diagnosis.imaging.frames import without_padding

DECODER_DEPENDENCIES = {
    uid.RLELossless: ("pillow",),
    uid.JPEGBaseline8Bit: ("pillow",),
    uid.JPEGExtended12Bit: ("imagecodecs",),
    uid.JPEGLossless: ("imagecodecs",),
    uid.JPEGLosslessSV1: ("imagecodecs",),
    uid.JPEGLSLossless: ("imagecodecs",),
    uid.JPEGLSNearLossless: ("imagecodecs",),
    uid.JPEG2000Lossless: ("pillow",),
    uid.JPEG2000: ("pillow",),
}


def is_available(transfer_syntax: str) -> bool:
    """Say whether this plugin decodes the transfer syntax (asked by pydicom)."""
    return transfer_syntax in DECODER_DEPENDENCIES


def decode_frame(frame: bytes, runner: DecodeRunner) -> bytes:
    """Decode one frame to little-endian words, and tell pydicom how they lie (called by pydicom)."""
    is_rle = runner.transfer_syntax == uid.RLELossless
    words = _unpacked(frame, runner) if is_rle else _decoded(without_padding(frame, runner.transfer_syntax), runner)
    runner.set_option("bits_allocated", 8 * words.dtype.itemsize)
    runner.set_option("planar_configuration", int(is_rle))
    return words.tobytes()


def _decoded(frame: bytes, runner: DecodeRunner) -> np.ndarray:
    found = codestream_size(frame, runner.transfer_syntax)
    if runner.transfer_syntax in uid.JPEG2000TransferSyntaxes:
        return _jpeg2000(frame, found, runner)
    if runner.transfer_syntax in uid.JPEGLSTransferSyntaxes:
        return np.asarray(imagecodecs.jpegls_decode(frame))
    if found.bits == 8 and runner.transfer_syntax in (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit):
        return _jpeg(frame, found)
    unchanged = "RGB" if found.samples == 3 else None
    return np.asarray(imagecodecs.jpeg8_decode(frame, colorspace=unchanged, outcolorspace=unchanged))


def _jpeg(frame: bytes, found: FrameSize) -> np.ndarray:
    """8-bit JPEG. Without Adobe's marker Pillow takes three channels for YCbCr, and here they stay as they are."""
    with Image.open(BytesIO(frame), formats=("JPEG",)) as image:
        if found.samples == 3 and "adobe_transform" not in image.info:
            image.draft("YCbCr", image.size)
        return np.asarray(image)


def _jpeg2000(frame: bytes, found: FrameSize, runner: DecodeRunner) -> np.ndarray:
    """Pillow raises samples to 8 or 16 bits and adds half the range to signed ones: both are undone here."""
    if found.bits > 16 or (found.samples > 1 and found.bits > 8):
        raise ValueError("JPEG 2000 of a depth that Pillow does not keep")
    with Image.open(BytesIO(frame), formats=("JPEG2000",)) as image:
        raised = np.asarray(image)
    if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
        runner.set_option("photometric_interpretation", "RGB")
    words = raised >> (8 * raised.dtype.itemsize - found.bits)
    return words ^ raised.dtype.type(1 << (found.bits - 1)) if found.is_signed else words


def _unpacked(frame: bytes, runner: DecodeRunner) -> np.ndarray:
    """Undo DICOM's RLE (PS3.5 annex G): one segment for each byte of each sample, the most significant byte first."""
    size = runner.samples_per_pixel * runner.bits_allocated // 8
    count, *offsets = struct.unpack_from("<16I", frame)
    edges = [*offsets[:size], len(frame)]
    if count != size or edges != sorted(edges) or edges[0] < 64:
        raise ValueError("RLE segments do not match the picture")
    pixels = runner.rows * runner.columns
    planes = [
        np.asarray(Image.frombytes("L", (pixels, 1), frame[start:end], "packbits", "L"))
        for start, end in pairwise(edges)
    ]
    if runner.bits_allocated == 8:
        return np.concatenate(planes)
    return np.concatenate([high * np.uint16(256) + low for high, low in zip(planes[::2], planes[1::2], strict=True)])
