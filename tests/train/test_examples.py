"""What is trained on: questions and answers made from rows, captions and boxes."""

import random
from collections import Counter

import pytest

from vqa.common.english import plural
from vqa.data.labels import (
    content_words,
    words_by_image,
)
from vqa.data.questions import ASKED_OF_ONE
from vqa.processing.text import clean_caption
from vqa.train.examples import (
    ASKED_OF_SEVERAL,
    Example,
    asked,
    balanced,
    boxed,
    captioned,
    counted,
    existing,
    matching,
    mirrored_text,
    verified,
    whether_there_is,
    with_answer,
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
    boxes = [{"image_id": "a", "classes": "all", "boxes": [["cat", 0, 0, 1, 1], ["cat", 0, 0, 1, 1]]}]
    assert [e.about for e in counted(boxes)] == ["cat"]
    captions = [{"image_id": "a", "captions": ["a cat and a quilt"]}, {"image_id": "b", "captions": ["a man"]}]
    nouns = [{"image_id": "c", "type": "object", "question": "q", "answer": noun} for noun in ("cat", "quilt", "man")]
    yes = [e for e in existing(captions, [], nouns, words_by_image([], captions, []), 0) if e.answers == ("yes",)]
    words = {noun: {noun, plural(noun)} for noun in ("cat", "quilt", "man")}
    found = {noun: e.about for e in yes for noun in words if words[noun] & content_words(e.question)}
    assert found == {"cat": "cat", "quilt": None, "man": "person"}
    assert captioned(captions)[0].about is None


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


def test_existence_questions_ask_for_what_is_and_what_is_not_there():
    captions = [{"image_id": f"i{n}", "captions": [f"a {noun} in sight"]} for n, noun in enumerate(["dog", "owl"] * 9)]
    questions = [{"image_id": "x", "type": "object", "question": "q", "answer": a} for a in ("dog", "owl")]
    words = words_by_image([], captions, [])
    examples = existing(captions, [], questions, words, seed=0)
    for example in examples:
        [noun] = {"dog", "owl"} & content_words(example.question)
        assert (example.answers == ("yes",)) == (noun in words[example.image_id])
    forms = {e.question.replace("an owl", "{}").replace("a dog", "{}") for e in examples}
    forms = {form.replace("owls", "{}").replace("dogs", "{}") for form in forms}
    assert len(forms) > 5 and forms <= {*ASKED_OF_ONE, *ASKED_OF_SEVERAL}
    assert {e.answers[0] for e in examples} == {"yes", "no"}


def test_what_is_several_is_asked_for_as_several():
    asked_for = {whether_there_is("dogs", random.Random(seed)) for seed in range(30)}
    assert asked_for == {form.format("dogs") for form in ASKED_OF_SEVERAL}


@pytest.mark.parametrize(
    "question, answer, kind, expected",
    [
        ("what is the color of the bus ?", "red", "color", "is the bus red?"),
        ("what is the color of the bikes?", "red", "color", "are the bikes red?"),
        ("how many men are wading in water?", "three", "number", "are three men wading in water?"),
        ("what is the man riding on the beach?", "horse", "object", "is the man riding a horse on the beach?"),
        ("what are grazing in a field?", "cows", "object", "are cows grazing in a field?"),
        ("what is parked on the street?", "umbrella", "object", "is an umbrella parked on the street?"),
        ("what is shown?", "dog", "object", None),
        ("where is the cat?", "bed", "location", None),
    ],
)
def test_an_answer_is_put_into_its_question(question, answer, kind, expected):
    assert with_answer(question, answer, kind) == expected


def test_answers_are_verified_against_others_to_like_questions():
    rows = [
        {"image_id": f"i{n}", "source": "coco-qa", "type": "object", "question": f"what is {doing}?", "answer": answer}
        for n, (doing, answer) in enumerate([("flying", "kite"), ("flying", "bird"), ("eating", "cow")] * 5)
    ]
    rows.append({"image_id": "j", "source": "other", "question": "what is flying?", "answer": "plane"})
    words = words_by_image(rows, [], [])
    examples = verified(rows, words, seed=0)
    assert {e.question for e in examples} == {"is a kite flying?", "is a bird flying?"}  # cows alone are eating
    for example in examples:
        said = bool(content_words(example.question) - {"flying"} & words[example.image_id])
        assert example.answers == (("yes",) if said else ("no",))
    assert sum(e.answers == ("yes",) for e in examples) == len(examples) / 2 > 0


def test_yes_and_no_are_balanced_by_repeating_the_rarer():
    examples = [Example("a", f"q{n}", ("yes" if n < 3 else "no",)) for n in range(8)]
    said = Counter(e.answers[0] for e in balanced(examples, seed=0))
    assert said == {"yes": 5, "no": 5}
    assert balanced(examples[:3], seed=0) == examples[:3]
    mixed = [*examples, Example("a", "q8", ("red",))]
    assert balanced(mixed, seed=0) == mixed


def test_boxed_things_are_asked_for_where_all_are_boxed():
    place = [0, 0, 1, 1]
    rows = [{"image_id": f"i{n}", "classes": "all", "boxes": [["dog" if n % 2 else "owl", *place]]} for n in range(16)]
    rows.append({"image_id": "j", "classes": "person", "boxes": [["person", *place]]})
    examples = boxed(rows, seed=0)
    answers = {(e.image_id, e.question): (e.answers, e.about) for e in examples}
    for n in range(16):
        here, elsewhere = ("a dog", "an owl") if n % 2 else ("an owl", "a dog")
        assert answers[f"i{n}", f"is there {here} in the photo?"] == (("yes",), here.split()[1])
        assert answers.get((f"i{n}", f"is there {elsewhere} in the photo?"), (("no",), None)) == (("no",), None)
    assert 16 < len(examples) < 32 and not any(e.image_id == "j" for e in examples)


def test_counts_are_asked_only_where_all_are_boxed():
    box = [0, 0, 1, 1]
    rows = [
        {"image_id": "a", "classes": "all", "boxes": [["dog", *box], ["dog", *box], ["person", *box]]},
        {"image_id": "b", "classes": "person", "boxes": [["person", *box], ["dog", *box]]},
        {"image_id": "c", "classes": "all", "boxes": [["dog", *box]] * 9},
    ]
    assert {(e.image_id, e.question.split()[2], e.answers[0]) for e in counted(rows)} == {
        ("a", "dogs", "2"),
        ("a", "people", "1"),
        ("b", "people", "1"),
    }


def test_statements_are_true_of_their_own_photograph_only():
    examples = matching([{"image_id": "a", "captions": ["A dog."]}], {"a": ["A cat"]}, seed=0)
    assert [(e.question, e.answers) for e in examples] == [("A dog", ("yes",)), ("A cat", ("no",))]
    alone = matching([{"image_id": "a", "captions": ["A dog."]}], {"a": []}, seed=0)
    assert [(e.question, e.answers) for e in alone] == [("A dog", ("yes",))]
