"""Where one thing is to another, asked from the other side."""

import pytest

from vqa.train.relations import OPPOSITES, turned


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
    made = [(e.question, e.answers[0]) for e in turned(rows(*NAMED, (question, answer)))]
    assert made == ([expected] if expected else [])


def test_opposites_of_opposites_are_the_same():
    for relation in set(OPPOSITES.values()):
        assert OPPOSITES[OPPOSITES[relation]] == relation


def test_other_sources_are_left_alone():
    assert turned(rows(*NAMED, ("what is on the table", "lamp"), source="coco-qa")) == []
