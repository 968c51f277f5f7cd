"""Drawing a map over its photograph, with one perceptual, colour-blind-safe scale and no plotting library.

The colours are cividis (Nuñez, Anderton and Renslow 2018): a table of 256 made by straight lines between 14 of its
colours, which is nowhere more than 2 of 255 levels off.
"""

import numpy as np
from PIL import Image

ANCHORS = {  # place in the table: colour
    0: "00224e", 19: "00306f", 23: "013271", 28: "123570", 37: "233c6e", 53: "38476c", 86: "585e6d", 134: "828079",
    163: "9e9676", 193: "bdae6c", 219: "d9c55c", 239: "efd748", 252: "fee434", 255: "fee838",
}  # fmt: skip
GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R 601 luma
COVER = 0.8  # of a photograph that the strongest colour may hide: what is marked must stay in sight
AGAINST = np.array([64, 132, 255], dtype=np.float32)  # the colour of the other side of a difference
MEDIUM = 128.0  # the grey on which a legend shows its colours
HEADROOM = 2.0


def _table() -> np.ndarray:
    colours = np.array([list(bytes.fromhex(colour)) for colour in ANCHORS.values()])
    channels = [np.interp(np.arange(256), list(ANCHORS), channel) for channel in colours.T]
    return np.stack(channels, axis=1).astype(np.float32)


CIVIDIS = _table()  # (256, 3), 0..255


def common_scale(*maps: np.ndarray) -> tuple[float, float]:
    """The scale `(low, high)` on which maps can be compared: from zero to the greatest value of any.

    A flat map must look flat, whatever its noise: zero, not the least value, is low (unless values fall below it),
    and high is at least `HEADROOM` times a map's mean. Raises `ValueError` where there is no map, or one with values
    that are not finite.
    """
    if not maps or not all(np.isfinite(m).all() for m in maps):
        raise ValueError("A scale needs at least one map, and finite values.")
    return float(min(0.0, *(m.min() for m in maps))), float(
        max(0.0, *(max(m.max(), HEADROOM * m.mean()) for m in maps))
    )


def draw(image: Image.Image, image_map: np.ndarray, low: float, high: float, opacity: float) -> Image.Image:
    """The photograph in grey with `image_map` (h, w) over it in colour, as large as the photograph.

    The map is upsampled bicubically; the more a spot weighs on the scale from `low` to `high`, the more its colour
    covers. `opacity` 0 gives the photograph itself, 1 the full effect. Raises `ValueError` for a map or an opacity
    that cannot be drawn.
    """
    if image_map.ndim != 2 or not image_map.size or not np.isfinite(image_map).all():
        raise ValueError(f"A map is a finite (h, w) array, not one of shape {image_map.shape}.")
    if not 0 <= opacity <= 1:
        raise ValueError(f"Opacity lies between 0 and 1, not at {opacity}.")
    photo = np.asarray(image.convert("RGB"), dtype=np.float32)
    weight = _weight(image_map, low, high, image.size)
    base = photo + opacity * ((photo @ GREY)[..., None] - photo)
    colour = CIVIDIS[np.rint(255 * weight).astype(np.uint8)]
    mixed = base + (COVER * opacity * weight)[..., None] * (colour - base)
    return Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8))


def ramp(opacity: float) -> np.ndarray:
    """The scale (256, 3) as `draw` shows it on a spot of medium grey: what a legend must look like."""
    weight = np.linspace(0, 1, 256)[:, None]
    return MEDIUM + COVER * opacity * weight * (CIVIDIS - MEDIUM)


def draw_difference(image: Image.Image, difference: np.ndarray, reach: float, opacity: float) -> Image.Image:
    """The photograph in grey with what speaks for one answer (above zero) in yellow, and for the other in blue.

    `difference` (h, w) is upsampled as in `draw`; `reach` is the distance from zero at which a colour is full.
    """
    photo = np.asarray(image.convert("RGB"), dtype=np.float32)
    above, below = (_weight(np.clip(side, 0, None), 0.0, reach, image.size) for side in (difference, -difference))
    base = photo + opacity * ((photo @ GREY)[..., None] - photo)
    colour = np.where((above >= below)[..., None], CIVIDIS[-1], AGAINST)
    mixed = base + (COVER * opacity * np.maximum(above, below))[..., None] * (colour - base)
    return Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8))


def _weight(image_map: np.ndarray, low: float, high: float, size: tuple[int, int]) -> np.ndarray:
    """The map at the photograph's `size` (width, height), 0 at `low` and 1 at `high`; an empty scale weighs nothing."""
    if high <= low:
        return np.zeros(size[::-1], dtype=np.float32)
    scaled = Image.fromarray(((image_map - low) / (high - low)).astype(np.float32))
    return np.asarray(scaled.resize(size, Image.Resampling.BICUBIC)).clip(0, 1)
