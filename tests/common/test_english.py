"""Plurals and articles of the questions that are made."""

import pytest

from vqa.common.english import alternatives, is_plural, plural, with_article


@pytest.mark.parametrize(
    "one, several",
    [
        ("dog", "dogs"),
        ("bus", "buses"),
        ("glass", "glasses"),
        ("bench", "benches"),
        ("berry", "berries"),
        ("boy", "boys"),
        ("woman", "women"),
        ("teddy bear", "teddy bears"),
        ("sheep", "sheep"),
    ],
)
def test_plurals_follow_the_rules_and_the_exceptions(one, several):
    assert plural(one) == several
    assert plural(several) == several
    assert is_plural(several) and (one == several or not is_plural(one))


def test_one_thing_has_an_article():
    assert with_article("dog") == "a dog"
    assert with_article("orange cat") == "an orange cat"
    assert with_article("scissors") == "scissors"


@pytest.mark.parametrize(
    "question, offered",
    [
        ("Is it day or night?", ("day", "night")),
        ("Is this a cat or a dog?", ("cat", "dog")),
        ("is this indoors or outdoors", ("indoors", "outdoors")),
        ("Is the wall red, blue, or green?", ("red", "blue", "green")),
        ("Is the dog on the left or on the right?", ("left", "right")),
        ("What is this, a cat or a dog?", ("cat", "dog")),
        ("Which is bigger, the cat or the dog?", ("cat", "dog")),
        ("Is this a hot dog or a pizza?", ("hot dog", "pizza")),
        ("Is the cat black and white or gray?", ("black and white", "gray")),
    ],
)
def test_alternatives_are_found(question, offered):
    assert alternatives(question) == offered


@pytest.mark.parametrize(
    "question",
    [
        "What color is the floor?",
        "Is there a cat or a dog?",
        "Do you see a boat or a ship?",
        "Does the room have a bed or a sofa?",
        "Is it raining or not?",
        "Are there two or more?",
        "or",
        "Is it or?",
        "",
        "Is it red or red?",
    ],
)
def test_a_question_without_a_choice_offers_nothing(question):
    assert alternatives(question) == ()
