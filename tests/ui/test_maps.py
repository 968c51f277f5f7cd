"""Maps as a visitor sees them."""

from dataclasses import replace

import numpy as np
import pytest

from vqa.ui import visit as visits
from vqa.ui.maps import cosines_html, maps_html
from vqa.ui.visit import COMPARE, Focus, MapView, Visit

QUESTION = "what color is the cat?"


@pytest.fixture
def visited(tiny_predictor, photo) -> Visit:
    return Visit(tiny_predictor.encode(photo))


def test_maps_follow_what_is_picked(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView("relevance"))
    whole = maps_html(visit, 0.7, "en")
    assert whole.count('alt="Heatmap over the photograph, relevance') == 2
    assert cosines_html(visit, 0.7, "en").count('alt="Cosine similarity of') == 2
    word = maps_html(replace(visit, focus=Focus("word", index=1)), 0.7, "en")
    assert "The patches that the word “color” reads." in word
    spot = maps_html(replace(visit, focus=Focus("spot", spot=(2, 1))), 0.7, "en")
    assert "row 3, column 2" in spot and "marked" in spot
    beyond = maps_html(replace(visit, focus=Focus("spot", spot=(99, -4))), 0.7, "en")
    assert "row 3, column 1" in beyond
    assert "图块" in maps_html(visit, 0.7, "zh")


def test_a_flat_map_is_called_flat_and_looks_it(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView("relevance"))
    found = visit.explanations["aligned"]
    flat = replace(found, image_map=np.full_like(found.image_map, 1 / 9))
    peaked = replace(found, image_map=np.eye(3) / 3)
    assert "nearly flat" in maps_html(replace(visit, explanations={"aligned": flat}), 0.7, "en")
    assert "nearly flat" not in maps_html(replace(visit, explanations={"aligned": peaked}), 0.7, "en")


def test_a_map_that_another_outshines_is_called_faint(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView("relevance"))
    strong, weak = (replace(visit.explanations["aligned"], image_map=np.eye(3) * peak) for peak in (0.3, 0.1))
    both = maps_html(replace(visit, explanations={"aligned": strong, "unaligned": weak}), 0.7, "en")
    assert both.count("this map is faint") == 1 and both.index("this map is faint") > both.index("unaligned")
    assert "faint" not in maps_html(replace(visit, explanations={"aligned": weak}), 0.7, "en")


def test_a_map_is_tested_and_the_verdict_shown(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView("relevance"))
    tested = visits.try_maps(visit, tiny_predictor)
    html = maps_html(tested, 0.7, "en")
    holds = tested.tests["aligned"].holds
    assert ("The map holds" in html) == holds and ("does not hold" in html) == (not holds)
    assert "<svg" in html
    assert visits.look(tested, tiny_predictor, MapView("attention")).tests == {}
