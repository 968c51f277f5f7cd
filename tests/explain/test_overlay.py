"""Drawn maps: flat looks flat, hot looks hot, and the photograph stays what it was."""

import colorsys

import numpy as np
import pytest
from PIL import Image

from vqa.explain import overlay

# Colours of the published table that are not among the anchors.
PUBLISHED = {8: (0, 40, 91), 25: (8, 51, 112), 60: (63, 76, 108), 127: (124, 123, 120), 200: (196, 180, 104)}


@pytest.fixture
def photo() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (61, 97, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def grey(image: Image.Image) -> np.ndarray:
    return np.repeat(np.rint(np.asarray(image, float) @ overlay.GREY)[..., None], 3, axis=2)


def test_the_table_runs_from_dark_blue_to_yellow_and_only_gets_lighter():
    assert overlay.CIVIDIS.shape == (256, 3)
    assert overlay.CIVIDIS[0].tolist() == [0x00, 0x22, 0x4E] and overlay.CIVIDIS[255].tolist() == [0xFE, 0xE8, 0x38]
    assert (np.diff(overlay.CIVIDIS @ overlay.GREY) > 0).all()
    for place, colour in PUBLISHED.items():
        assert abs(overlay.CIVIDIS[place] - colour).max() <= 2, place


def test_the_picture_is_as_large_as_the_photograph(photo):
    drawn = overlay.draw(photo, np.random.default_rng(1).random((3, 5)), 0, 1, 0.7)
    assert drawn.size == photo.size and drawn.mode == "RGB"


def test_opacity_zero_gives_the_photograph_itself(photo):
    drawn = overlay.draw(photo, np.random.default_rng(1).random((3, 5)), 0, 1, 0.0)
    np.testing.assert_array_equal(np.asarray(drawn), np.asarray(photo))


def test_no_weight_leaves_the_photograph_grey(photo):
    for image_map, low, high in ((np.zeros((3, 5)), 0.0, 1.0), (np.zeros((3, 5)), 0.0, 0.0), (np.ones((3, 5)), 1, 1)):
        np.testing.assert_allclose(np.asarray(overlay.draw(photo, image_map, low, high, 1.0)), grey(photo), atol=1)


def test_a_flat_map_looks_flat():
    even = Image.new("RGB", (64, 48), (90, 120, 60))
    flat = np.full((7, 5), 1 / 35)
    drawn = np.asarray(overlay.draw(even, flat, *overlay.common_scale(flat), 0.8), dtype=int)
    assert (drawn == drawn[0, 0]).all()
    # Noise of 5 % stays faint: nothing stretches it to full contrast.
    noisy = flat * (1 + 0.05 * np.random.default_rng(0).standard_normal(flat.shape))
    drawn = np.asarray(overlay.draw(even, noisy, *overlay.common_scale(noisy), 0.8), dtype=int)
    assert np.ptp(drawn, axis=(0, 1)).max() < 25


def test_the_hottest_patch_is_where_it_belongs():
    even = Image.new("RGB", (50, 30), (100, 100, 100))
    image_map = np.zeros((3, 5))
    image_map[1, 3] = 1
    drawn = np.asarray(overlay.draw(even, image_map, 0, 1, 1.0))
    np.testing.assert_allclose(drawn[15, 35], 0.8 * overlay.CIVIDIS[255] + 0.2 * 100, atol=12)
    np.testing.assert_array_equal(drawn[5, 5], [100, 100, 100])
    hue, saturation, _ = colorsys.rgb_to_hsv(*drawn[15, 35] / 255)
    assert 0.1 < hue < 0.2 and saturation > 0.5  # yellow


def test_upsampling_keeps_a_gradient_in_order():
    even = Image.new("RGB", (80, 20))
    drawn = np.asarray(overlay.draw(even, np.linspace(0, 1, 8)[None], 0, 1, 1.0), dtype=float) @ overlay.GREY
    assert (np.diff(drawn[10]) >= -1e-3).all() and drawn[10, -1] > drawn[10, 0] + 100


def test_a_common_scale_begins_at_zero_and_covers_all():
    assert overlay.common_scale(np.array([[0.1, 0.3, 0.0]]), np.array([[0.5, 0.0, 0.1]])) == (0.0, 0.5)
    assert overlay.common_scale(np.array([[0.3, 0.3]])) == (0.0, 0.6)  # what is flat stays in mid-scale
    assert overlay.common_scale(np.array([[-0.2, 0.3]])) == (-0.2, 0.3)
    assert overlay.common_scale(np.zeros((2, 2))) == (0.0, 0.0)
    with pytest.raises(ValueError, match="finite"):
        overlay.common_scale(np.array([[np.nan]]))
    with pytest.raises(ValueError, match="at least one map"):
        overlay.common_scale()


def test_what_cannot_be_drawn_is_refused(photo):
    with pytest.raises(ValueError, match=r"\(3,\)"):
        overlay.draw(photo, np.ones(3), 0, 1, 0.5)
    with pytest.raises(ValueError, match="Opacity"):
        overlay.draw(photo, np.ones((3, 3)), 0, 1, 1.5)


def test_values_off_the_scale_are_drawn_at_its_ends(photo):
    above = overlay.draw(photo, np.full((3, 5), 9.0), 0, 1, 1.0)
    top = overlay.draw(photo, np.ones((3, 5)), 0, 1, 1.0)
    np.testing.assert_array_equal(np.asarray(above), np.asarray(top))
