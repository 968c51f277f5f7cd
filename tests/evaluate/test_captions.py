"""Captions' scores, against values worked out by hand."""

import math

import pytest

from vqa.common import extras
from vqa.data.questions import Captions
from vqa.evaluate.captions import as_rows, summarise

PEOPLE = [
    Captions("p0", ("A dog runs on the grass .", "the dog is running")),
    Captions("p1", ("two cats sleep in a basket",)),
    Captions("p2", ("A man, in a red shirt", "a person stands", "someone")),
]


@pytest.fixture
def scorer():
    return pytest.importorskip("pycocoevalcap", reason="captions' scores need pycocoevalcap, of vqa[evaluate]")


def test_captions_as_people_write_them_score_highest(scorer):
    found = summarise(PEOPLE, [row.captions[0].upper() for row in PEOPLE])
    assert found["bleu_4"]["value"] == pytest.approx(1)
    assert found["bleu_4"]["interval"] == pytest.approx([1, 1])
    assert (found["count"], found["references"], found["repeated"]) == (3, 6, 0)
    alone = [Captions(row.image_id, row.captions[:1]) for row in PEOPLE]
    found = summarise(alone, [row.captions[0].upper() for row in PEOPLE])
    assert (found["cider"]["value"], *found["cider"]["interval"]) == pytest.approx((10, 10, 10))


def test_bleu_is_the_mean_of_four_precisions_times_what_is_too_short(scorer):
    rows = [Captions("p", ("a dog runs on the green grass",))]
    found = summarise(rows, ["a dog runs on a grass"])
    precisions = (5 / 6, 3 / 5, 2 / 4, 1 / 3)  # "a" is said twice and counts once
    expected = math.prod(precisions) ** (1 / 4) * math.exp(1 - 7 / 6)
    assert found["bleu_4"]["value"] == pytest.approx(expected)
    assert found["bleu_4"]["interval"] == pytest.approx([expected, expected])  # there is but one to draw


def test_cider_is_ten_times_the_cosine_of_what_few_photographs_have(scorer):
    rows = [Captions("p0", ("red",)), Captions("p1", ("blue",))]
    found = summarise(rows, ["red", "red"])
    assert found["cider"]["value"] == pytest.approx(10 * (1 + 0) / 2 / 4)  # of four lengths, one occurs
    low, high = found["cider"]["interval"]
    assert (low, high) == pytest.approx((0, 2.5))


def test_what_is_said_twice_is_counted_and_told_in_the_rows(scorer):
    said = ["a dog and a dog", "two cats", "a man"]
    assert summarise(PEOPLE, said)["repeated"] == 1
    assert [row["repeated"] for row in as_rows(PEOPLE, said)] == [True, False, False]
    assert as_rows(PEOPLE, said)[1] | {"captions": ["two cats sleep in a basket"]} == as_rows(PEOPLE, said)[1]


def test_without_the_package_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"Scoring captions needs pycocoevalcap: pip install pycocoevalcap"):
        summarise(PEOPLE, ["a"] * 3)
