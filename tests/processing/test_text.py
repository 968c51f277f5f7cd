"""Questions and answers as texts: what is cleaned, and what counts as the same."""

import pytest

from vqa.processing.text import (
    QuestionError,
    clean_question,
    clean_text,
    is_blank,
    normal_form,
    normalise,
    normalise_vqa,
    visible_lines,
)

NFC, NFD = "Caf\u00e9", "Cafe\u0301"  # that look the same


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Garbage_Bin", "garbage bin"),
        ("  two   words ", "two words"),
        ("Yes.", "yes"),
        ("3.5", "3.5"),
        ("ΣΑΣ", "σασ"),
        ("½", "1⁄2"),
        ("Straße", "strasse"),
        (NFD, "caf\u00e9"),
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


def test_the_same_letters_are_the_same_text():
    assert normal_form(NFD) == normal_form(NFC) == NFC
    assert clean_question(f"Is this a {NFD}?") == f"Is this a {NFC}?"
    assert normalise_vqa(f"the {NFD}") == normalise_vqa(NFC) == "caf\u00e9"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\ufeffa cat", "a cat"),  # what Windows writes at the beginning of a file
        ("tennis\u00a0racket", "tennis racket"),
        ("ten\u00adnis\u200b", "tennis"),
        ("two\u2028lines\r\n", "two lines"),
        ("\ud800a", "a"),
        ("👩\u200d🚒", "👩🚒"),
    ],
)
def test_what_formats_is_left_out_and_what_separates_is_a_space(text, clean):
    assert clean_text(text) == clean == clean_text(clean)


BLANKS = ["", " ", "\u200b", "\ufeff\u00a0", "\u3164", "\u2800", "\ufe0f", "\u0000", "\u2066\u2069", "\U000e0020"]


@pytest.mark.parametrize("blank", BLANKS)
def test_what_cannot_be_seen_is_no_answer_and_no_question(blank):
    assert is_blank(blank) and visible_lines([blank, "a", blank]) == ["a"]
    with pytest.raises(QuestionError, match="Type a question"):
        clean_question(blank)


def test_a_list_keeps_its_own_text_but_for_the_space_around_it():
    lines = ["  New York ", "½", "T-Shirt", NFD, "?", "👩\u200d🚒"]
    assert visible_lines(lines) == ["New York", "½", "T-Shirt", NFD, "?", "👩\u200d🚒"]
    assert not any(is_blank(line) for line in lines)


@pytest.mark.parametrize(("accents", "is_read"), [(500, True), (501, False)])
def test_characters_are_counted_in_normal_form(accents, is_read):
    question = "e\u0301" * accents
    if is_read:
        assert clean_question(question) == "\u00e9" * 500
    else:
        with pytest.raises(QuestionError, match="The caption has 501 characters; at most 500 are read"):
            clean_question(question, "caption")


@pytest.mark.parametrize("question", ["", "  ", "?!", "\u0000\u0001", "…"])
def test_a_question_without_a_word_is_refused(question):
    with pytest.raises(QuestionError, match="Type a question"):
        clean_question(question)
