"""What a question must be to be asked."""

import pytest

from vqa.common.english import is_english
from vqa.ui.checks import question_problem


@pytest.mark.parametrize(
    "question",
    ["What color is the cat?", "cat?", "Is the café open?", "how many 7-Eleven signs", "What does 'la' mean?", "🐈?"],
)
def test_english_questions_pass(question):
    assert is_english(question)


@pytest.mark.parametrize(
    "question",
    ["这只猫是什么颜色？", "какого цвета кот?", "¿de qué color es el gato?", "de quelle couleur est le chat ?",
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
    ],
)
def test_what_cannot_be_asked_gets_a_reason(question, said):
    assert said in question_problem(question, "en") and question_problem(question, "zh")
    assert question_problem("Why?", "en") == ""
