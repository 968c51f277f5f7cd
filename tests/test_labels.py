"""What is known of a photograph, and the questions made from it."""

import torch

from vqa.data.augment import PLAIN_VIEW
from vqa.data.examples import Example, asked, boxed, captioned, clean_caption, counted, existing, matching
from vqa.data.labels import (
    COCO_CLASSES,
    box_grid,
    class_asked_about,
    classes_named,
    content_words,
    frequent_words,
    words_by_image,
)


def test_content_words_are_what_can_be_seen():
    assert content_words("What are the two dogs doing on the grass?") == {"two", "dog", "doing", "grass"}
    assert content_words("garbage_bin") == {"garbage", "bin"}
    assert content_words("a bus and glasses") == {"bus", "glasse"}


def test_words_of_a_photograph_come_from_all_but_yes_no_questions():
    words = words_by_image(
        [
            {"image_id": "a", "question": "Is there a cat?", "answer": "no"},
            {"image_id": "a", "question": "what is on the sofa", "answer": "pillow"},
        ],
        [{"image_id": "b", "captions": ["A dog.", "The brown dog runs."]}],
        [{"image_id": "b", "boxes": [["traffic light", 0, 0, 1, 1]]}],
    )
    assert words == {"a": {"sofa", "pillow"}, "b": {"dog", "brown", "run", "traffic", "light"}}
    assert frequent_words({"a": {"x", "y"}, "b": {"y"}}, 2) == ["y"]


def test_classes_are_found_by_their_names():
    classes = {"dog", "hot dog", "bus", "person", "dining table"}
    assert classes_named("Are there two buses?", classes) == {"bus"}
    assert classes_named("a hot dog on a plate", classes) == {"hot dog"}
    assert classes_named("a hot dog for the dogs", classes) == {"hot dog", "dog"}
    assert classes_named("what is the lady doing", classes) == {"person"}
    assert classes_named("what is the lady doing", classes - {"person"}) == set()
    assert classes_named("doggedly", classes) == set()


def test_a_question_is_about_the_class_that_it_asks_for_or_is_answered_with():
    assert class_asked_about("is the dog asleep?", "no", "yes/no") == "dog"
    assert class_asked_about("what color is the bus?", "orange", "color") == "bus"
    assert class_asked_about("what is the dog chasing?", "frisbee", "object") == "frisbee"
    assert class_asked_about("what is the dog chasing?", "its tail", "object") is None
    assert class_asked_about("is the dog on the couch?", "yes", "yes/no") is None  # of two


def test_boxes_mark_the_cells_whose_centre_they_cover():
    cat = COCO_CLASSES.index("cat")
    grid = box_grid([["cat", 0.0, 0.5, 0.5, 1.0]], PLAIN_VIEW, (4, 2))[:, cat].view(4, 2)
    assert grid.tolist() == [[0, 0], [0, 0], [1, 0], [1, 0]]
    mirrored = box_grid([["cat", 0.0, 0.5, 0.5, 1.0]], (0, 0, 1, 1, 1.0), (4, 2))[:, cat].view(4, 2)
    assert torch.equal(mirrored, grid.flip(1))
    cropped = box_grid([["cat", 0.0, 0.5, 0.5, 1.0]], (0.0, 0.5, 0.5, 1.0, 0.0), (4, 2))[:, cat]
    assert cropped.sum() == 8
    outside = box_grid([["cat", 0.0, 0.5, 0.5, 1.0]], (0.5, 0.0, 1.0, 0.5, 0.0), (4, 2))
    assert outside.sum() == 0


def test_a_tiny_box_still_marks_the_cell_it_lies_in():
    grid = box_grid([["sofa", 0.55, 0.05, 0.56, 0.06]], PLAIN_VIEW, (2, 2))[:, COCO_CLASSES.index("couch")]
    assert grid.tolist() == [0, 1, 0, 0]


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
    found = {
        e.question.split()[3]: e.about
        for e in existing(captions, [], nouns, words_by_image([], captions, []), 0)
        if e.answers == ("yes",)
    }
    assert found == {"cat": "cat", "quilt": None, "man": "person"}
    assert captioned(captions)[0].about is None


def test_mirroring_is_for_questions_without_sides():
    assert Example("a", "what is the dog doing?", ("running",)).may_be_mirrored
    assert not Example("a", "what is left of the dog?", ("cat",)).may_be_mirrored
    assert not Example("a", "where is the dog?", ("on the right",)).may_be_mirrored


def test_captions_are_answers_without_a_trailing_stop():
    assert clean_caption("A dog runs .  ") == "A dog runs"
    assert captioned([{"image_id": "a", "captions": ["A dog ."]}])[0].answers == ("a dog",)


def test_existence_questions_ask_for_what_is_and_what_is_not_there():
    captions = [{"image_id": f"i{n}", "captions": [f"a {noun} in sight"]} for n, noun in enumerate(["dog", "owl"] * 9)]
    questions = [{"image_id": "x", "type": "object", "question": "q", "answer": a} for a in ("dog", "owl")]
    words = words_by_image([], captions, [])
    examples = existing(captions, [], questions, words, seed=0)
    for example in examples:
        noun = example.question.removesuffix(" in the photo?").split()[-1]
        assert (example.answers == ("yes",)) == (noun in words[example.image_id])
    assert {e.question for e in examples} == {"is there a dog in the photo?", "is there an owl in the photo?"}
    assert {e.answers[0] for e in examples} == {"yes", "no"}


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
