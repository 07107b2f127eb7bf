"""What the headers of a JPEG 2000 codestream promise: tiles, layers, precincts, code blocks and memory.

A decoder makes a structure for each of them before it reads a byte of the picture: 600 bytes of file can ask for
gigabytes. Markers and formulas are those of ITU-T T.800, annexes A and B.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.limits import refuse_memory, refuse_parts

MAX_COMPONENTS = 4
MAX_TILES = 4096
MAX_TILE_PARTS = 8192
MAX_LEVELS = 15
MAX_PACKETS = 1_000_000
"""Layers x precincts of all resolutions."""
MAX_SEGMENTS = 1000

_SIZ, _COD, _COC, _QCD, _QCC, _COM, _TLM, _PLM, _PLT, _CRG, _RGN = (
    *(0x51, 0x52, 0x53, 0x5C, 0x5D, 0x64, 0x55, 0x57, 0x58, 0x63, 0x5E),
)
_SOT, _SOD, _EOC = 0x90, 0x93, 0xD9
_IN_MAIN_HEADER = {_COD, _COC, _QCD, _QCC, _COM, _TLM, _PLM, _CRG, _RGN}
_IN_TILE_HEADER = {_QCD, _QCC, _COM, _PLT, _RGN}
"""A tile could name another coding style, order of packets or packed headers: no encoder of radiographs does."""

# What OpenJPEG takes at its peak, measured: of a sample, a code block, a precinct in a band, a packet and a tile.
_SAMPLE_BYTES, _BLOCK_BYTES, _PRECINCT_BYTES, _PACKET_BYTES, _TILE_BYTES = 8, 600, 144, 2, 10_000


@dataclass(frozen=True)
class Jpeg2000Size:
    """The SIZ segment: edges of the picture and of its tiles on the reference grid, and bits of each component."""

    columns: tuple[int, int]
    rows: tuple[int, int]
    tile_columns: tuple[int, int]
    """Where the first tile begins, and the width of each."""
    tile_rows: tuple[int, int]
    bits: tuple[int, ...]
    is_signed: bool
    """Of the first component."""

    def edges(self) -> tuple[list[int], list[int]]:
        """Where tiles begin and end, along the columns and along the rows."""
        return _edges(*self.columns, *self.tile_columns), _edges(*self.rows, *self.tile_rows)


@dataclass(frozen=True)
class CodingStyle:
    """A COD or COC segment: the exponents of code blocks and, from the lowest resolution on, of precincts."""

    layers: int
    block: tuple[int, int]
    precincts: tuple[tuple[int, int], ...]


def check_jpeg2000(frame: bytes, size: Jpeg2000Size) -> None:
    """Raise RadiographRejected for what would cost a decoder far more than a picture of its size should.

    Raises IndexError, ValueError or struct.error where the headers are damaged.
    """
    styles: dict[int | None, CodingStyle] = {}
    position = 2
    for marker, body, end in _segments(frame, position, _SOT):
        if marker == _COD:
            styles[None] = _style(body[0], body[5:], layers=int.from_bytes(body[2:4], "big"))
        elif marker == _COC:
            styles[body[0]] = _style(body[1], body[2:], layers=1)
        elif marker not in _IN_MAIN_HEADER | {_SIZ}:
            raise _unusual()
        position = end
    _refuse_structures(size, styles)
    _check_tile_parts(frame, position)


def _segments(frame: bytes, position: int, last: int) -> Iterator[tuple[int, bytes, int]]:
    """Marker, content without the length, and end of each segment before the marker `last`."""
    for number in count():
        refuse_parts(number, MAX_SEGMENTS)
        mark, marker = frame[position], frame[position + 1]
        if mark != 0xFF:
            raise ValueError("no JPEG 2000 marker")
        if marker == last:
            return
        (length,) = struct.unpack_from(">H", frame, position + 2)
        position, start = position + 2 + length, position + 4
        if length < 2 or position > len(frame):
            raise ValueError("a segment of no length, or cut off")
        yield marker, frame[start:position], position


def jpeg2000_size(frame: bytes) -> Jpeg2000Size:
    """Read the SIZ segment (A.5.1) that must follow the start of the codestream at once."""
    if not frame.startswith(b"\xff\x4f\xff\x51"):
        raise _unusual()
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, samples = struct.unpack_from(">8IH", frame, 8)
    refuse_parts(samples, MAX_COMPONENTS)
    components = [struct.unpack_from(">3B", frame, 42 + 3 * index) for index in range(samples)]
    if not (tile_x0 <= x0 < x1 and tile_y0 <= y0 < y1 and x0 < tile_x0 + tile_x and y0 < tile_y0 + tile_y):
        raise ValueError("a picture outside of its tiles")
    if any((dx, dy) != (1, 1) for _, dx, dy in components):
        raise _unusual()
    refuse_parts(-(-(x1 - tile_x0) // tile_x) * -(-(y1 - tile_y0) // tile_y), MAX_TILES)
    bits = tuple((depth & 0x7F) + 1 for depth, _, _ in components)
    return Jpeg2000Size((x0, x1), (y0, y1), (tile_x0, tile_x), (tile_y0, tile_y), bits, bool(components[0][0] & 0x80))


def _edges(first: int, last: int, tile: int, width: int) -> list[int]:
    return [first, *range(tile + width, last, width), last]


def _style(flags: int, described: bytes, *, layers: int) -> CodingStyle:
    """Read the part that COD and COC share (A.6.1, table A.15); without bit 0 of `flags` precincts are of 2 ** 15."""
    levels, wide, high, mode, _ = described[:5]
    if levels > MAX_LEVELS or mode & 0xC0:  # the two upper bits: JPEG 2000 of high throughput
        raise _unusual()
    sizes = described[5 : 6 + levels] if flags & 1 else bytes([0xFF]) * (levels + 1)
    if len(sizes) != levels + 1 or wide + high + 4 > 12:
        raise ValueError("a coding style cut off, or of too large code blocks")
    return CodingStyle(layers, (wide + 2, high + 2), tuple((size & 15, size >> 4) for size in sizes))


def _refuse_structures(size: Jpeg2000Size, styles: dict[int | None, CodingStyle]) -> None:
    """Add up what a decoder makes for all components; `styles`: of a component, or under None of all others."""
    columns, rows = size.edges()
    tiles = (len(columns) - 1) * (len(rows) - 1)
    samples = (columns[-1] - columns[0]) * (rows[-1] - rows[0]) * len(size.bits)
    refuse_memory(samples)
    layers, packets, needed = styles[None].layers, 0, samples * _SAMPLE_BYTES + tiles * _TILE_BYTES
    for component in range(len(size.bits)):
        found = _counted(styles.get(component, styles[None]), columns, rows)
        packets += layers * found.precincts
        needed += found.blocks * _BLOCK_BYTES + found.precincts_of_bands * _PRECINCT_BYTES
    refuse_parts(packets, MAX_PACKETS)
    refuse_memory(needed + packets * _PACKET_BYTES)


@dataclass(frozen=True)
class Structures:
    """How many of each a component has, in all tiles."""

    precincts: int
    precincts_of_bands: int
    blocks: int


def _counted(style: CodingStyle, columns: Sequence[int], rows: Sequence[int]) -> Structures:
    """Count precincts (B.6) and code blocks (B.7). Both form grids, so each side is counted on its own."""
    precincts = of_bands = blocks = 0
    levels = len(style.precincts) - 1
    for resolution, exponents in enumerate(style.precincts):
        is_lowest = resolution == 0
        bands, below = (1, levels) if is_lowest else (3, levels - resolution + 1)
        grid = block_grid = 1
        for edges, exponent, block in zip((columns, rows), exponents, style.block, strict=True):
            if exponent == 0 and not is_lowest:
                raise ValueError("precincts smaller than a sample")
            grid *= _cells(edges, levels - resolution, exponent)
            block_grid *= _cells(edges, below, min(block, exponent - (not is_lowest)))
        precincts += grid
        of_bands += bands * grid
        blocks += bands * block_grid
    return Structures(precincts, of_bands, blocks)


def _cells(edges: Sequence[int], halvings: int, exponent: int) -> int:
    """Into how many cells of 2 ** exponent samples the tiles between the edges are cut, halved so often."""
    halved = [-(-edge >> halvings) for edge in edges]
    return sum(-(-end >> exponent) - (start >> exponent) for start, end in pairwise(halved) if end > start)


def _check_tile_parts(frame: bytes, position: int) -> None:
    """Walk from tile part to tile part (A.4.2): their headers must not change what the main header promises."""
    for number in count():
        refuse_parts(number, MAX_TILE_PARTS)
        if position >= len(frame) - 1 or frame[position : position + 2] == bytes([0xFF, _EOC]):
            return
        start = position
        mark, length, _, tile_part = struct.unpack_from(">2sHHI", frame, start)
        if mark != bytes([0xFF, _SOT]) or length != 10:
            raise ValueError("no tile part")
        for marker, _, end in _segments(frame, start + 12, _SOD):
            if marker not in _IN_TILE_HEADER:
                raise _unusual()
            position = end
        if tile_part == 0:
            return
        if start + tile_part <= position:
            raise ValueError("a tile part shorter than its header")
        position = start + tile_part


def _unusual() -> RadiographRejected:
    return RadiographRejected(
        gettext_noop("The JPEG 2000 picture in the file is made in a way that no radiograph is; export it again."),
        code="dicom-layout",
    )
