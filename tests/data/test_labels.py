"""What is known of a photograph: words and boxes."""

import random

from vqa.data.labels import (
    COCO_CLASSES,
    box_grid,
    class_asked_about,
    classes_named,
    content_words,
    frequent_words,
    patches_in_box,
    words_by_image,
)
from vqa.data.questions import QuestionRow
from vqa.evaluate.pointing import AboutClass


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
    grid = box_grid([["cat", 0.0, 0.5, 0.5, 1.0]], (4, 2))[:, cat].view(4, 2)
    assert grid.tolist() == [[0, 0], [0, 0], [1, 0], [1, 0]]
    for nowhere in ([1.2, 0.5, 1.5, 1.0], [0.5, 0.5, 0.5, 1.0]):  # outside, or without area
        assert box_grid([["cat", *nowhere]], (4, 2)).sum() == 0
    assert box_grid([["unicorn", 0.0, 0.5, 0.5, 1.0]], (4, 2)).sum() == 0


def test_a_tiny_box_still_marks_the_cell_it_lies_in():
    grid = box_grid([["sofa", 0.55, 0.05, 0.56, 0.06]], (2, 2))[:, COCO_CLASSES.index("couch")]
    assert grid.tolist() == [0, 1, 0, 0]


def test_a_box_covers_the_patches_whose_centre_it_holds_its_border_included():
    covered = patches_in_box((0.05, 0.1, 0.25, 0.3), (10, 10))  # the centres of rows 1 and 2, and of columns 0 to 2
    assert covered.nonzero().tolist() == [[1, 0], [1, 1], [1, 2], [2, 0], [2, 1], [2, 2]]
    assert patches_in_box((0.0, 0.42, 1.0, 0.44), (10, 10)).nonzero().tolist() == [[4, 5]]  # between two rows
    assert patches_in_box((-1.0, 0.5, 2.0, 3.0), (2, 2)).tolist() == [[False, False], [True, True]]


def test_training_and_measuring_agree_about_what_a_box_covers():
    rng = random.Random(0)
    for _ in range(200):
        (x1, x2), (y1, y2) = (sorted(rng.sample(range(101), 2)) for _ in range(2))
        box = (x1 / 100, y1 / 100, x2 / 100, y2 / 100)
        trained = box_grid([["cat", *box]], (10, 10)).any(1).view(10, 10)
        measured = AboutClass(QuestionRow("p", "is there a cat?"), "cat", (box,)).target((10, 10))
        assert trained.tolist() == measured.tolist() and measured.any()


def test_frequent_words_come_in_one_order_in_every_process():
    said = {f"p{i}": {"zebra", "apple", "moon"} | ({"cat"} if i else set()) for i in range(3)}
    assert frequent_words(said, 2) == ["apple", "moon", "zebra", "cat"]
    assert frequent_words(said, 3) == ["apple", "moon", "zebra"]
