"""All makers together, on captions, boxes and labels of one's own: what holds for every question that is made."""

from collections import Counter, defaultdict

import pytest

from vqa.data.labels import content_words
from vqa.train.makers.sources import made_questions, words_said

WHO = "a man,a young girl,a woman in a red shirt,two dogs,a black cat,a brown dog,a white horse,three boys".split(",")
DOES = "sitting on a bench,standing next to a car,running,holding a ball,riding a bicycle,lying on a bed".split(",")
WHERE = "in the kitchen,on the street at night,on a sunny beach,in the snow,in a park,in a bathroom".split(",")
CAPTIONS = [
    {"image_id": f"{who}/{does}/{where}", "captions": [f"{who} {does} {where}."], "split": "train"}
    for who in WHO
    for does in DOES
    for where in WHERE
]
BOXES = [{"image_id": row["image_id"], "classes": "all", "boxes": [["bench", 0, 0, 1, 1]]} for row in CAPTIONS[::3]]
LABELS = [{"image_id": row["image_id"], "labelled": True, "labels": ["bench"]} for row in CAPTIONS[1::3]]
QUESTIONS = [
    {
        "image_id": CAPTIONS[0]["image_id"],
        "question": "what is it?",
        "answer": noun,
        "type": "object",
        "source": "coco-qa",
    }
    for noun in "bench car ball bicycle bed dog cat horse man shirt".split()
]
SOURCES = ("scene", "thing", "action", "color", "place", "count", "existence", "from-captions")
SYNONYMS = {"seated": "sitting"}


@pytest.fixture(scope="module")
def made():
    return made_questions(QUESTIONS, CAPTIONS, BOXES, LABELS, seed=0)


@pytest.fixture(scope="module")
def in_pairs(made):
    """Of each question that a pair was asked, how often it has which answer."""
    answers = defaultdict(Counter)
    for name in set(SOURCES) - {"existence", "from-captions"}:
        for example in made[name]:
            if " or " in example.question or example.answers[0] in ("yes", "no"):
                answers[name, example.question.lower().rstrip("?")][example.answers[0]] += 1
    return answers


def test_every_maker_finds_something(made):
    assert set(made) == set(SOURCES) and all(len(made[name]) > 20 for name in SOURCES)


def test_the_same_seed_makes_the_same(made):
    assert made_questions(QUESTIONS, CAPTIONS, BOXES, LABELS, seed=0) == made


def test_a_question_of_two_answers_has_both_as_often(in_pairs):
    assert len(in_pairs) > 100
    for question, said in in_pairs.items():
        assert len(said) == 2 and len(set(said.values())) == 1, (question, said)


def test_two_answers_are_offered_in_both_orders(in_pairs):
    offered = {question for _, question in in_pairs if " or " in question}
    assert {"is it day or night", "is it night or day"} <= offered


def test_nothing_that_is_said_is_denied(made):
    said = words_said(QUESTIONS, CAPTIONS, BOXES)
    for example in made["existence"]:
        if example.answers == ("no",):
            assert not content_words(example.question) & said[example.image_id], example
    denied = [e for name in ("thing", "color", "action") for e in made[name] if e.answers == ("no",)]
    asked = {(e.image_id, e.question.lower().rstrip("?")) for e in denied}
    confirmed = {
        (e.image_id, e.question.lower().rstrip("?")) for s in made.values() for e in s if e.answers == ("yes",)
    }
    assert denied and not asked & confirmed


def test_no_open_question_tells_its_answer(made):
    for name in set(SOURCES) - {"existence", "from-captions"}:
        for example in made[name]:
            if " or " not in example.question:
                assert not content_words(" ".join(example.answers)) & content_words(example.question), example


def test_no_answer_to_open_questions_is_half_of_them(made):
    for name in ("scene", "thing", "action", "color", "place"):
        said = Counter(
            e.answers[0] for e in made[name] if e.question.lower().startswith(("what", "who", "where", "how"))
        )
        assert max(said.values()) <= said.total() / 2, (name, said)


def test_what_is_asked_with_yes_is_said():
    row = {"image_id": "a", "question": "Is there a tree?", "answer": "yes", "source": "s"}
    assert "tree" in words_said([row], [], [])["a"]
    assert words_said([row | {"answer": "no"}], [], []) == {}
