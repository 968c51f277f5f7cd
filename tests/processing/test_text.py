"""Questions and answers as texts: what is cleaned, and what counts as the same."""

import pytest

from vqa.processing.text import QuestionError, clean_question, normalise, normalise_vqa


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Garbage_Bin", "garbage bin"),
        ("  two   words ", "two words"),
        ("Yes.", "yes"),
        ("3.5", "3.5"),
        ("ΣΑΣ", "σας"),
        ("", ""),
        (".", "."),
    ],
)
def test_normalise(given, expected):
    assert normalise(given) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("A dog", "dog"),
        ("none", "0"),
        ("Two", "2"),
        ("on the left, behind", "on left behind"),
        ("t-shirt", "t shirt"),
        ("1,000", "1000"),
        ("st. louis", "st louis"),
        ("2.5", "2.5"),
        ("don't", "dont"),
        ("dont", "dont"),
    ],
)
def test_normalise_vqa_follows_the_official_script(given, expected):
    assert normalise_vqa(given) == expected


def test_questions_lose_control_characters_and_needless_space():
    assert clean_question("  What\tis\u0000 this?\n\u202e ") == "What is this?"


@pytest.mark.parametrize("question", ["", "  ", "?!", "\u0000\u0001", "…"])
def test_a_question_without_a_word_is_refused(question):
    with pytest.raises(QuestionError, match="Type a question"):
        clean_question(question)
