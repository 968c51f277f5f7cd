"""The shared space in a comparison, as a visitor sees it."""

from vqa.ui import visit as visits
from vqa.ui.maps import cosines_html
from vqa.ui.visit import COMPARE, MapView, Visit


def test_a_comparison_shows_each_models_cosines(tiny_predictor, photo):
    visit = visits.ask(Visit(tiny_predictor.encode(photo)), tiny_predictor, "is there a cat?", COMPARE, MapView("off"))
    assert cosines_html(visit, 0.7, "en").count('alt="Cosine similarity of') == 2
    alone = visits.ask(visit, tiny_predictor, "is there a dog?", "aligned", MapView("off"))
    assert cosines_html(alone, 0.7, "en") == ""
