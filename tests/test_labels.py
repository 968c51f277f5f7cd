"""What is known of a photograph, and the questions made from it."""

import torch

from vqa.data.augment import PLAIN_VIEW
from vqa.data.examples import Example, asked, captioned, clean_caption, counted, existing, matching
from vqa.data.labels import COCO_CLASSES, box_grid, content_words, frequent_words, words_by_image


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
