"""What a question must be to be asked."""

import pytest

from vqa.common.english import is_english
from vqa.ui.checks import MOST_TO_CHOOSE, allowed_answers, among_problem, question_problem


@pytest.mark.parametrize(
    "question",
    [
        "What color is the cat?",
        "cat?",
        "Is the café open?",
        "how many 7-Eleven signs",
        "What does 'la' mean?",
        "🐈?",
        "What does “停车” say?",
        "Is it 5 µm wide?",
        "Is this Los Angeles?",
        "Los Angeles?",
        "Is the angle α right?",
    ],
)
def test_english_questions_pass(question):
    assert is_english(question)


@pytest.mark.parametrize(
    "question",
    ["这只猫是什么颜色？", "какого цвета кот?", "¿de qué color es el gato?", "de quelle couleur est le chat ?",
     "“猫”", "这是“cat”吗？", "La casa es roja", "α β γδ",
     "welche Farbe hat die Katze?", "この猫は何色ですか", "ما لون القطة؟", "di che colore è il gatto?"],
)  # fmt: skip
def test_other_languages_are_noticed(question):
    assert not is_english(question)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "Type a question"),
        (" \n?!", "Type a question"),
        ("why " * 200, "800 characters"),
        ("por qué", "English only"),
        ("what is this?" + " ?!" * 90, "tokens (words"),
    ],
)
def test_what_cannot_be_asked_gets_a_reason(question, said, tiny_predictor):
    assert said in question_problem(question, tiny_predictor, "en") and question_problem(question, tiny_predictor, "zh")
    assert question_problem("Why?", tiny_predictor, "en") == ""


def test_a_list_of_answers_is_read_as_people_write_it():
    assert allowed_answers("cat, dog;  cat\n tennis   racket ，bird、") == ["cat", "dog", "tennis racket", "bird"]
    assert allowed_answers(" , ;") == allowed_answers("") == []


@pytest.mark.parametrize(
    ("among", "said"),
    [("猫", "not English"), ("red " * 99, "too long"), (",".join(map(str, range(MOST_TO_CHOOSE + 1))), "At most")],
)
def test_answers_that_cannot_be_chosen_among_get_a_reason(tiny_predictor, among, said):
    assert said in among_problem(among, tiny_predictor, "en") and among_problem(among, tiny_predictor, "zh")
    assert among_problem("cat, dog", tiny_predictor, "en") == ""
