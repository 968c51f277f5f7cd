"""Answers as a visitor reads them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vqa.inference.predictor import Answer, Prediction, Question, Similarity
from vqa.ui.answers import answers_html, history_html, sureness
from vqa.ui.markup import choice
from vqa.ui.visit import COMPARE, Turn, Visit

QUESTION = "what color is the cat?"
HOSTILE = "<img src=x onerror=alert(1)>"


def prediction(answer: str, probability: float, variant: str = "aligned", sure: bool = True) -> Prediction:
    timings = {"image": 40.0, "question": 3.0, "fusion": 2.0, "decode": 5.0, "total": 50.0}
    return Prediction(QUESTION, variant, [Answer(answer, probability), Answer("other", 0.05)], sure, timings)


def similarity(percentile: float | None) -> Similarity:
    return Similarity(0.31, ["cat"], np.full((1, 3, 3), 0.1), percentile, percentile)


def read(text: str) -> Question:
    return Question(text, (), *[torch.zeros(1, 0)] * 3)


def turn(first: bool = True, **answers: Prediction) -> Turn:
    question_only = {name: prediction("black", 0.2, name) for name in answers}
    similarities = {name: similarity(80.0) for name in answers} if len(answers) > 1 else {}
    return Turn(read(QUESTION), COMPARE if len(answers) > 1 else "aligned", answers, question_only, similarities, first)


@pytest.fixture
def visited(tiny_predictor, photo) -> Visit:
    return Visit(tiny_predictor.encode(photo))


# Answers


@pytest.mark.parametrize(
    ("probability", "sure", "words"),
    [(0.95, True, "very"), (0.7, True, "fairly"), (0.5, True, "leaning"), (0.7, False, "guess"), (0.1, False, "guess")],
)
def test_words_for_confidence(probability, sure, words):
    assert sureness(prediction("cat", probability, sure=sure)) == words


def test_what_others_wrote_comes_out_as_text(visited):
    asked = replace(
        turn(aligned=prediction(HOSTILE, 0.6)), asked=read(HOSTILE), question_only={"aligned": prediction(HOSTILE, 0.5)}
    )
    visit = replace(visited, turns=(asked,), current=0)
    html = answers_html(visit, "en") + history_html(visit, "en") + choice(HOSTILE, HOSTILE, note=HOSTILE)
    assert "<img" not in html and "&lt;img" in html


def test_the_card_says_whether_looking_mattered(visited):
    same = replace(visited, turns=(turn(aligned=prediction("black", 0.6)),), current=0)
    other = replace(visited, turns=(turn(aligned=prediction("white", 0.6)),), current=0)
    assert "would say the same" in answers_html(same, "en")
    assert "The photograph changed its mind" in answers_html(other, "en")


def test_a_follow_up_says_what_was_saved(visited):
    answer = replace(prediction("cat", 0.9), timings_ms={"image": 0.0, "question": 3.0, "fusion": 2.0, "decode": 5.0})
    photo = replace(visited.photo, image_ms=40.0)
    visit = replace(visited, photo=photo, turns=(turn(first=False, aligned=answer),), current=0)
    assert "10 ms instead of 50 ms, 80 % less" in answers_html(visit, "en")


def test_a_comparison_tells_the_truth_where_unaligned_does_better(visited):
    results = {
        "aligned": {"benchmarks": {"coco-qa": {"accuracy": 0.5}, "vsr": {"accuracy": 0.6}}},
        "unaligned": {"benchmarks": {"coco-qa": {"accuracy": 0.4}, "vsr": {"accuracy": 0.7}}},
    }
    asked = turn(aligned=prediction("cat", 0.4), unaligned=prediction("dog", 0.8, "unaligned"))
    html = answers_html(replace(visited, turns=(asked,), current=0), "en", results)
    assert "unaligned is the surer one (80 % against 40 %)" in html
    assert "aligned : unaligned – coco-qa 50 % : 40 %, vsr 60 % : 70 %." in html
    assert "above 80 % of mismatched pairs" in html
