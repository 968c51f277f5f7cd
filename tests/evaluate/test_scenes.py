"""Pictures with known contents: what is asked about is where it is said to be, in the colour that is the answer."""

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageDraw

from vqa.evaluate.scenes import COLOURS, SHAPES, SIDE, bounding_box, drawn_scenes, easy_vqa_scenes


def test_the_box_holds_the_answers_colour_and_nothing_outside_does():
    pictures, asked = drawn_scenes(30, seed=0)
    assert list(pictures) == [item.question.image_id for item in asked]
    for item in asked:
        pixels = np.asarray(pictures.open(item.question.image_id))
        right = (pixels == ImageColor.getrgb(COLOURS[item.question.answer])).all(-1)
        (left, top, far, low), share = (item.boxes[0], {"circle": np.pi / 4, "square": 1, "triangle": 0.5}[item.name])
        ys, xs = np.nonzero(right)
        assert left * SIDE - 1 <= xs.min() and xs.max() <= far * SIDE + 1
        assert top * SIDE - 1 <= ys.min() and ys.max() <= low * SIDE + 1
        area = (far - left) * (low - top) * SIDE**2
        assert right.sum() == pytest.approx(share * area, rel=0.1)
        assert item.name in item.question.question and item.target((8, 8)).any()


def test_scenes_depend_on_the_seed_alone_and_ask_about_every_shape():
    (one, asked), (same, _), (other, _) = drawn_scenes(6, 0), drawn_scenes(6, 0), drawn_scenes(6, 1)
    assert {item.name for item in asked} == set(SHAPES)
    for name in one:
        assert one.open(name).tobytes() == same.open(name).tobytes() != other.open(name).tobytes()


def test_a_bounding_box_is_found_by_contrast():
    picture = Image.new("RGB", (64, 32), (250, 251, 252))
    ImageDraw.Draw(picture).rectangle((16, 8, 31, 23), fill="navy")
    picture.putpixel((60, 30), (240, 245, 250))  # noise
    assert bounding_box(picture) == (0.25, 0.25, 0.5, 0.75)
    with pytest.raises(ValueError, match="nothing"):
        bounding_box(Image.new("RGB", (4, 4)))


def test_easy_vqa_shows_one_thing_a_picture():
    pytest.importorskip("easy_vqa", reason="the package easy-vqa is not installed")
    pictures, asked = easy_vqa_scenes(50, 0)
    assert len(asked) == 50 and {item.question.image_id for item in asked} == set(pictures)
    for item in asked:
        x1, y1, x2, y2 = item.boxes[0]
        assert 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1 and (x2 - x1) * (y2 - y1) < 0.3
