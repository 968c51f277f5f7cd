"""Opening photographs that strangers send: the header is judged before a pixel is decoded.

Everything that reads an image (training, evaluation, the command line and the page) goes through `open_photo`.
"""

import hashlib
import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

MAX_BYTES = 32 * 2**20  # of an encoded file
MAX_PIXELS = 60_000_000  # about 180 MB decoded; today's phones take 12 to 50 megapixels
MAX_SIDE = 16_384
WORKING_SIDE = 1024  # pixels a decoded photograph keeps on its longer side: models look at 256
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # JPEG brings MPO, what phones make of two pictures


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


def open_photo(source: str | Path | bytes | Image.Image) -> Image.Image:
    """An upright RGB image of at most `WORKING_SIDE` pixels a side.

    `source` is a path, the bytes of a file, or an image already open. Rotation is taken from EXIF, transparency
    goes on white, 16-bit grey is scaled to 8, of an animation the first frame is taken. Raises `PhotoError`.
    """
    if isinstance(source, Image.Image):
        return _upright_rgb(source.copy())
    data = source if isinstance(source, bytes) else read_photo_bytes(source)
    if not data:
        raise PhotoError("The file is empty.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of sizes that are judged below
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise PhotoError("The image has too many pixels.") from error
        except Exception as error:  # Pillow's readers raise many types on a damaged header
            raise PhotoError(f"This is not an image that can be read ({', '.join(FORMATS)} can).") from error
        width, height = image.size
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise PhotoError(
                f"The image has {width} × {height} pixels; at most {MAX_PIXELS // 10**6} megapixels "
                f"and {MAX_SIDE} a side are read."
            )
        try:
            image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # a JPEG is decoded at a fraction of its size
            return _upright_rgb(image)
        except Exception as error:  # a truncated or damaged body; again many types
            raise PhotoError("The image is damaged: its pixels cannot be decoded.") from error


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Shrinks `image` in place as early as its mode allows: each copy at full size may hold 180 MB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _eight_bit_grey(image)
    elif image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGB")
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _eight_bit_grey(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits, scaled to 8. Integers of 32 bits and floats don't say what white is: it is guessed."""
    is_16_bit = image.mode.startswith("I;16")
    image = image.convert("F")
    high = image.getextrema()[1]
    white = 65535.0 if is_16_bit else next(top for top in (1.0, 255.0, 65535.0, high) if high <= top)
    return image.point(lambda value: value * (255.0 / white)).convert("L")


def photo_key(image: Image.Image) -> str:
    """A name for the content of an opened photograph: the same pixels give the same key."""
    return hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()
