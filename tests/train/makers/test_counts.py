"""Counts are told by boxes, by complete labels and by captions, and none where there may well be one."""

import pytest

from vqa.train.makers.counts import counts, told
from vqa.train.makers.facts import questions_of

BOX = [0, 0, 1, 1]


def values(captions=(), boxes=(), labels=(), said=()):
    """Each way to ask, with what is asked of and the value."""
    found = counts(
        [{"image_id": "a", "captions": [text]} for text in captions],
        [{"image_id": "a", "classes": kind, "boxes": [[name, *BOX] for name in names]} for kind, names in boxes],
        [{"image_id": "a", "labelled": True, "labels": names} for names in labels],
        {"a": set(said)},
    )
    return {((f.asking.open or f.asking.either)[0].replace("{of}", f.of), f.value) for f in found}


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("two dogs play", "dog", 2),
        ("two big dogs . two dogs in snow", "dog", 2),
        ("two dogs . three dogs", "dog", None),
        ("two big dogs and a herd of dogs", "dog", None),
        ("some dogs", "dog", None),
        ("a small dog on grass", "dog", 1),
        ("a dog and another dog", "dog", None),
        ("a man with a dog", "dog", None),  # there may be more behind him
        ("a car on a road", "car", None),
        ("a cat", "dog", None),
    ],
)
def test_captions_count(text, name, count):
    assert told(text, name) == count


def test_boxes_count_where_all_of_a_class_have_one():
    found = values(boxes=[("person", ["person", "person", "dog"])])
    assert found == {("how many people are in the photo", "2"), ("is there more than one person", "yes")}
    found = values(boxes=[("all", ["spoon"] * 7 + ["fork"])])
    asked = {question: value for question, value in found if question.startswith("how many")}
    assert asked == {"how many forks are in the photo": "1", "how many people are in the photo": "0"}
    assert ("is there a spoon in the photo", "yes") in found and ("is there a knife in the photo", "no") in found


def test_none_are_counted_where_there_may_be_some_and_nobody_says_so():
    found = values(["A street"], labels=[["bus"]])
    none = {question for question, value in found if value == "0"}
    assert {
        "how many cars are in the photo",
        "how many cars are on the street",
        "how many people are on the road",
    } <= none
    assert "how many cats are in the photo" not in none  # nobody would ask
    assert ("is there a car on the street", "no") in found and ("is there a bus on the street", "yes") in found
    said = values(["A street"], labels=[["bus"]], said=["car", "woman"])
    assert not any("car" in question or "people" in question or "person" in question for question, _ in said)


def test_what_is_not_labelled_is_not_missing():
    row = {"image_id": "a", "labelled": False, "labels": []}
    assert list(counts([{"image_id": "a", "captions": ["A street"]}], [], [row], {})) == []


def test_empty_and_busy_kitchens_are_asked_alike():
    rows = [{"image_id": f"i{n}", "captions": ["A kitchen"]} for n in range(40)]
    labels = [{"image_id": f"i{n}", "labelled": True, "labels": ["person"] if n % 2 else []} for n in range(40)]
    boxes = [
        {"image_id": f"i{n}", "classes": "person", "boxes": [["person", *BOX]] * (1 + n % 4)} for n in range(1, 40, 2)
    ]
    asked = questions_of(counts(rows, boxes, labels, {}), {}, 0)
    questions = {e.question.lower().rstrip("?") for e in asked}
    assert {
        "how many people are in this kitchen",
        "is there anyone in the kitchen",
        "are there any people in the kitchen",
    } <= questions
    for example in asked:
        number = int(example.image_id[1:])
        there = 1 + number % 4 if number % 2 else 0
        if (
            example.answers[0] in ("yes", "no")
            and "more than one" not in example.question
            and "kitchen" in example.question
        ):
            assert (example.answers == ("yes",)) == (there > 0)
        elif example.answers[0].isdigit():
            assert example.answers == (str(there),)


def test_numbers_are_offered_next_to_each_other():
    numbers = ["two", "three", "five", "four"]
    rows = [{"image_id": f"i{n}", "captions": [f"{numbers[n % 4]} dogs"]} for n in range(80)]
    questions = {e.question.lower().rstrip("?") for e in questions_of(counts(rows, [], [], {}), {}, 0)}
    assert {"are there two or three dogs", "are there three or two dogs", "are there four dogs"} <= questions
    assert "are there two or five dogs" not in questions
