"""Draws the three rendered scenes of this folder: `python examples/render.py`. They are ours, under CC0."""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (640, 480)
FINE = 2  # drawn larger and reduced, for smooth edges


def canvas(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A vertical gradient to draw on, in units of a 640 × 480 picture times `FINE`."""
    column = Image.new("RGB", (1, 256))
    for y in range(256):
        column.putpixel((0, y), tuple(round(a + (b - a) * y / 255) for a, b in zip(top, bottom, strict=True)))
    image = column.resize((SIZE[0] * FINE, SIZE[1] * FINE), Image.Resampling.BICUBIC)
    return image, ImageDraw.Draw(image)


def scaled(*points: float) -> list[float]:
    return [value * FINE for value in points]


def shadow(image: Image.Image, box: list[float]) -> ImageDraw.ImageDraw:
    """A soft shadow under a thing, and a fresh pen."""
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).ellipse(box, fill=90)
    image.paste("black", mask=mask.filter(ImageFilter.GaussianBlur(8 * FINE)))
    return ImageDraw.Draw(image)


def shapes() -> Image.Image:
    image, _ = canvas((244, 242, 238), (214, 209, 200))
    for left in (70, 245, 425):
        pen = shadow(image, scaled(left, 315, left + 150, 345))
    pen.ellipse(scaled(70, 170, 220, 320), fill=(206, 40, 40))
    pen.rectangle(scaled(250, 175, 390, 320), fill=(38, 84, 190))
    pen.polygon(scaled(430, 320, 580, 320, 505, 170), fill=(44, 150, 72))
    return image


def boat() -> Image.Image:
    image, pen = canvas((126, 190, 236), (214, 234, 246))
    pen.ellipse(scaled(500, 50, 580, 130), fill=(252, 214, 74))
    pen.rectangle(scaled(0, 300, 640, 480), fill=(30, 98, 158))
    for row in range(7):
        for column in range(9):
            x, y = column * 80 + (row % 2) * 40, 318 + row * 24
            pen.arc(scaled(x, y, x + 40, y + 12), 20, 160, fill=(92, 152, 200), width=2 * FINE)
    pen.polygon(scaled(180, 290, 440, 290, 395, 350, 225, 350), fill=(186, 38, 34))
    pen.rectangle(scaled(304, 90, 312, 290), fill=(92, 62, 40))
    pen.polygon(scaled(318, 100, 318, 275, 425, 275), fill=(250, 250, 246))
    pen.polygon(scaled(298, 130, 298, 275, 220, 275), fill=(238, 236, 228))
    return image


def stop_sign() -> Image.Image:
    image, pen = canvas((146, 192, 226), (226, 236, 240))
    pen.rectangle(scaled(0, 330, 640, 480), fill=(96, 142, 70))
    pen.polygon(scaled(250, 330, 330, 330, 640, 480, 60, 480), fill=(92, 94, 98))
    pen.rectangle(scaled(424, 200, 436, 440), fill=(150, 152, 156))
    for radius, colour in ((98, (250, 250, 250)), (90, (192, 24, 32))):
        corners = [
            (
                430 + radius * math.cos(math.pi / 8 + k * math.pi / 4),
                150 + radius * math.sin(math.pi / 8 + k * math.pi / 4),
            )
            for k in range(8)
        ]
        pen.polygon(scaled(*[value for corner in corners for value in corner]), fill=colour)
    pen.text(scaled(430, 150), "STOP", fill="white", font=ImageFont.load_default(58 * FINE), anchor="mm")
    return image


if __name__ == "__main__":
    folder = Path(__file__).parent
    for draw in (shapes, boat, stop_sign):
        draw().resize(SIZE, Image.Resampling.LANCZOS).save(folder / f"{draw.__name__}.jpg", quality=90, optimize=True)
