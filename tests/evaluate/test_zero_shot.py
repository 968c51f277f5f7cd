"""Answers by cosine alone: embeddings made by hand, and the figures of answers."""

from types import SimpleNamespace

import numpy as np
import pytest

from vqa.data.questions import QuestionRow
from vqa.evaluate.zero_shot import classify, summarise

AXES = {"a photo of a cat": 0, "a photo of an umbrella": 1, "a photo of people": 2}
ANSWERS = ["cat", "umbrella", "people"]
SEEN = {"x": [0.2, 0.9, 0.1], "y": [0.9, 0.2, 0.1]}  # a photograph's place, axis by axis


class Store(dict):
    def open(self, image_id):
        return image_id


def predictor(opened: list[str]):
    def encode(image_id):
        opened.append(image_id)
        return image_id

    def ask_many(photos, questions, variant, answers):
        assert answers == ANSWERS
        return [SimpleNamespace(answer={"x": "Cat", "y": "people"}[photo]) for photo in photos]

    return SimpleNamespace(
        encode=encode,
        embed_photos=lambda photos, variant: np.array([SEEN[photo] for photo in photos]),
        embed_texts=lambda texts, variant: np.eye(3)[[AXES[text] for text in texts]],
        ask_many=ask_many,
    )


def test_the_nearest_text_is_the_answer_and_closed_search_has_its_own():
    asked = [("x", "what is it"), ("y", "what is it"), ("x", "what is that")]
    questions = [QuestionRow(image_id, question, "cat") for image_id, question in asked]
    opened = []
    found = classify(predictor(opened), Store.fromkeys("yx"), questions, ANSWERS, "aligned", 2)
    assert found == [("umbrella", "cat"), ("cat", "people"), ("umbrella", "cat")]
    assert opened == ["y", "x"]  # each photograph once, in the store's order


def test_a_question_without_its_photograph_is_named():
    questions = [QuestionRow("z", "what is it", "cat")]
    with pytest.raises(ValueError, match="'what is it' about z: .*no photograph 'z'"):
        classify(predictor([]), Store.fromkeys("yx"), questions, ANSWERS, "aligned")


def test_figures_of_four_answers():
    questions = [QuestionRow("x", "what", answer) for answer in ("Cat", "umbrella", "people", "cat")]
    found = [("cat", "cat"), ("cat", "umbrella"), ("cat", "people"), ("people", "umbrella")]
    report = summarise(questions, found, ANSWERS)
    assert (report["count"], report["answers"], report["chance"]) == (4, 3, pytest.approx(1 / 3))
    assert (report["cosine"]["accuracy"], report["closed_search"]["accuracy"], report["majority"]) == (0.25, 0.75, 0.5)
    low, high = report["cosine"]["interval"]
    assert 0 < low < 0.25 < high < 1
