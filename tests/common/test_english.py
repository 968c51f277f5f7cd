"""Plurals and articles of the questions that are made."""

import pytest

from vqa.common.english import is_plural, plural, with_article


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
