"""The pointing game: what is asked, and what is a hit."""

import numpy as np
import pytest

from vqa.data.images import ImageStore
from vqa.data.questions import QuestionRow
from vqa.evaluate.pointing import AboutClass, existence_questions, measure_pointing, questions_about_classes
from vqa.evaluate.trials import (
    Subject,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_box_covers_the_patches_whose_centre_it_holds_and_at_least_one():
    about = AboutClass(QuestionRow("p", "is there a dog"), "dog", ((0.0, 0.0, 0.5, 0.6),))
    assert about.target((2, 5)).astype(int).tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    small = AboutClass(QuestionRow("p", "is there a dog"), "dog", ((0.81, 0.95, 0.85, 1.0),))
    assert np.argwhere(small.target((2, 5))).tolist() == [[1, 4]]


ROWS = [
    {
        "image_id": "p",
        "boxes": [["dog", 0, 0, 1, 1], ["dog", 0.5, 0.5, 1, 1], ["cup", 0, 0, 1, 1], ["person", 0, 0, 1, 1]],
    }
]


def test_a_question_counts_where_it_is_about_one_boxed_class():
    asked = [
        QuestionRow("p", "is the dog wet", "no"),
        QuestionRow("p", "what is on the cup", "dog"),  # the answer is what is asked about
        QuestionRow("p", "what is the dog holding", "ball"),  # names one thing and asks for another
        QuestionRow("p", "is the dog in the cup", "no"),  # two classes
        QuestionRow("p", "is the bus red", "no"),  # no class that is boxed
        QuestionRow("q", "is the dog wet", "no"),  # no boxes
    ]
    found = questions_about_classes(asked, ROWS)
    assert [item.question for item in found] == asked[:2]
    assert [item.name for item in found] == ["dog", "dog"] and found[0].boxes == ((0, 0, 1, 1), (0.5, 0.5, 1, 1))


def test_every_class_but_persons_is_asked_for():
    found = existence_questions(ROWS)
    assert [(item.question.question, len(item.boxes)) for item in found] == [
        ("is there a dog in the photo?", 2),
        ("is there a cup in the photo?", 1),
    ]


class KnownMaps(Subject):
    """Maps given by hand: relevance always marks the box, attention never, rollout and occlusion are flat."""

    def maps(self, model, states, batch, answers, method):
        one = np.full(model.grid_size, 0.5)
        if method == "relevance":
            one[0, 0] = 1
        if method == "attention":
            one[2, 2] = 1
        return np.repeat(one[None], len(batch), axis=0)


def test_the_pointing_game_counts_hits_against_chance(photos, tiny_predictor):
    store = ImageStore([photos / "photos"])
    asked = [AboutClass(QuestionRow(f"p{i}", "is there a dog"), "dog", ((0, 0, 0.3, 0.3),)) for i in range(7)]
    found = measure_pointing(KnownMaps(tiny_predictor, "aligned", store), asked, 0)
    assert found["count"] == 7 and found["chance"] == pytest.approx(1 / 9)
    methods = found["methods"]
    assert methods["relevance"]["hits"]["mean"] == 1 and methods["relevance"]["ratio"] == pytest.approx(9)
    assert methods["attention"]["hits"]["mean"] == 0
    assert methods["rollout"]["hits"]["mean"] == pytest.approx(1 / 9) and methods["centre"]["ratio"] == 0
