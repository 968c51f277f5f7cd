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


def _byte_order(block: bytes) -> str | None:
    return {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])


def _first(block: bytes, order: str) -> int:
    return struct.unpack(f"{order}I", block[4:8].ljust(4, b"\0"))[0]


def _entries(block: bytes, order: str, offset: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Tag, type, count and the four bytes that hold the value or say where it is."""
    count = struct.unpack(f"{order}H", block[offset : offset + 2].ljust(2, b"\0"))[0]
    table = block[offset + 2 : offset + 2 + 12 * count]
    yield from struct.iter_unpack(f"{order}HHI4s", table[: len(table) // 12 * 12])
