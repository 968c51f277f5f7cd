"""What is trained on: the data's own questions, and captions."""

from collections import Counter

import pytest

from vqa.processing.text import clean_caption
from vqa.train.examples import (
    Example,
    asked,
    balanced,
    captioned,
    mirrored_text,
)


def test_all_human_answers_are_kept():
    examples = asked([{"image_id": "a", "question": "q", "answer": "x", "answers": ["X", "y_z"], "source": "s"}])
    assert examples["s"][0].answers == ("x", "y z")


def test_examples_know_what_they_are_about():
    rows = [
        {"image_id": "a", "question": "is the cat asleep?", "answer": "no", "source": "s"},
        {"image_id": "a", "question": "what is seen?", "answer": "cat", "source": "s", "type": "object"},
        {"image_id": "a", "question": "why?", "answer": "hunger", "source": "s"},
    ]
    assert [e.about for e in asked(rows)["s"]] == ["cat", "cat", None]
    assert captioned([{"image_id": "a", "captions": ["a cat"]}])[0].about is None


@pytest.mark.parametrize(
    "text, mirrored",
    [
        ("what is the dog doing?", "what is the dog doing?"),
        ("what is on the left side of the lamp?", "what is on the right side of the lamp?"),
        ("what is right of the left lamp?", "what is left of the right lamp?"),
        ("chair in the right corner, to the left", "chair in the left corner, to the right"),
        ("what is left on the plate?", None),
        ("what is left on the right side?", None),
        ("what is written on the right?", None),
        ("is she Left handed?", None),
    ],
)
def test_left_and_right_are_changed_about_where_they_are_sides(text, mirrored):
    assert mirrored_text(text) == mirrored
    if mirrored:
        assert mirrored_text(mirrored) == text


def test_an_example_is_mirrored_as_a_whole_or_not_at_all():
    example = Example("a", "what is left of the dog?", ("cat", "the right one"), about="cat")
    assert example.mirrored == Example("a", "what is right of the dog?", ("cat", "the left one"), about="cat")
    assert Example("a", "what is left of the dog?", ("cat", "it says cat")).mirrored is None


def test_captions_are_answers_without_a_trailing_stop():
    assert clean_caption("A dog runs .  ") == "A dog runs"
    assert captioned([{"image_id": "a", "captions": ["A dog ."]}])[0].answers == ("a dog",)


def test_yes_and_no_are_balanced_by_repeating_the_rarer():
    examples = [Example("a", f"q{n}", ("yes" if n < 3 else "no",)) for n in range(8)]
    said = Counter(e.answers[0] for e in balanced(examples, seed=0))
    assert said == {"yes": 5, "no": 5}
    assert balanced(examples[:3], seed=0) == examples[:3]
    mixed = [*examples, Example("a", "q8", ("red",))]
    assert balanced(mixed, seed=0) == mixed
