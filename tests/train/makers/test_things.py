"""What kind of thing is shown is told by captions that agree on one."""

import pytest

from vqa.train.makers.things import things

NOUNS = frozenset("dog cat kite bench skateboard".split())


def values(question, *captions):
    found = things([{"image_id": "a", "captions": list(captions)}], NOUNS)
    return {(f.value, f.of) for f in found if question in (*f.asking.open, *f.asking.either, *f.asking.whether)}


@pytest.mark.parametrize(
    ("captions", "question", "value"),
    [
        (["A puppy on a bench", "A small dog"], "what animal is this", "dog"),
        (["Two dogs on a bench"], "what animals are these", "dogs"),
        (["A herd of sheep"], "what animals are these", "sheep"),
        (["A sheep in a pen"], "what animal is this", "sheep"),
        (["A red bus driving by"], "what vehicle is this", "bus"),
        (["A man eats pizza"], "what food is this", "pizza"),
        (["A bowl of oranges"], "what fruit is this", "orange"),
        (["A birthday cake"], "what dessert is this", "cake"),
        (["A batter at home plate"], "what sport is this", "baseball"),
        (["A lady on a horse"], "who is this", "woman"),
        (["A kite in the air", "A big kite", "People on a beach"], "what is the main object", "kite"),
    ],
)
def test_captions_tell_what_is_shown(captions, question, value):
    assert values(question, *captions) == {(value, "")}


@pytest.mark.parametrize(
    ("captions", "question"),
    [
        (["A dog and a cat"], "what animal is this"),
        (["A herd of sheep"], "what animal is this"),
        (["A stuffed dog"], "what animal is this"),
        (["A man eats a hot dog"], "what animal is this"),
        (["A man in front of a bus"], "what vehicle is this"),  # he is shown, and the bus behind him
        (["A bus and a car"], "what vehicle is this"),
        (["A dog with a frisbee"], "what sport is this"),
        (["A man and a woman"], "who is this"),
        (["A man with a kite", "A man"], "what is the main object"),
        (["A kite", "A bench", "A dog"], "what is the main object"),
    ],
)
def test_what_captions_do_not_agree_on_is_not_asked(captions, question):
    assert values(question, *captions) == set()


@pytest.mark.parametrize(
    ("caption", "question", "expected"),
    [
        ("A dog sleeping on a bench", "what animal is {of}", {("dog", "sleeping on a bench")}),
        ("Dogs on the beach", "what animals are {of}", {("dogs", "on the beach")}),
        ("A bus is parked by a house", "what vehicle is {of}", set()),
        ("A bus parking by a house", "what vehicle is {of}", {("bus", "parking by a house")}),
        ("A girl on a horse and a boy", "who is {of}", set()),
        ("A girl riding a horse", "who is {of}", {("girl", "riding a horse")}),
        ("A girl riding a horse while it rains", "who is {of}", set()),
    ],
)
def test_a_thing_is_asked_for_by_what_it_does(caption, question, expected):
    assert values(question, caption) == expected
