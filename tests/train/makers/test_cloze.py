"""Questions made from captions ask for what the captions say."""

from collections import Counter

import pytest

from vqa.train.makers import cloze
from vqa.train.makers.cloze import Patterns, asked_by, from_captions, statement

ANSWERS = {
    "object": "dog dogs bicycle hat bench cat desk computer tracks train view",
    "location": "kitchen field",
    "color": "red black",
    "number": "two three",
}


def row(image_id="q", question="what is it?", answer="dog", kind="object", source="coco-qa"):
    return {"image_id": image_id, "question": question, "answer": answer, "type": kind, "source": source}


@pytest.fixture
def questions():
    return [row(answer=answer, kind=kind) for kind, answers in ANSWERS.items() for answer in answers.split()]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a man in a red hat", {"what is the color of the hat?": "red"}),
        ("a black and red hat", {}),  # two colors
        ("a red train track", {}),  # the color of the track
        ("two men playing on a street", {"how many men are playing on a street?": "two"}),
        ("three men play on a street", {"how many men play on a street?": "three"}),
        ("a small dog runs on a street", {"what runs on a street?": "dog"}),
        ("the dog in the snow", {"what is in the snow?": "dog"}),
        ("several dogs running in the snow", {"what are running in the snow?": "dogs"}),
        ("a view of a street", {}),  # a view is no thing
        ("a man is riding a bicycle down a hill", {"what is the man riding down a hill?": "bicycle"}),
        ("a man with a beard sitting on a bench", {"what is the man with a beard sitting on?": "bench"}),
        ("a man who sings is riding a bicycle", {}),
        ("a woman catches a bicycle", {"what does the woman catch?": "bicycle"}),
        ("a woman carries a bicycle up a hill", {"what does the woman carry up a hill?": "bicycle"}),
        ("a woman is cooking in the kitchen", {"where is the woman cooking?": "kitchen"}),
        ("a man standing around in a big kitchen", {}),  # "big kitchen" is no place that answers name
        ("the girl wearing what sits on a bench", {}),
    ],
)
def test_a_sentence_is_asked_for_what_it_says(questions, sentence, expected):
    assert dict(asked_by(sentence, Patterns(questions))) == expected


@pytest.mark.parametrize(
    ("question", "answer", "kind", "expected"),
    [
        ("what is sitting on the desk?", "cat", "object", "the cat is sitting on the desk"),
        ("what is the cat sitting on in a room?", "desk", "object", "the cat sitting on a desk in a room"),
        ("where is the white toilet sitting?", "bathroom", "location", "the white toilet sitting in the bathroom"),
        ("what does the man use?", "phone", "object", "what does the man use"),
        ("what is the color of the hat?", "red", "color", "what is the color of the hat"),
    ],
)
def test_a_question_is_turned_back_into_its_sentence(question, answer, kind, expected):
    assert statement(question, answer, kind) == expected


def test_what_captions_disagree_about_or_was_asked_already_is_left_out(questions):
    captions = [
        {"image_id": "a", "captions": ["A red hat .", "A black hat ."]},
        {"image_id": "b", "captions": ["A red hat .", "The red hat", "A dog runs on grass."]},
    ]
    questions += [row("b", "what is on grass?", "dog"), row("c", "what is on the red bench?", "cat")]
    made = {(e.image_id, e.question, e.answers) for e in from_captions(captions, questions, seed=0)}
    assert made == {
        ("b", "what is the color of the hat?", ("red",)),
        ("c", "what is the color of the bench?", ("red",)),
    }


def test_no_answer_is_drawn_too_often(questions, monkeypatch):
    monkeypatch.setattr(cloze, "MOST_OF_AN_ANSWER", 3)
    captions = [{"image_id": f"i{n}", "captions": ["a red hat" if n % 5 else "a black hat"]} for n in range(20)]
    made = from_captions(captions, questions, seed=0)
    assert Counter(e.answers for e in made) == {("red",): 3, ("black",): 3}
    assert made == from_captions(captions, questions, seed=0)


def test_without_questions_of_that_kind_nothing_is_made():
    captions = [{"image_id": "a", "captions": ["a red dog runs on a street"]}]
    assert from_captions(captions, [row(source="other")], seed=0) == []
