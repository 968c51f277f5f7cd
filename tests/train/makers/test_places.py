"""What is where is told by captions and by DAQUAR's questions, and asked from either side."""

import pytest

from vqa.train.makers.facts import questions_of
from vqa.train.makers.places import OPPOSITES, places, turned

NOUNS = frozenset("table bed car fence lamp bowl soup plate pizza phone shirt door".split())


def values(*captions):
    return {(f.of, f.value) for f in places([{"image_id": "a", "captions": list(captions)}], NOUNS)}


@pytest.mark.parametrize(
    ("captions", "expected"),
    [
        (
            ["A cat sitting on a bed"],
            {("on the bed", "cat"), ("sitting on the bed", "cat"), ("under the cat", "bed")},
        ),
        (["A dog behind a fence"], {("behind the fence", "dog"), ("in front of the dog", "fence")}),
        (["A man in front of a car"], {("in front of the car", "man"), ("behind the man", "car")}),
        (["Two dogs next to a car"], {("next to the car", "dogs")}),
        (["A man on the phone"], {("on the phone", "man")}),  # and no phone is under him
        (["A man in a shirt"], set()),
        (["A cat on a bed", "Two beds"], set()),  # which bed is not told
        (["A cat on a cloud"], set()),
        (["A bowl of soup"], {("in the bowl", "soup")}),
        (["A white plate with a pizza on it"], {("on the plate", "pizza")}),
    ],
)
def test_captions_tell_what_is_where(captions, expected):
    assert values(*captions) == expected


def test_only_what_nobody_overlooks_is_denied():
    captions = ["A cat on a bed", "A dog on a bed", "A lamp on a table", "A phone on a table"]
    rows = [{"image_id": f"i{n}", "captions": [captions[n % 4]]} for n in range(80)]
    asked = questions_of(places(rows, NOUNS), {}, 0)
    questions = {e.question.lower().rstrip("?") for e in asked}
    assert {"is there a dog on the bed", "is there a cat or a dog on the bed", "what is on the table"} <= questions
    assert not any("table" in e.question for e in asked if e.answers[0] in ("yes", "no") or " or " in e.question)


def rows(*pairs, source="daquar"):
    return [{"image_id": "r", "question": q, "answer": a, "source": source} for q, a in pairs]


NAMED = (("what is seen", "table"), ("what is big", "night_stand"), ("what is flat", "wall"))


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("what is on the table ?", "lamp", ("what is beneath the lamp", "table")),
        ("what is behind the table", "chair", ("what is in front of the chair", "table")),
        ("what is the object on the left side of the table", "tv", ("what is on the right side of the tv", "table")),
        ("what are found under the wooden table", "books", ("what is on the books", "table")),
        ("what is close to the night stand", "garbage_bin", ("what is close to the garbage bin", "night stand")),
        ("what is on the wall", "picture", None),
        ("what is on the floor of the table", "box", None),
        ("what is on the sofa", "box", None),  # no answer has told that DAQUAR has sofas
        ("what is on the table", "box, lamp", None),
        ("what is next to the table", "table", None),
        ("how many chairs are near the table", "2", None),
    ],
)
def test_a_relation_is_turned_round(question, answer, expected):
    made = [(f"what is {fact.of}", fact.value) for fact in turned(rows(*NAMED, (question, answer)))]
    assert made == ([expected] if expected else [])


def test_opposites_of_opposites_are_the_same():
    for relation in set(OPPOSITES.values()):
        assert OPPOSITES[OPPOSITES[relation]] == relation


def test_other_sources_are_left_alone():
    assert list(turned(rows(*NAMED, ("what is on the table", "lamp"), source="coco-qa"))) == []
