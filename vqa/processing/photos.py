"""Opening photographs that strangers send: the header is judged before a pixel is decoded.

Everything that reads an image (training, evaluation, the command line and the page) goes through `open_photo`.
"""

import hashlib
import io
import warnings
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from .containers import bare
from .metadata import orientation

MAX_BYTES = 32 * 2**20  # of an encoded file
MAX_PIXELS = 60_000_000  # today's phones take 12 to 50 megapixels
MAX_DECODED = 250 * 2**20  # bytes that an image may take while it is opened
MAX_SLOW_BYTES = 2**20  # of a file that Pillow decodes in Python, pixel by pixel
MAX_PASSED = 600_000_000  # pixels times the passes over them: a progressive JPEG of 60 megapixels has ten
MAX_SIDE = 16_384
WITH_ALPHA = ("LA", "PA", "La", "RGBa")  # modes that become RGBA
WORKING_SIDE = 1024  # pixels a decoded photograph keeps on its longer side: models look at a few hundred
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
PhotoSource = str | Path | bytes | BinaryIO | np.ndarray | Image.Image
TURNS = {  # by EXIF's orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@cache
def photo_suffixes() -> frozenset[str]:
    """The suffixes of files that `open_photo` reads, as Pillow knows them: `.jpg`, `.jfif`, `.ppm` and so on."""
    Image.init()
    formats = {*FORMATS, "MPO"}  # a phone's MPO file begins with a JPEG
    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind in formats)


class PhotoError(ValueError):
    """A photograph cannot be used; the message says why, in words fit for a visitor."""


def read_photo_bytes(path: str | Path) -> bytes:
    """The bytes of a photograph file. Raises `PhotoError` where there is no such file or it is far too large."""
    path = Path(path)
    try:
        if not path.is_file():
            raise PhotoError(f"There is no photograph at {path}.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PhotoError(f"The file has {size / 2**20:.0f} MB; at most {MAX_BYTES // 2**20} MB are read.")
        return path.read_bytes()
    except OSError as error:
        raise PhotoError(f"The photograph {path} cannot be read: {error.strerror}.") from error


def open_photo(source: PhotoSource) -> Image.Image:
    """An upright RGB image of at most `WORKING_SIDE` pixels a side.

    `source` is a path, a file open for reading or its bytes, an image already open, or an array of grey, RGB or RGBA
    from 0 to 255, (height, width) or (height, width, channels) of uint8. Rotation is taken from EXIF, transparency
    goes on white, 16-bit grey is scaled to 8, of an animation the first frame is taken. Raises `PhotoError`.
    """
    if isinstance(source, Image.Image):
        return _upright_rgb(source.copy())
    if isinstance(source, np.ndarray):
        return _upright_rgb(_of_array(source))
    data = _encoded(source)
    if not data:
        raise PhotoError("The file is empty.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of sizes that are judged below
        try:
            parts = bare(data)
        except ValueError as error:
            raise PhotoError(str(error)) from error
        try:
            image = _read_header(parts.data)
        except Image.DecompressionBombError as error:
            raise PhotoError("The image has too many pixels.") from error
        except Exception as error:  # Pillow's readers raise many types on a damaged header
            raise PhotoError(f"This is not an image that can be read ({', '.join(FORMATS)} can).") from error
        width, height = image.size
        most = min(MAX_PIXELS, MAX_DECODED // _bytes_per_pixel(image, parts.passes))
        if max(width, height) > MAX_SIDE or width * height > most:
            raise PhotoError(
                f"The image has {width} × {height} pixels; at most {most // 10**6} megapixels "
                f"and {MAX_SIDE} a side are read of its kind."
            )
        if width * height * parts.passes > MAX_PASSED:
            raise PhotoError(f"This JPEG has {parts.passes} scans, too many for a photograph of its size.")
        if len(data) > MAX_SLOW_BYTES and any(tile[0] in Image.DECODERS for tile in image.tile):
            raise PhotoError(f"A {image.format} file of this kind is read up to {MAX_SLOW_BYTES // 2**20} MB.")
        try:
            image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # a JPEG is decoded at a fraction of its size
            return _upright_rgb(image)
        except Exception as error:  # a truncated or damaged body; again many types
            raise PhotoError("The image is damaged: its pixels cannot be decoded.") from error


def _encoded(source: str | Path | bytes | BinaryIO) -> bytes:
    if isinstance(source, str | Path):
        return read_photo_bytes(source)
    data = source.read(MAX_BYTES + 1) if hasattr(source, "read") else source
    if not isinstance(data, bytes | bytearray | memoryview):
        raise PhotoError(
            "A photograph is a path, a file's bytes, a file open for reading bytes, a PIL image or a NumPy array, "
            f"not {'a file of text' if isinstance(data, str) else type(source).__name__}."
        )
    return bytes(data)


def _of_array(pixels: np.ndarray) -> Image.Image:
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or channels not in (1, 3, 4) or not pixels.size:
        raise PhotoError(
            "An array of a photograph is (height, width), or (height, width, 3) for RGB, of uint8 from 0 to 255, not "
            f"{tuple(pixels.shape)} of {pixels.dtype}."
        )
    return Image.fromarray(pixels[:, :, 0] if pixels.ndim == 3 and channels == 1 else pixels)


class _Jpeg(JpegImageFile):
    """Reads no EXIF while it is opened, see `metadata`; of the two pictures of a phone's MPO file the first."""

    def _read_dpi_from_exif(self) -> None:
        pass


def _read_header(data: bytes) -> Image.Image:
    if data.startswith(b"\xff\xd8\xff"):
        return _Jpeg(io.BytesIO(data))
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _bytes_per_pixel(image: Image.Image, passes: int) -> int:
    """What decoding and the first copy hold at most, as far as the header tells; measured, not documented."""
    if image.format == "JPEG":
        buffered = passes > 1 or image.info.get("progressive")  # all coefficients wait for the last scan
        return 8 if buffered else 1
    if image.format in ("WEBP", "AVIF"):
        return 16  # the canvases of an animation and the frame; planes of 16 bits, and the picture
    if image.format == "TIFF":
        return 12  # one strip may be the whole image
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        return 12  # itself, RGBA, and RGBA times its alpha, which is what Pillow shrinks
    if image.mode == "RGBA":
        return 8
    if image.mode.startswith("I;16"):
        return 6  # itself, and floats
    return 5 if image.mode in ("1", "P") else 4


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Shrinks `image` in place as early as its mode allows, for each copy at full size may hold 240 MB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _eight_bit_grey(image)
    elif image.mode in WITH_ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGB")
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    exif = image.info.pop("exif", b"")  # an upright image must not say that it is not
    turn = TURNS.get(orientation(exif.removeprefix(b"Exif\0\0")))  # a TIFF is turned by Pillow as it is loaded
    if turn is not None:
        image = image.transpose(turn)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _eight_bit_grey(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits, scaled to 8. Integers of 32 bits and floats don't say what white is: it is guessed."""
    is_16_bit = image.mode.startswith("I;16")
    if is_16_bit:
        image = image.convert("F")  # Pillow shrinks floats, and not these
    high = image.getextrema()[1]
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    image = image.convert("F")
    white = 65535.0 if is_16_bit else next(top for top in (1.0, 255.0, 65535.0, high) if high <= top)
    return image.point(lambda value: value * (255.0 / white)).convert("L")


def photo_key(image: Image.Image) -> str:
    """A name for the content of an opened photograph: the same pixels give the same key."""
    return hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()
