"""A decoder is handed what makes pixels; what would cost more than its size and its pixels is refused."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, features

from tests import hostile
from vqa.processing.containers import bare
from vqa.processing.photos import PhotoError, open_photo


def noise(width: int = 29, height: int = 17) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"comment": b"seen by me", "icc_profile": bytes(999), "xmp": b"<x/>"}),
        ("JPEG", {"progressive": True, "comment": b"seen by me"}),
        ("PNG", {"icc_profile": bytes(999)}),
        ("WEBP", {"lossless": True, "icc_profile": bytes(999), "xmp": b"<x/>"}),
        ("WEBP", {"lossless": True}),
        ("GIF", {"comment": b"seen by me"}),
    ],
)
def test_what_is_left_out_changes_no_pixel(format, options):
    data = hostile.encoded(noise(), format, **options)
    kept = bare(data).data
    assert np.array_equal(Image.open(io.BytesIO(kept)).convert("RGB"), Image.open(io.BytesIO(data)).convert("RGB"))
    if options != {"lossless": True}:  # which has nothing to leave out
        assert len(kept) < len(data) and b"seen by me" not in kept and b"<x/>" not in kept


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_kept(format):
    frames = [Image.new("RGB", (13, 7), colour) for colour in ("green", "red", "blue")]
    data = hostile.encoded(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
    assert open_photo(data).getpixel((6, 3)) == (0, 128, 0)
    if format != "GIF":
        assert Image.open(io.BytesIO(bare(data).data)).n_frames == 1 < Image.open(io.BytesIO(data)).n_frames


def test_the_clear_colour_of_a_gif_is_kept():
    image = Image.new("P", (13, 7), 1)
    image.putpalette([220, 30, 30, 30, 200, 30])
    data = hostile.encoded(image, "GIF", transparency=1, comment=b"seen by me")
    assert open_photo(data).getpixel((6, 3)) == (255, 255, 255)


def test_of_a_telephones_two_pictures_the_first_is_kept():
    data = hostile.encoded(noise(), "MPO", save_all=True, append_images=[Image.new("RGB", (640, 480))])
    kept = bare(data).data
    assert kept.endswith(b"\xff\xd9") and len(kept) < len(data) and Image.open(io.BytesIO(kept)).size == (29, 17)


def test_scans_are_counted():
    assert bare(hostile.encoded(noise(), "JPEG")).passes == 1
    progressive = hostile.encoded(noise(), "JPEG", progressive=True)
    assert bare(progressive).passes == progressive.count(b"\xff\xda") > 5
    assert bare(hostile.many_scans(random.Random(0), side=8, scans=50)).passes > 50


def test_a_component_that_comes_alone_is_a_second_pass():
    """Such a file is held whole while it is decoded, as a progressive one is."""
    data = hostile.encoded(noise(), "JPEG")
    at = data.index(b"\xff\xda")
    alone = data[:at] + hostile.jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    assert bare(data[:at] + data[at:]).passes == 1 and bare(alone).passes == 2


def test_scans_are_refused_by_the_pixels_they_pass_over():
    assert open_photo(hostile.many_scans(random.Random(0), side=8, scans=50)).size == (8, 8)
    with pytest.raises(PhotoError, match="scans, too many"):
        open_photo(hostile.many_scans(random.Random(0)))


@pytest.mark.parametrize("seed", range(24))
def test_parts_without_end_are_refused_or_left_out(seed, monkeypatch):
    data = hostile.many_parts(random.Random(seed), size=2**19)
    read = []
    original = Image.open

    def spy(file, **options):
        read.append(len(file.getvalue()))
        return original(file, **options)

    monkeypatch.setattr(Image, "open", spy)
    try:
        open_photo(data)
    except PhotoError as refused:
        assert "Error" not in str(refused)
    assert all(size < 2**16 for size in read)  # nothing of the half megabyte of emptiness reached a decoder


def test_a_text_that_unpacks_to_much_is_never_unpacked(monkeypatch):
    from PIL import PngImagePlugin

    monkeypatch.setattr(PngImagePlugin, "_safe_zlib_decompress", lambda data: pytest.fail("it was unpacked"))
    packed = hostile.png_chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(2**20)))
    profile = hostile.png_chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(2**20)))
    assert open_photo(hostile.png(2, 2, zlib.compress(bytes(14)), 8, 2, packed, profile)).size == (2, 2)


TAGS = [(256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]


def test_strips_and_tiles_cover_a_picture_once():
    def strips(count: int, rows: int, kind: int = 273) -> bytes:
        table = struct.pack("<I", 1024 + 4 * count) * count
        where = [(kind, 4, count, 1024 if count > 1 else 1028)]
        shape = [(278, 4, 1, rows)] if kind == 273 else [(322, 4, 1, 4), (323, 4, 1, rows)]
        return hostile.tiff([*TAGS, (259, 3, 1, 1), *where, *shape], table + bytes(range(16)))

    assert bare(strips(4, 1)).data and bare(strips(2, 2)).data and bare(strips(1, 2**31)).data
    assert bare(strips(2, 2, 324)).data
    for data in (strips(5, 1), strips(3, 3), strips(2, 2**31), strips(3, 2, 324)):
        with pytest.raises(ValueError, match="more strips or tiles"):
            bare(data)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (hostile.shared_strips, "more strips or tiles"),
        (hostile.many_values, "too many values"),
        (hostile.strange_compression, "compression of TIFF"),
    ],
)
def test_tiffs_that_cost_more_than_they_hold_are_refused(kind, message):
    for seed in range(3):
        with pytest.raises(PhotoError, match=message):
            open_photo(kind(random.Random(seed)))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_tiffs_of_cameras_and_scanners_are_read(compression):
    data = hostile.encoded(noise(300, 200), "TIFF", compression=compression)
    image = open_photo(data)
    assert image.size == (300, 200)
    if compression != "jpeg":
        assert np.array_equal(image, noise(300, 200))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow cannot read AVIF")
def test_avif_is_read_upright_and_its_description_bounded():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_photo(hostile.encoded(noise(), "AVIF", exif=exif)).size == (17, 29)
    head = struct.pack(">I4s4s4x", 16, b"ftyp", b"avif")
    with pytest.raises(PhotoError, match="description of this AVIF"):
        open_photo(head + struct.pack(">I4s", 2**20, b"meta") + bytes(2**20))
    with pytest.raises(PhotoError, match="too many parts"):
        open_photo(head + struct.pack(">I4s", 8, b"free") * 20_000)


def test_a_ppm_says_its_size_at_once():
    assert open_photo(b"P6\n# made by me\n2 2\n255\n" + bytes(12)).size == (2, 2)
    for head in (b"P6 #" + b"a" * 9000 + b"\n2 2 255\n", b"P6" + b"\n" * 9000 + b"2 2 255\n"):
        with pytest.raises(PhotoError, match="has no end"):
            open_photo(head + bytes(12))


def test_damage_of_any_kind_is_told_politely():
    rng = random.Random(5)
    for format in hostile.FORMATS:
        whole = hostile.picture(rng, format, (11, 7))
        for _ in range(60):
            data = bytearray(whole[: rng.randrange(1, len(whole) + 1)])
            for _ in range(rng.randrange(4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            try:
                bare(bytes(data))
            except ValueError as refused:
                assert type(refused) is ValueError
