"""Facts are asked for openly, and in pairs of photographs that give nothing away."""

import random
from collections import Counter, defaultdict

import pytest

from vqa.common.english import with_article
from vqa.train.makers import facts
from vqa.train.makers.facts import Asking, Fact, apart, phrased, questions_of, unlike

ANIMAL = Asking(
    open=("what is {of}",), either=("is {} or {} {of}",), whether=("is there {} {of}",), spoken=with_article
)


def made(values, asking=ANIMAL, of="on the rug", said=None, seed=0):
    found = [Fact(f"i{number}", asking, value, of) for number, value in enumerate(values)]
    return questions_of(found, said or {}, seed)


def plain(question):
    return question.lower().rstrip("?")


def by_question(examples):
    answers = defaultdict(Counter)
    for example in examples:
        answers[plain(example.question)][example.answers[0]] += 1
    return answers


def test_every_question_of_two_answers_has_each_as_often():
    """And both answers come first as often as last, however rare one of them is."""
    answers = by_question(made(["cat"] * 30 + ["dog"] * 20 + ["owl"] * 4))
    offered = {question: said for question, said in answers.items() if " or " in question}
    whether = {question: said for question, said in answers.items() if question.startswith("is there")}
    assert {"is a cat or a dog on the rug", "is a dog or a cat on the rug", "is there an owl on the rug"} <= set(
        answers
    )
    for question, said in offered.items():
        assert len(said) == 2 and len(set(said.values())) == 1, question
    for question, said in whether.items():
        assert said["yes"] == said["no"] > 0, question
    first = sum(said.total() for question, said in offered.items() if question == "is a cat or a dog on the rug")
    last = sum(said.total() for question, said in offered.items() if question == "is a dog or a cat on the rug")
    assert 0 <= first - last <= 2


def test_answers_are_true():
    values = ["cat", "dog", "owl"] * 7
    for example in made(values):
        value, [answer] = values[int(example.image_id[1:])], example.answers
        if answer in ("yes", "no"):
            assert (answer == "yes") == (f" {value} " in example.question)
        else:
            assert answer == value and (" or " not in example.question or f" {value} " in example.question)


def test_nothing_is_denied_that_is_said():
    said = {f"i{number}": {"cat", "dog"} for number in range(10)}
    assert {plain(e.question) for e in made(["cat", "dog"] * 5, said=said)} == {"what is on the rug"}


def test_no_answer_is_more_frequent_than_all_others_together(monkeypatch):
    answers = by_question(made(["cat"] * 30 + ["dog"] * 5 + ["owl"] * 2))
    assert answers["what is on the rug"] == {"cat": 7, "dog": 5, "owl": 2}
    assert made(["cat"] * 5) == []
    monkeypatch.setattr(facts, "MOST_OF_AN_ANSWER", 3)
    answers = by_question(made(["cat"] * 30 + ["dog"] * 5 + ["owl"] * 2))
    assert answers["what is on the rug"] == {"cat": 3, "dog": 3, "owl": 2}


def test_what_a_photograph_has_two_of_is_asked_only_where_both_are_right():
    twice = [Fact("a", ANIMAL, "cat", "here"), Fact("a", ANIMAL, "dog", "here"), Fact("b", ANIMAL, "owl", "here")]
    assert {e.image_id for e in questions_of([*twice, Fact("c", ANIMAL, "cat", "here")], {}, 0)} == {"b", "c"}
    many = Asking(open=("what is {of}",), either=("is it {} or {}",), many=True)
    examples = questions_of([Fact(f.image_id, many, f.value, f.of) for f in twice], {}, 0)
    assert {(e.image_id, e.answers) for e in examples} == {("a", ("cat", "dog")), ("b", ("owl",))}
    assert not any(" or " in e.question for e in examples)  # of one that is told of both none can be denied


def test_a_question_does_not_tell_its_answer():
    assert made(["sign", "cat"] * 3, of="below the stop sign") == []


def test_values_that_are_alike_are_not_told_apart():
    assert apart("red", "blue") and not apart("black", "black and white")
    excludes = unlike("""
        red|pink
        blue|purple
    """)
    assert excludes("red", "blue") and not excludes("pink", "red") and not excludes("blue", "purple")
    asking = Asking(whether=("is it {}",), excludes=excludes)
    assert made(["red", "pink"] * 3, asking) == [] and made(["red", "blue"] * 3, asking) != []


def test_what_an_example_is_about_is_known():
    assert {e.about for e in made(["cat", "dog"] * 3) if e.answers[0] in ("cat", "dog")} == {"cat", "dog"}


def test_the_same_seed_makes_the_same_questions():
    values = ["cat", "dog", "owl"] * 9
    assert made(values) == made(values) != made(values, seed=1)


@pytest.mark.parametrize("form", ["what is it", "What is it", "what is it?", "What is it?"])
def test_questions_are_phrased_as_visitors_do(form):
    rng = random.Random(0)
    assert form in {phrased("what is it", rng) for _ in range(50)}
