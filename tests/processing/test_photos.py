"""What strangers send is opened right or refused in words; never a traceback, never a memory blow-up."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, features

from vqa.processing import photos
from vqa.processing.photos import MAX_BYTES, WORKING_SIDE, PhotoError, open_photo, photo_key

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encode(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels worth the name."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"\0" * 64)) + png_chunk(b"IEND", b"")


def corners() -> Image.Image:
    """29 x 17 pixels, red at the top left, green at the top right, blue below."""
    pixels = np.zeros((17, 29, 3), np.uint8)
    pixels[:8, :14], pixels[:8, 14:], pixels[8:] = RED, GREEN, BLUE
    return Image.fromarray(pixels)


def assert_close(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int], within: int = 40) -> None:
    difference = np.abs(np.subtract(image.getpixel(at), colour, dtype=int)).max()
    assert difference <= within, f"{image.getpixel(at)} at {at}, not {colour}"


# ---- what is refused, and in which words ----


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "empty"),
        (b"just some words, saved under the name of a photograph", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "not an image"),
        (b"%PDF-1.7\n", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image"),
        (b"\xff\xd8\xff", "not an image"),
        (png_header(20_000, 20_000), "pixels"),
        (png_header(13_000, 13_000), "13000 × 13000 pixels"),
        (png_header(2**31 - 1, 2**31 - 1), "pixels"),
        (png_header(60_000, 1), "60000 × 1 pixels"),
        (png_header(0, 0), "not an image|pixels|damaged"),
        (png_header(64, 64), "damaged"),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else None,
)
def test_refuses_with_a_clear_message(data, message):
    with pytest.raises(PhotoError, match=message):
        open_photo(data)


def test_a_huge_image_is_refused_before_its_pixels_are_decoded(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("pixels were decoded"))
    with pytest.raises(PhotoError):
        open_photo(png_header(20_000, 20_000))
    with pytest.raises(PhotoError):
        open_photo(png_header(9_000, 9_000))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_file_is_damaged(format):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (97, 89, 3), np.uint8))
    data = encode(noise, format)
    with pytest.raises(PhotoError, match="damaged|not an image"):
        open_photo(data[: len(data) // 2])


def test_refuses_a_missing_file_a_folder_and_an_impossible_name(tmp_path):
    for path in (tmp_path / "nothing.jpg", tmp_path, tmp_path / ("x" * 5000), "nul\0byte.jpg"):
        with pytest.raises(PhotoError):
            open_photo(path)


def test_refuses_a_huge_file_without_reading_it(tmp_path, monkeypatch):
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # sparse: it takes no room
    monkeypatch.setattr(photos.Path, "read_bytes", lambda self: pytest.fail("the file was read"))
    with pytest.raises(PhotoError, match="32 MB"):
        open_photo(path)


def test_messages_show_no_python():
    for data in (b"", b"text", png_header(20_000, 20_000), png_header(64, 64)):
        with pytest.raises(PhotoError) as caught:
            open_photo(data)
        assert "Error" not in str(caught.value) and "object at 0x" not in str(caught.value)


# ---- what is opened right ----


FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"]
AVIF = pytest.param(
    "AVIF", marks=pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF: NOT tested")
)


@pytest.mark.parametrize("format", [*FORMATS, AVIF])
def test_opens_every_format_from_path_and_bytes(format, tmp_path):
    path = tmp_path / "photo.of-any-name"
    path.write_bytes(encode(corners(), format))
    data = path.read_bytes()
    for source in (path, str(path), data, bytearray(data), io.BytesIO(data), path.open("rb")):
        image = open_photo(source)
        assert image.mode == "RGB" and image.size == (29, 17)
        assert_close(image, (3, 3), RED)
        assert_close(image, (25, 3), GREEN)
        assert_close(image, (14, 14), BLUE)


def test_an_array_is_opened_as_the_picture_it_holds():
    pixels = np.asarray(corners())
    np.testing.assert_array_equal(open_photo(pixels), pixels)
    opaque = np.full((17, 29, 1), 255, np.uint8)
    np.testing.assert_array_equal(open_photo(np.concatenate([pixels, opaque], -1)), pixels)
    np.testing.assert_array_equal(open_photo(np.concatenate([pixels, 0 * opaque], -1)), 255)  # all transparent
    grey = np.arange(17 * 29, dtype=np.uint8).reshape(17, 29)
    for flat in (grey, grey[:, :, None]):
        np.testing.assert_array_equal(open_photo(flat), np.repeat(grey[:, :, None], 3, -1))
    np.testing.assert_array_equal(open_photo(pixels[::-1]), pixels[::-1])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((4, 5, 3)), r"uint8 from 0 to 255, not \(4, 5, 3\) of float64"),
        (np.zeros((3, 4, 5), np.uint8), r"not \(3, 4, 5\) of uint8"),
        (np.zeros((2, 4, 5, 3), np.uint8), r"not \(2, 4, 5, 3\)"),
        (np.zeros((0, 5, 3), np.uint8), r"not \(0, 5, 3\)"),
        (None, "not NoneType"),
        (7, "not int"),
        ([1, 2], "not list"),
        (io.StringIO("text"), "not a file of text"),
        (io.BytesIO(), "empty"),
    ],
    ids=str,
)
def test_what_is_no_photograph_is_named(source, message):
    with pytest.raises(PhotoError, match=message):
        open_photo(source)


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (13, 7), colour) for colour in (GREEN, RED, BLUE)]
    for format in ("GIF", "WEBP", "PNG", "TIFF", "MPO"):
        data = encode(frames[0], format, save_all=True, append_images=frames[1:])
        assert_close(open_photo(data), (6, 3), GREEN)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "HSV", "LA", "PA", "RGBA", "RGBX", "I", "F"])
def test_an_open_image_of_any_mode_becomes_rgb_and_stays_as_it_was(mode):
    source = Image.new("RGB", (13, 7), WHITE).convert("L" if mode in ("LA", "PA", "I", "F") else "RGB").convert(mode)
    before = source.tobytes()
    image = open_photo(source)
    assert image.mode == "RGB" and image.size == (13, 7)
    assert_close(image, (6, 3), WHITE, within=1)
    assert source.mode == mode and source.tobytes() == before


def test_cmyk_jpeg_has_its_colours():
    assert_close(open_photo(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")), (8, 8), RED)


def test_16_bit_grey_is_scaled():
    ramp = np.linspace(0, 65535, 23, dtype=np.uint16)[None].repeat(5, 0)
    expected = np.round(ramp / 65535 * 255)
    for format in ("PNG", "TIFF", "PPM"):
        image = np.asarray(open_photo(encode(Image.fromarray(ramp), format)))
        assert image.shape == (5, 23, 3)
        assert np.abs(image - expected[..., None]).max() <= 1, format


def test_16_bit_darkness_stays_dark():
    image = open_photo(encode(Image.fromarray(np.full((5, 7), 200, np.uint16)), "PNG"))
    assert max(image.getpixel((3, 3))) <= 1


def test_16_bit_colour_png():
    rows = b"".join(b"\0" + struct.pack(">HHH", 65535, 32768, 0) * 5 for _ in range(3))
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 3, 16, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    assert_close(open_photo(data), (2, 1), (255, 128, 0), within=1)


def test_16_bit_grey_with_a_transparent_level():
    rows = b"".join(b"\0" + struct.pack(">H", 40_000) * 5 for _ in range(3))
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 3, 16, 0, 0, 0, 0))
    body = png_chunk(b"tRNS", struct.pack(">H", 1000)) + png_chunk(b"IDAT", zlib.compress(rows))
    image = open_photo(b"\x89PNG\r\n\x1a\n" + header + body + png_chunk(b"IEND", b""))
    assert_close(image, (2, 1), (156, 156, 156), within=1)


@pytest.mark.parametrize("tail", [255.0, 1.0], ids=["to 255", "to 1"])
def test_floats_are_not_black(tail):
    data = encode(Image.fromarray(np.full((5, 7), tail, np.float32)), "TIFF")
    assert_close(open_photo(data), (3, 3), WHITE, within=1)


def test_transparency_goes_on_white():
    clear_red = Image.new("RGBA", (13, 7), (*RED, 0))
    assert_close(open_photo(encode(clear_red)), (6, 3), WHITE, within=0)
    half = open_photo(encode(Image.new("RGBA", (13, 7), (*RED, 128))))
    assert_close(half, (6, 3), (255, 127, 127), within=1)
    grey = open_photo(encode(Image.new("LA", (13, 7), (0, 0))))
    assert_close(grey, (6, 3), WHITE, within=0)


def test_transparency_of_palette_and_key_colour_goes_on_white():
    palette = Image.new("P", (13, 7), 1)
    palette.putpalette([*RED, *GREEN])
    assert_close(open_photo(encode(palette)), (6, 3), GREEN, within=0)
    for format in ("PNG", "GIF"):
        assert_close(open_photo(encode(palette, format, transparency=1)), (6, 3), WHITE, within=0)
    keyed = encode(Image.new("RGB", (13, 7), BLUE), transparency=BLUE)
    assert_close(open_photo(keyed), (6, 3), WHITE, within=0)


def test_shrinking_a_transparent_image_draws_no_halo():
    image = Image.new("RGBA", (2000, 1500), (0, 0, 0, 0))
    image.paste((*WHITE, 255), (0, 0, 1001, 1500))
    assert np.asarray(open_photo(image)).min() >= 254  # black that nobody sees must not leak into the edge


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    "orientation, transform",
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_exif_rotation_is_undone(format, orientation, transform):
    upright = corners()
    stored = upright if transform is None else upright.transpose(transform)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = open_photo(encode(stored, format, exif=exif))
    assert image.size == upright.size
    assert_close(image, (3, 3), RED)
    assert_close(image, (25, 3), GREEN)
    assert_close(image, (14, 14), BLUE)


def test_rotation_survives_palette_and_shrinking():
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = corners().resize((1450, 850), Image.Resampling.NEAREST)
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    for image in (stored, stored.convert("P", palette=Image.Palette.ADAPTIVE)):
        opened = open_photo(encode(image, exif=exif))
        assert opened.size == (WORKING_SIDE, 600)
        assert_close(opened, (50, 50), RED)
        assert_close(opened, (1000, 50), GREEN)


def test_nonsense_exif_does_no_harm():
    for exif in (b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0nonsense", b"Exif\0\0"):
        assert open_photo(encode(corners(), "JPEG", exif=exif)).size == (29, 17)


def test_1x1_and_extreme_shapes():
    assert open_photo(encode(Image.new("RGB", (1, 1), RED))).getpixel((0, 0)) == RED
    assert open_photo(encode(Image.new("RGB", (16_000, 1), RED))).size == (WORKING_SIDE, 1)


def test_large_photographs_are_shrunk_and_keep_their_shape():
    for format in ("JPEG", "PNG"):
        image = open_photo(encode(corners().resize((2900, 1700), Image.Resampling.NEAREST), format))
        assert image.size == (WORKING_SIDE, 600)
        assert_close(image, (100, 100), RED)
        assert_close(image, (500, 500), BLUE)


def test_a_polyglot_is_read_as_the_photograph_it_starts_as():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("run.sh", "echo harm")
    for format in ("JPEG", "PNG", "GIF"):
        polyglot = encode(corners(), format) + archive.getvalue() + b"<script>alert(1)</script>"
        assert zipfile.is_zipfile(io.BytesIO(polyglot))
        assert open_photo(polyglot).size == (29, 17)


def test_opening_twice_changes_nothing():
    once = open_photo(encode(corners(), "JPEG"))
    twice = open_photo(once)
    assert twice is not once and twice.tobytes() == once.tobytes()


# ---- the key ----


def test_the_key_names_pixels_not_files():
    image = open_photo(encode(corners()))
    assert photo_key(image) == photo_key(open_photo(encode(corners(), "BMP")))
    changed = image.copy()
    changed.putpixel((28, 16), (0, 0, 254))
    assert photo_key(changed) != photo_key(image)
    assert photo_key(Image.new("RGB", (6, 2))) != photo_key(Image.new("RGB", (3, 4)))
