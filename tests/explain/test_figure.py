"""A heatmap as a figure to keep."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from vqa.explain import figure, overlay

MAP = np.array([[0.0, 0.1, 0.2], [0.3, 0.4, 0.0]])


@pytest.mark.parametrize("size", [(640, 400), (300, 500), (2000, 1000), (61, 68)])
def test_png_and_svg_have_one_layout(size):
    image = Image.new("RGB", size, "gray")
    drawn = figure.map_figure(image, MAP, 0.0, 0.4, 0.8, "a caption")
    svg = figure.map_svg(figure.fitted(image).size, 0.0, 0.4, 0.8, "a caption")
    tree = ElementTree.fromstring(svg)
    assert (int(tree.get("width")), int(tree.get("height"))) == drawn.size
    assert {"0.0 %", "40.0 %", "a caption"} <= {node.text for node in tree.iter()}


def test_the_scale_has_the_colours_of_the_picture():
    """On medium grey, a spot at the top of the scale has the legend's last colour, one at the bottom its first."""
    image = Image.new("RGB", (60, 40), (128, 128, 128))
    for opacity in (0.3, 1.0):
        colours = figure.colours(opacity, 5)
        for value, colour in ((0.0, colours[0]), (1.0, colours[-1])):
            drawn = np.asarray(overlay.draw(image, np.full((2, 3), value), 0.0, 1.0, opacity))
            assert np.abs(drawn[20, 30] - colour).max() <= 1
        sides = figure.colours(opacity, 5, difference=True)
        for value, colour in ((-1.0, sides[0]), (0.0, sides[2]), (1.0, sides[-1])):
            drawn = np.asarray(overlay.draw_difference(image, np.full((2, 3), value), 1.0, opacity))
            assert np.abs(drawn[20, 30] - colour).max() <= 1


def test_a_picture_goes_into_the_svg_and_text_stays_text():
    svg = figure.map_svg((60, 40), 0.0, 1.0, 1.0, "<b>1 < 2</b>")
    whole = figure.with_picture(svg, Image.new("RGB", (60, 40)))
    tree = ElementTree.fromstring(whole)
    assert "<b>1 < 2</b>" in {node.text for node in tree.iter()}
    assert figure.IMAGE not in whole and "data:image/jpeg;base64," in whole


def test_captions_are_broken_before_the_edge_in_both_scripts():
    for caption, most in (("word " * 60, figure.CHARACTERS), ("字" * 200, figure.CHARACTERS // 2)):
        svg = figure.map_svg((60, 40), 0.0, 1.0, 1.0, caption.strip())
        lines = re.findall(r'<text x="12" y="\d+">([^<]*)</text>', svg)
        assert len(lines) > 1 and max(map(len, lines)) <= most


def test_ends_of_a_scale_can_be_written_otherwise():
    svg = figure.map_svg((60, 40), -0.5, 1.0, 1.0, "x", lambda value: f"{value:.2f}")
    assert ">-0.50<" in svg and ">1.00<" in svg and "%" not in svg.split("</defs>")[1]
