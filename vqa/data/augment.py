"""Random views of a photograph, with where they came from, so that boxes and words can follow."""

import random

from PIL import Image, ImageOps


def random_view(image: Image.Image, rng: random.Random) -> tuple[Image.Image, tuple[float, float, float, float, float]]:
    """A random crop, mirrored half of the time, and `(left, top, right, bottom, mirrored)` in 0..1 of the original.

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
