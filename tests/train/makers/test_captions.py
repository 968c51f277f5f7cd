"""Captions are cut into the phrase that they begin with and the rest, and searched for words of tables."""

import re

import pytest

from vqa.train.makers.captions import any_of, head, nouns_of, sentences, subject, table


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a cat sitting on a mat", ("cat", "sitting on a mat")),
        ("the big dogs are running", ("big dogs", "running")),
        ("a close up of a small bird on a wire", ("small bird", "on a wire")),
        ("there is a red bus parked outside", ("red bus parked", "outside")),
        ("a herd of zebras in a field", ("herd of zebras", "in a field")),
        ("two men with hats", ("men", "with hats")),
        ("in a kitchen a man cooks", ("", "")),
        ("", ("", "")),
    ],
)
def test_the_first_phrase_of_a_sentence_is_its_subject(sentence, expected):
    assert subject(sentence) == expected


@pytest.mark.parametrize(
    ("phrase", "noun"),
    [
        ("big red bus", "bus"),
        ("new cell phone", "cell phone"),
        ("phone", "phone"),
        ("truck", ""),
        ("blue coat kicks a bus", ""),
        ("", ""),
    ],
)
def test_a_phrase_is_about_the_noun_that_it_ends_with(phrase, noun):
    assert head(phrase, frozenset({"bus", "phone"})) == noun


def test_a_table_gives_each_word_its_value():
    assert table("""
        red: scarlet, dark
            red
        blue:
    """) == {"scarlet": "red", "dark red": "red", "blue": "blue"}


def test_of_words_that_begin_alike_the_longest_is_found():
    assert re.findall(any_of(frozenset({"bus", "bus stop", "a.b"})), "bus stop, axb") == ["bus stop"]
    assert not re.search(any_of(frozenset()), "anything")


def test_sentences_of_a_photograph_are_put_together():
    rows = [{"image_id": "a", "captions": ["A dog .", "A dog 's ball."]}, {"image_id": "a", "captions": ["Two Dogs"]}]
    assert sentences(rows) == {"a": ["a dog", "a dog's ball", "two dogs"]}


def test_nouns_are_answers_about_objects():
    rows = [{"type": "object", "answer": a} for a in ("dog", "view")] + [
        {"type": "color", "answer": "red"},
        {"answer": "x"},
    ]
    assert nouns_of(rows) == {"dog"}
