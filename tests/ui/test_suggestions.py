"""Questions that are suggested."""

import pytest

from vqa.common.english import is_english
from vqa.ui.suggestions import KINDS, suggest
from vqa.ui.visit import Visit


@pytest.fixture
def visited(tiny_predictor, photo) -> Visit:
    return Visit(tiny_predictor.encode(photo))


def test_suggestions_need_no_second_look(tiny_predictor, visited):
    before = dict(tiny_predictor.calls)
    found = suggest(tiny_predictor, visited.photo)
    assert len(set(found)) == len(found) == 1 + len(KINDS) and all(is_english(question) for question in found)
    assert tiny_predictor.calls["vit"] == before["vit"] and tiny_predictor.calls["bert"] - before["bert"] <= 2
