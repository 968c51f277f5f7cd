"""What is known of a photograph: words and boxes."""

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
    grid = box_grid([["cat", 0.0, 0.5, 0.5, 1.0]], (4, 2))[:, cat].view(4, 2)
    assert grid.tolist() == [[0, 0], [0, 0], [1, 0], [1, 0]]
    assert box_grid([["cat", 1.2, 0.5, 1.5, 1.0]], (4, 2)).sum() == 0  # outside
    assert box_grid([["unicorn", 0.0, 0.5, 0.5, 1.0]], (4, 2)).sum() == 0


def test_a_tiny_box_still_marks_the_cell_it_lies_in():
    grid = box_grid([["sofa", 0.55, 0.05, 0.56, 0.06]], (2, 2))[:, COCO_CLASSES.index("couch")]
    assert grid.tolist() == [0, 1, 0, 0]


def test_frequent_words_come_in_one_order_in_every_process():
    said = {f"p{i}": {"zebra", "apple", "moon"} | ({"cat"} if i else set()) for i in range(3)}
    assert frequent_words(said, 2) == ["apple", "moon", "zebra", "cat"]
    assert frequent_words(said, 3) == ["apple", "moon", "zebra"]
