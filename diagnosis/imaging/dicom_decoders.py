"""A pydicom decoder plugin for what pydicom and Pillow lack or do without a bound on memory.

JPEG lossless, JPEG-LS and 12-bit JPEG go to imagecodecs (libjpeg-turbo and CharLS); RLE, which is PackBits in planes of
bytes, goes to Pillow's own decoder, which never writes past the picture it was given.
"""

import struct
from itertools import pairwise

import imagecodecs
import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.pixels.decoders.base import DecodeRunner

DECODER_DEPENDENCIES = {
    uid.RLELossless: ("pillow",),
    uid.JPEGExtended12Bit: ("imagecodecs",),
    uid.JPEGLossless: ("imagecodecs",),
    uid.JPEGLosslessSV1: ("imagecodecs",),
    uid.JPEGLSLossless: ("imagecodecs",),
    uid.JPEGLSNearLossless: ("imagecodecs",),
}


def is_available(transfer_syntax: str) -> bool:
    """Say whether this plugin decodes the transfer syntax (asked by pydicom)."""
    return transfer_syntax in DECODER_DEPENDENCIES


def decode_frame(frame: bytes, runner: DecodeRunner) -> bytes:
    """Decode one frame to little-endian samples, and tell pydicom how they lie (called by pydicom)."""
    if runner.transfer_syntax == uid.RLELossless:
        samples = _unpacked(frame, runner)
    elif runner.transfer_syntax in uid.JPEGLSTransferSyntaxes:
        samples = imagecodecs.jpegls_decode(frame)
    else:
        unchanged = "RGB" if runner.samples_per_pixel == 3 else None
        samples = imagecodecs.jpeg8_decode(frame, colorspace=unchanged, outcolorspace=unchanged)
    runner.set_option("bits_allocated", 8 * samples.dtype.itemsize)
    runner.set_option("planar_configuration", int(runner.transfer_syntax == uid.RLELossless))
    return samples.tobytes()


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
