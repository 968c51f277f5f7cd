"""Directories of tags are judged before anything is unpacked."""

import math
import random
import struct

import pytest

from tests import hostile
from vqa.processing.metadata import ORIENTATION, orientation, unpacked_size
from vqa.processing.photos import PhotoError, open_photo


def block(order: str, *tags: tuple[int, int, int, int], tail: bytes = b"") -> bytes:
    """A TIFF structure whose first directory holds (tag, type, count, value)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    return head + b"".join(struct.pack(f"{order}HHII", *tag) for tag in tags) + bytes(4) + tail


@pytest.mark.parametrize("order", "<>")
def test_orientation(order):
    value = 6 if order == "<" else 6 << 16  # two bytes of four
    assert orientation(block(order, (0x010F, 2, 3, 0), (ORIENTATION, 3, 1, value))) == 6
    assert orientation(block(order, (ORIENTATION, 4, 1, 8))) == 8
    assert orientation(block(order, (0x010F, 2, 3, 0))) == 1


@pytest.mark.parametrize(
    "data", [b"", b"II*\0", b"nonsense", block("<", (ORIENTATION, 3, 1, 9)), block("<", (ORIENTATION, 2, 1, 6))]
)
def test_no_orientation_is_upright(data):
    assert orientation(data) == 1


def test_values_are_counted_as_often_as_they_are_named():
    assert unpacked_size(block("<", (1, 1, 5, 0), (2, 3, 5, 0), (3, 12, 5, 0), tail=bytes(99))) == 5 + 10 + 40
    assert unpacked_size(block("<", (1, 1, 10**9, 0), (2, 77, 5, 0))) == 0  # beyond the end, and of no type
    shared = block("<", *((tag, 7, 5000, 0) for tag in range(300)), tail=bytes(5000))
    assert unpacked_size(shared) == 300 * 5000 > len(shared)


def test_directories_below_are_counted_too():
    below = struct.pack("<HHHII", 1, 1, 7, 20, 0) + bytes(30)
    assert unpacked_size(block("<", (0x8769, 4, 1, 8 + 2 + 12 + 4), tail=below)) == 4 + 20


def test_what_cannot_be_judged_is_without_end():
    chain = b"".join(
        struct.pack("<HHHIIHHII", 2, 0x8769, 4, 1, 8 + 30 * i + 30, 0x8825, 4, 1, 8) + bytes(4) for i in range(40)
    )
    assert unpacked_size(b"II*\0" + struct.pack("<I", 8) + chain) == math.inf
    assert unpacked_size(b"II+\0" + bytes(60)) == math.inf  # BigTIFF
    assert unpacked_size(b"") == math.inf
    assert unpacked_size(block("<", (0x8769, 4, 1, 8))) == 4  # a directory that names itself is read once


def test_a_tiff_that_would_unpack_to_more_than_itself_is_refused():
    for seed in range(20):
        data = hostile.shared_tags(random.Random(seed))
        if data.startswith(b"II*"):
            with pytest.raises(PhotoError, match="more room than the file"):
                open_photo(data)
            return
    pytest.fail("the generator makes no TIFF")
