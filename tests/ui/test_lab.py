"""The lab: what it finds among the examples."""

import re

import pytest

from vqa.ui.gallery import Gallery, load_examples
from vqa.ui.lab import captions_found_html, figures_html, matrix_html, photos_found_html, plane_html

# The lab


@pytest.fixture(scope="module")
def gallery(tiny_predictor) -> Gallery:
    return Gallery(tiny_predictor, load_examples())


def test_the_gallery_finds_photographs_and_captions(gallery):
    assert photos_found_html(gallery, "a cat", "en").count("<li>") == 8  # four of each model
    found = captions_found_html(gallery, 0, "en")
    assert found.count("<tbody><tr>") == 2 and gallery.examples[0].caption in found
    calls = dict(gallery.predictor.calls)
    captions_found_html(gallery, 1, "en")
    assert gallery.predictor.calls == calls  # embeddings are kept


def test_the_matrix_follows_the_temperature(gallery):
    warm, cold = (matrix_html(gallery, temperature, "softmax", "en") for temperature in (1.0, 0.01))
    assert warm != cold and warm.count("class=match") == 2 * len(gallery.examples)
    cosines = [matrix_html(gallery, temperature, "cosine", "en") for temperature in (1.0, 0.01)]
    tables = [re.sub(r'<p class="loss">.*?</p>', "", html) for html in cosines]
    assert tables[0] == tables[1] and cosines[0] != cosines[1]  # only the loss changes


def test_figures_put_the_test_set_beside_the_gallery(gallery):
    results = {"aligned": {"space": {"alignment": 0.123, "modality_gap": 0.456}}}
    html = figures_html(gallery, results, "en")
    assert "0.123" in html and "0.456" in html and "–" in html
    assert plane_html(gallery, "zh").count("<svg") == 2
