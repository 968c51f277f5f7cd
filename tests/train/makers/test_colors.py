"""Colors are asked of things and clothes that captions name with one."""

import pytest

from vqa.train.makers.colors import colors
from vqa.train.makers.facts import questions_of

NOUNS = frozenset("bus cat cats car people".split())


def values(*captions):
    """What is asked of, with its color; of two colors also where they are asked for as two."""
    found = {}
    for fact in colors([{"image_id": "a", "captions": list(captions)}], NOUNS):
        found.setdefault(fact.of, set()).add(fact.value)
    return found


@pytest.mark.parametrize(
    ("captions", "expected"),
    [
        (["A red bus on a street"], {"the bus": {"red"}}),
        (["A grey cat"], {"the cat": {"gray"}}),
        (["A white and black cat"], {"the cat": {"black and white"}}),
        (["A light blue car"], {"the car": {"blue"}}),
        (["Two black cats"], {"the cats": {"black"}}),
        (["A red bus", "A bus that is red and big", "A blue bus"], {"the bus": {"red", "blue"}}),  # asked nowhere
        (["A red bus station"], {}),  # the color of the station
        (["A red and white striped shirt"], {}),
        (["Red people"], {}),
        (["A red bus and another bus"], {}),
        (["A black and white photo of a red bus"], {}),
        (["A man in a red shirt"], {"the man's shirt": {"red"}, "the shirt": {"red"}, "his shirt": {"red"}}),
        (["A person wearing black pants"], {"the person's pants": {"black"}, "the pants": {"black"}}),
        (["A girl in a red hat", "A man"], {"the girl's hat": {"red"}, "the hat": {"red"}}),
        (["A man in a red shirt with two men"], {}),
    ],
)
def test_captions_tell_colors(captions, expected):
    assert values(*captions) == expected


def test_colors_are_offered_of_the_same_thing_in_both_orders():
    captions = ["A red bus", "A blue bus", "A green cat", "A white cat"]
    rows = [{"image_id": f"i{n}", "captions": [captions[n % 4]]} for n in range(80)]
    asked = questions_of(colors(rows, NOUNS), {}, 0)
    offered = {e.question.lower().rstrip("?") for e in asked if " or " in e.question}
    assert offered == {
        f"is the {thing} {one} or {other}"
        for thing, pair in {"bus": ("red", "blue"), "cat": ("green", "white")}.items()
        for one, other in (pair, pair[::-1])
    }


def test_colors_that_are_taken_for_each_other_are_not_offered():
    rows = [
        {"image_id": f"i{n}", "captions": [["A tan cat", "A brown cat", "A brown and white cat"][n % 3]]}
        for n in range(60)
    ]
    questions = {e.question.lower().rstrip("?") for e in questions_of(colors(rows, NOUNS), {}, 0)}
    assert "what color is the cat" in questions and not any(" or " in question for question in questions)


def test_two_colors_are_asked_for_as_two():
    rows = [
        {"image_id": f"i{n}", "captions": [["A black and white cat", "A red and white bus"][n % 2]]} for n in range(40)
    ]
    questions = {e.question.lower().rstrip("?") for e in questions_of(colors(rows, NOUNS), {}, 0)}
    assert "what colors is the cat" in questions
