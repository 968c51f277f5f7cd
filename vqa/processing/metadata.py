"""The directories of tags in EXIF and TIFF, read without unpacking a value.

Pillow copies the value of each tag, and thousands of tags may name the same megabytes: a file of one megabyte can so
ask for gigabytes. Here a directory is judged before Pillow sees it.
"""

import math
import struct
from collections.abc import Iterator

ORIENTATION = 0x0112
SUB_DIRECTORIES = (0x8769, 0x8825, 0xA005)  # EXIF, GPS, interoperability
MOST_DIRECTORIES = 16  # of an honest file: four
MOST_VALUES = 3 * 2**16  # of a tag that Pillow turns into numbers; a palette of 16 bits has as many
WIDTH, HEIGHT, COMPRESSION, SAMPLES, PLANAR = 0x0100, 0x0101, 0x0103, 0x0115, 0x011C
STRIPS, ROWS_PER_STRIP, TILE_WIDTH, TILE_HEIGHT, TILES = 0x0111, 0x0116, 0x0142, 0x0143, 0x0144
COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)  # as cameras, scanners and editors write: raw to deflate
MOST_SCANS = 64  # of JPEG data within a TIFF file, beyond one for each strip
OPAQUE = (1, 2, 6, 7)  # types whose values stay bytes
BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}  # of a type's value


def orientation(block: bytes) -> int:
    """How a camera was held, 1 to 8; 1, upright, where a block of EXIF does not tell."""
    order = _byte_order(block)
    if order is not None:
        for tag, kind, _, value in _entries(block, order, _first(block, order)):
            if tag == ORIENTATION and kind in (3, 4):  # a short, and in some cameras' files a long
                turned = struct.unpack(f"{order}H2x" if kind == 3 else f"{order}I", value)[0]
                return turned if 1 <= turned <= 8 else 1
    return 1


def unpacked_size(block: bytes) -> float:
    """Bytes that all values of a block of EXIF, or of a TIFF file, take when each is copied.

    Infinite where it is none of these, or a BigTIFF, or where its directories go round in circles.
    """
    order = _byte_order(block)
    if order is None:
        return math.inf
    size, seen, waiting = 0, set(), [_first(block, order)]
    while waiting:
        seen.add(offset := waiting.pop())
        if len(seen) > MOST_DIRECTORIES:
            return math.inf
        below = {}
        for tag, kind, count, value in _entries(block, order, offset):
            length = count * BYTES.get(kind, 0)
            size += length if length <= len(block) else 0  # what the block cannot hold is passed over
            if tag in SUB_DIRECTORIES:
                below[tag] = struct.unpack(f"{order}I", value)[0]
        waiting += set(below.values()) - seen
    return size


def check_tiff(data: bytes) -> None:
    """Raises `ValueError` where a TIFF file would cost more than its size and its pixels: more values than bytes,
    strips that cover the picture many times, or a compression that needs a decoder of its own."""
    if _byte_order(data) is None:
        raise ValueError("This is not a TIFF file that can be read.")
    if unpacked_size(data) > len(data):
        raise ValueError("The tags of this TIFF file would take more room than the file.")
    order = _byte_order(data)
    tags, counts = {COMPRESSION: 1, SAMPLES: 1, PLANAR: 1}, {}
    for tag, kind, count, value in _entries(data, order, _first(data, order)):
        counts[tag] = max(count, counts.get(tag, 0))
        if kind in (3, 4) and count == 1:
            tags[tag] = struct.unpack(f"{order}H2x" if kind == 3 else f"{order}I", value)[0]
        if kind not in OPAQUE and count > MOST_VALUES:
            raise ValueError("A tag of this TIFF file has too many values.")
    if tags[COMPRESSION] not in COMPRESSIONS:
        raise ValueError("This compression of TIFF files is not read.")
    width, height = tags.get(WIDTH, 0), tags.get(HEIGHT, 0)
    planes = tags[SAMPLES] if tags[PLANAR] == 2 else 1
    rows = min(tags.get(ROWS_PER_STRIP, height), height)
    tile = tags.get(TILE_WIDTH, 0), tags.get(TILE_HEIGHT, 0)
    strips = planes * -(-height // rows) if rows else 0
    tiles = planes * -(-width // tile[0]) * -(-height // tile[1]) if all(tile) else 0
    if tags[COMPRESSION] == 7 and data.count(b"\xff\xda") > strips + tiles + MOST_SCANS:
        raise ValueError("The JPEG data of this TIFF file has too many scans.")
    if counts.get(STRIPS, 0) > strips or counts.get(TILES, 0) > tiles:
        raise ValueError("This TIFF file has more strips or tiles than cover its picture.")


def _byte_order(block: bytes) -> str | None:
    return {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])


def _first(block: bytes, order: str) -> int:
    return struct.unpack(f"{order}I", block[4:8].ljust(4, b"\0"))[0]


def _entries(block: bytes, order: str, offset: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Tag, type, count and the four bytes that hold the value or say where it is."""
    count = struct.unpack(f"{order}H", block[offset : offset + 2].ljust(2, b"\0"))[0]
    table = block[offset + 2 : offset + 2 + 12 * count]
    yield from struct.iter_unpack(f"{order}HHI4s", table[: len(table) // 12 * 12])
