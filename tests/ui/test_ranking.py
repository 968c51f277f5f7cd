"""Captions in both models' order."""

import numpy as np
import pytest

from vqa.processing.text import QuestionError
from vqa.ui.gallery import Gallery, load_examples
from vqa.ui.ranking import COUNT, Ranking, rank, ranking_html

RANKING = Ranking(
    ("right", "theirs", "third", "fourth"), ("对", "", "三", "四"), 0, 1,
    {"aligned": np.array([0.9, 0.5, 0.1, 0.0]), "unaligned": np.array([0.1, 0.2, 0.3, 0.0])},
)  # fmt: skip


@pytest.fixture(scope="module")
def gallery(tiny_predictor) -> Gallery:
    return Gallery(tiny_predictor, load_examples())


def test_the_place_of_the_right_caption_is_told_with_ticks_and_crosses():
    assert RANKING.order("unaligned") == [2, 1, 0, 3]
    assert (RANKING.place("aligned"), RANKING.place("unaligned")) == (1, 3)
    html = ranking_html(RANKING, "en")
    assert "aligned: the right caption comes first of 4" in html
    assert "unaligned: the right caption comes in place 3 of 4" in html
    first, second = html.split("<ol")[1:]
    assert first.index("right</span>") < first.index("theirs")
    assert second.index("third") < second.index("theirs") < second.index("right</span>")
    assert first.count("✓") == second.count("✓") - 0 == 1 and first.count("✎") == 1
    assert "<small>三</small>" in ranking_html(RANKING, "zh")


def test_an_example_has_its_own_caption_among_four(gallery, tiny_predictor):
    example = gallery.examples[-1]
    photo = tiny_predictor.encode(example.path)
    found = rank(gallery, photo, example.name)
    assert len(set(found.captions)) == COUNT and found.captions[found.right] == example.caption and found.own is None
    with_line = rank(gallery, photo, example.name, "a <b>thing</b>")
    assert len(set(with_line.captions)) == COUNT and with_line.captions[:2] == (example.caption, "a <b>thing</b>")
    assert (with_line.right, with_line.own) == (0, 1) and "<b>thing" not in ranking_html(with_line, "en")
    expected = tiny_predictor.embed_texts(list(found.captions)) @ tiny_predictor.embed_photos([photo])[0]
    assert found.cosines["aligned"] == pytest.approx(expected, abs=1e-5)


def test_the_photos_own_caption_entered_as_a_line_is_no_second_one(gallery, tiny_predictor):
    example = gallery.examples[0]
    photo = tiny_predictor.encode(example.path)
    assert rank(gallery, photo, example.name, example.caption).captions == rank(gallery, photo, example.name).captions


def test_for_a_visitors_photo_the_visitors_line_is_the_right_one(gallery, tiny_predictor, photo):
    seen = tiny_predictor.encode(photo)
    assert rank(gallery, seen, "") is None and "Write a line" in ranking_html(None, "en")
    found = rank(gallery, seen, "", gallery.examples[0].caption)
    assert found.captions[0] == gallery.examples[0].caption and (found.right, found.own) == (0, 0)
    assert len(set(found.captions)) == COUNT
    with pytest.raises(QuestionError):
        rank(gallery, seen, "", "x" * 999)
