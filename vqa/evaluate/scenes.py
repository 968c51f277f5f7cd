"""Pictures of which it is known, to the pixel, where the thing asked about is: drawn here, or by `easy-vqa`."""

import random
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from vqa.data.questions import QuestionRow
from vqa.evaluate.pointing import AboutClass

SIDE = 256
COLOURS = {
    "red": "#c8281e",
    "green": "#2a8c46",
    "blue": "#2654be",
    "yellow": "#f0c828",
    "black": "#1e1e1e",
    "orange": "#f08214",
}
SHAPES = ("circle", "square", "triangle")


class Pictures:
    """Pictures by id, read as those of an `ImageStore` are."""

    def __init__(self, pictures: dict[str, Image.Image]):
        self._pictures = pictures

    def __iter__(self) -> Iterator[str]:
        return iter(self._pictures)

    def open(self, image_id: str) -> Image.Image:
        return self._pictures[image_id]


def drawn_scenes(count: int, seed: int) -> tuple[Pictures, list[AboutClass]]:
    """A circle, a square and a triangle of three colours in three of nine places; "what color is the circle?"."""
    pictures, asked = {}, []
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        picture = Image.new("RGB", (SIDE, SIDE), rng.choice(("#f0eee8", "#cfdde6", "#d8cfbf")))
        pen, boxes = ImageDraw.Draw(picture), {}
        places, colours = rng.sample(range(9), len(SHAPES)), rng.sample(sorted(COLOURS), len(SHAPES))
        for shape, place, colour in zip(SHAPES, places, colours, strict=True):
            size = rng.uniform(0.17, 0.28)
            row, column = divmod(place, 3)
            left, top = ((at + 0.5) / 3 - size / 2 for at in (column, row))
            boxes[shape] = (left, top, left + size, top + size)
            _draw(pen, shape, [SIDE * value for value in boxes[shape]], COLOURS[colour])
        shape = SHAPES[number % len(SHAPES)]
        name = f"scene-{number}"
        pictures[name] = picture
        question = QuestionRow(name, f"what color is the {shape}?", colours[SHAPES.index(shape)], type="color")
        asked.append(AboutClass(question, shape, (boxes[shape],)))
    return Pictures(pictures), asked


def _draw(pen: ImageDraw.ImageDraw, shape: str, box: list[float], colour: str) -> None:
    left, top, right, bottom = box
    if shape == "circle":
        pen.ellipse(box, fill=colour)
    elif shape == "square":
        pen.rectangle(box, fill=colour)
    else:
        pen.polygon([(left, bottom), (right, bottom), ((left + right) / 2, top)], fill=colour)


def easy_vqa_scenes(count: int, seed: int) -> tuple[Pictures, list[AboutClass]] | None:
    """Test questions of easy-VQA, whose pictures show one thing each; None where the package is not installed."""
    try:
        import easy_vqa
    except ModuleNotFoundError:
        return None
    rows = list(zip(*easy_vqa.get_test_questions(), strict=True))
    paths = easy_vqa.get_test_image_paths()
    pictures, asked = {}, []
    for text, answer, number in random.Random(seed).sample(rows, min(count, len(rows))):
        name = f"easy-{number}"
        if name not in pictures:
            with Image.open(paths[number]) as picture:
                pictures[name] = picture.convert("RGB")
        asked.append(AboutClass(QuestionRow(name, text, answer), "shape", (bounding_box(pictures[name]),)))
    return Pictures(pictures), asked


def bounding_box(picture: Image.Image, contrast: int = 40) -> tuple[float, float, float, float]:
    """Where a picture differs from its upper left corner by more than `contrast` of 255, as `(x1, y1, x2, y2)` in 0..1.

    Raises `ValueError` for a picture of one colour.
    """
    pixels = np.asarray(picture, dtype=int)
    ys, xs = np.nonzero(abs(pixels - pixels[0, 0]).max(-1) > contrast)
    if not len(ys):
        raise ValueError("There is nothing on this picture.")
    height, width = pixels.shape[:2]
    return xs.min() / width, ys.min() / height, (xs.max() + 1) / width, (ys.max() + 1) / height
