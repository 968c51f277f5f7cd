"""Answers as a visitor reads them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vqa.inference.predictor import Answer, Prediction, Question, Similarity
from vqa.ui.answers import answers_html, descriptions_html, history_html, say, suggestions_html, sureness
from vqa.ui.markup import choice
from vqa.ui.suggestions import Suggestion
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


def shown(visited, asked, language="en") -> str:
    return answers_html(replace(visited, turns=(asked,), current=0), language)


@pytest.mark.parametrize(
    ("answer", "probability", "sure", "said"),
    [
        ("black", 0.3, True, "Without the photo it would say the same: “black” (20 %)."),
        ("black", 0.79, True, "Without the photo it would guess the same, at 20 %; the photo made it 79 %."),
        ("black", 0.35, True, "Without the photo it would guess the same, at 20 %; the photo made it 35 %."),
        ("black", 0.41, False, "Without the photo it would say the same: “black” (20 %)."),
        ("white", 0.6, True, "Without the photo it would say “black” (20 %). The photo changed its mind."),
        ("white", 0.3, False, "Without the photo its first guess would be “black” (20 %)."),
    ],
)
def test_the_card_says_what_the_photo_did(visited, answer, probability, sure, said):
    html = shown(visited, turn(aligned=prediction(answer, probability, sure=sure)))
    assert said in html and ("changed its mind" in html) == ("changed its mind" in said)


def test_below_the_threshold_the_card_leads_with_not_knowing(visited):
    unsure = shown(visited, turn(aligned=prediction("cat", 0.22, sure=False)))
    assert '<p class="big">I don&#x27;t know</p>' in unsure and "My guess would be “cat”." in unsure
    sure = shown(visited, turn(aligned=prediction("cat", 0.9)))
    assert '<p class="big">cat</p>' in sure and "know" not in sure


def test_a_choice_among_some_says_so(visited):
    closed = replace(prediction("cat", 0.6), choices=("cat", "dog"))
    assert "Chosen among: cat, dog." in shown(visited, turn(aligned=closed))
    listed = replace(turn(aligned=closed), answers=("cat", "dog"))
    html = shown(visited, listed)
    assert "Only your answers were allowed: cat, dog. The remainder to 100 %" in html and "Chosen among" not in html


def test_a_screen_reader_hears_the_answer():
    assert say(prediction("cat", 0.22, sure=False), "en") == "Answer: cat, 22 %, a guess"
    assert say(prediction("cat", 0.22, sure=False), "zh") == "答案：cat，22 %，猜测"


def test_a_chinese_reader_gets_glosses_of_answers_questions_and_sentences(visited):
    asked = turn(aligned=prediction("cat", 0.9))
    assert '<p class="big">cat（猫）</p>' in shown(visited, asked, "zh") and "猫" not in shown(visited, asked, "en")
    compared = turn(aligned=prediction("cat", 0.9), unaligned=prediction("cat", 0.8, "unaligned"))
    assert "两个模型都回答“cat（猫）”" in shown(visited, compared, "zh")
    assert "cat（猫）" in history_html(replace(visited, turns=(asked,), current=0), "zh")
    offered = replace(visited, suggestions=(Suggestion("Is there a cat?", "图片里有猫吗？"),))
    assert "图片里有猫吗？" in suggestions_html(offered, "zh") and "猫" not in suggestions_html(offered, "en")
    described = replace(visited, descriptions={"aligned": prediction("a cat on a table", 0.1)})
    assert "cat 猫，table 桌子" in descriptions_html(described, "zh")
    assert "often names things that are not there" in descriptions_html(described, "en")


def test_only_examples_have_a_link(visited):
    asked = turn(aligned=prediction("cat", 0.9))
    example = replace(visited, example="cat", turns=(asked,), current=0)
    assert 'href="?example=cat&amp;q=what+color+is+the+cat%3F&amp;model=aligned&amp;lang=zh"' in answers_html(
        example, "zh"
    )
    assert "example=" not in shown(visited, asked)
    listed = replace(example, turns=(replace(asked, answers=("cat", "polar bear")),))
    assert "&amp;among=cat%2C+polar+bear" in answers_html(listed, "en")


def test_a_follow_up_says_what_was_saved(visited):
    answer = replace(prediction("cat", 0.9), timings_ms={"image": 0.0, "question": 3.0, "fusion": 2.0, "decode": 5.0})
    photo = replace(visited.photo, image_ms=40.0)
    visit = replace(visited, photo=photo, turns=(turn(first=False, aligned=answer),), current=0)
    assert "Photo already encoded: 10 ms instead of 50 ms" in answers_html(visit, "en")


def test_a_comparison_tells_the_truth_where_unaligned_does_better(visited):
    asked = turn(aligned=prediction("cat", 0.4), unaligned=prediction("dog", 0.8, "unaligned"))
    html = answers_html(replace(visited, turns=(asked,), current=0), "en")
    assert "unaligned is the surer one (80 % against 40 %)" in html
    assert "mismatched" not in html  # a question has no place on a scale of captions
