"""Random views of a photograph, with where they came from, so that boxes and words can follow."""

import random

from PIL import Image, ImageOps

PLAIN_VIEW = (0.0, 0.0, 1.0, 1.0, 0.0)
View = tuple[float, float, float, float, float]  # left, top, right, bottom in 0..1 of the original; mirrored
MIRRORED = 4  # where that stands in a view


def photo_view(photo: Image.Image, image_id: str, view: str) -> tuple[Image.Image, View]:
    """The photograph itself (`"plain"`) or its random view (`"crop"`), which depends on its id alone."""
    return (photo, PLAIN_VIEW) if view == "plain" else random_view(photo, random.Random(image_id))


def random_view(image: Image.Image, rng: random.Random) -> tuple[Image.Image, View]:
    """A random crop, mirrored half of the time, and what was seen.

    Half to all of the area is kept, at an aspect within 3:4 to 4:3 of the original's (Szegedy et al. 2015, gentler:
    a question's object must stay in sight).
    """
    width, height = image.size
    area, aspect = rng.uniform(0.5, 1.0), rng.uniform(3 / 4, 4 / 3)
    w, h = min(1.0, (area * aspect) ** 0.5), min(1.0, (area / aspect) ** 0.5)
    left, top = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
    box = (left, top, left + w, top + h)
    view = image.crop(tuple(round(v * s) for v, s in zip(box, (width, height, width, height), strict=True)))
    mirrored = rng.random() < 0.5
    return (ImageOps.mirror(view) if mirrored else view), (*box, float(mirrored))
