"""`vqa.data.augment`: a random view is a crop of the photograph, and its numbers say which."""

import random

import numpy as np
import pytest
from PIL import Image

from vqa.data.augment import random_view


@pytest.fixture(scope="module")
def ramps() -> Image.Image:
    """191 x 127 pixels whose red says how far right they lie, and whose green says how far down."""
    x, y = np.meshgrid(np.arange(191), np.arange(127))
    return Image.fromarray(np.stack([x, y, np.zeros_like(x)], -1).astype(np.uint8))


@pytest.mark.parametrize("seed", range(20))
def test_the_box_says_where_the_view_comes_from(ramps, seed):
    view, (left, top, right, bottom, mirrored) = random_view(ramps, random.Random(seed))
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1 and mirrored in (0.0, 1.0)
    expected = np.asarray(ramps)[round(top * 127) : round(bottom * 127), round(left * 191) : round(right * 191)]
    np.testing.assert_array_equal(np.asarray(view), expected[:, ::-1] if mirrored else expected)


def test_half_to_all_of_the_area_is_kept_near_its_shape(ramps):
    rng = random.Random(0)
    boxes = np.array([random_view(ramps, rng)[1] for _ in range(500)])
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    area, aspect = width * height, width / height
    assert area.min() >= 0.5 - 1e-9 and area.max() <= 1 and area.max() - area.min() > 0.3
    assert aspect.min() >= 3 / 4 - 1e-9 and aspect.max() <= 4 / 3 + 1e-9
    assert 0.4 < boxes[:, 4].mean() < 0.6
    assert boxes[:, 0].std() > 0.01 and boxes[:, 1].std() > 0.01


def test_the_same_seed_gives_the_same_view(ramps):
    one, two = (random_view(ramps, random.Random(3)) for _ in range(2))
    assert one[1] == two[1] and one[0].tobytes() == two[0].tobytes()


def test_tiny_photographs_keep_a_pixel():
    rng = random.Random(0)
    for size in ((1, 1), (2, 1), (1, 3), (2, 2), (16, 1)):
        for _ in range(50):
            assert min(random_view(Image.new("RGB", size), rng)[0].size) >= 1
