"""A heatmap as a figure to keep: the photograph under its map, the scale, and a caption. As PNG and as SVG."""

import base64
import io
import textwrap
import unicodedata
from collections.abc import Callable
from html import escape

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vqa.explain import overlay

WIDTH = 640  # pixels of a figure; the photograph is fitted into it
MARGIN, RAMP_HEIGHT, LINE = 12, 12, 20
CHARACTERS = 84  # of a caption, on one line
INK, PAPER = "#222222", "#ffffff"
STOPS = 12  # colours that an SVG's scale is drawn with
IMAGE = "{image}"  # where an SVG's picture goes


def said(value: float) -> str:
    """The end of a scale of shares, in percent."""
    return f"{100 * value:.1f} %"


def map_figure(
    image: Image.Image,
    image_map: np.ndarray,
    low: float,
    high: float,
    opacity: float,
    caption: str,
    say: Callable[[float], str] = said,
) -> Image.Image:
    """The figure as a picture, on the scale from `low` to `high`, whose ends `say` writes.

    Raises `ValueError` as `overlay.draw` does.
    """
    photo = fitted(image)
    lines = _lines(caption)
    top = photo.height + MARGIN
    figure = Image.new("RGB", (WIDTH, _height(photo.height, len(lines))), PAPER)
    figure.paste(overlay.draw(photo, image_map, low, high, opacity), ((WIDTH - photo.width) // 2, 0))
    ramp = np.broadcast_to(colours(opacity, 256)[None], (RAMP_HEIGHT, 256, 3))
    figure.paste(Image.fromarray(ramp.astype(np.uint8)).resize((_ramp_width(), RAMP_HEIGHT)), (MARGIN + 70, top))
    write, font = ImageDraw.Draw(figure), ImageFont.load_default(14)
    middle = top + RAMP_HEIGHT / 2
    write.text((MARGIN + 62, middle), say(low), INK, font, anchor="rm")
    write.text((WIDTH - MARGIN - 62, middle), say(high), INK, font, anchor="lm")
    for k, line in enumerate(lines, start=1):
        write.text((MARGIN, top + RAMP_HEIGHT + LINE * k), line, INK, font, anchor="ls")
    return figure


def map_svg(
    size: tuple[int, int],
    low: float,
    high: float,
    opacity: float,
    caption: str,
    say: Callable[[float], str] = said,
    difference: bool = False,
) -> str:
    """The same figure as SVG, with `IMAGE` in place of the address of the picture, which is `size` (width, height)."""
    scale = min(WIDTH / size[0], 1.0)
    width, height = round(size[0] * scale), round(size[1] * scale)
    lines = _lines(caption)
    stops = "".join(
        f'<stop offset="{k / (STOPS - 1):.3f}" stop-color="rgb({r:.0f},{g:.0f},{b:.0f})"/>'
        for k, (r, g, b) in enumerate(colours(opacity, STOPS, difference))
    )
    top = height + MARGIN
    words = "".join(
        f'<text x="{MARGIN}" y="{top + RAMP_HEIGHT + LINE * k}">{escape(line)}</text>'
        for k, line in enumerate(lines, start=1)
    )
    total = _height(height, len(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{total}" viewBox="0 0 {WIDTH} {total}" '
        f'font-family="sans-serif" font-size="14" fill="{INK}"><title>{escape(caption)}</title>'
        f'<defs><linearGradient id="scale">{stops}</linearGradient></defs>'
        f'<rect width="{WIDTH}" height="{total}" fill="{PAPER}"/>'
        f'<image href="{IMAGE}" x="{(WIDTH - width) // 2}" width="{width}" height="{height}"/>'
        f'<rect x="{MARGIN + 70}" y="{top}" width="{_ramp_width()}" height="{RAMP_HEIGHT}" fill="url(#scale)"/>'
        f'<text x="{MARGIN + 62}" y="{top + RAMP_HEIGHT - 1}" text-anchor="end">{say(low)}</text>'
        f'<text x="{WIDTH - MARGIN - 62}" y="{top + RAMP_HEIGHT - 1}">{say(high)}</text>{words}</svg>'
    )


def with_picture(svg: str, picture: Image.Image) -> str:
    """An SVG of `map_svg` with its picture inside."""
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=90)
    return svg.replace(IMAGE, "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode())


def fitted(image: Image.Image) -> Image.Image:
    """A copy no wider and no taller than a figure."""
    photo = image.convert("RGB")
    photo.thumbnail((WIDTH, WIDTH))
    return photo


def colours(opacity: float, count: int, difference: bool = False) -> np.ndarray:
    """`count` colours (count, 3) of the scale as it looks on a picture; of a difference, from one side to the other."""
    if not difference:
        return overlay.ramp(opacity)[np.linspace(0, 255, count).astype(int)]
    weight = np.linspace(-1, 1, count)[:, None]
    sides = np.where(weight > 0, overlay.CIVIDIS[-1], overlay.AGAINST)
    return overlay.MEDIUM + overlay.COVER * opacity * np.abs(weight) * (sides - overlay.MEDIUM)


def _lines(caption: str) -> list[str]:
    wide = any(unicodedata.east_asian_width(c) == "W" for c in caption)
    return textwrap.wrap(caption, CHARACTERS // 2 if wide else CHARACTERS)


def _height(photo: int, lines: int) -> int:
    return photo + 2 * MARGIN + RAMP_HEIGHT + LINE * lines


def _ramp_width() -> int:
    return WIDTH - 2 * (MARGIN + 70)
