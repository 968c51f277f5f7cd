"""Differences of two models on the same questions."""

import math

import pytest

from vqa.evaluate.paired import difference, note


def judged(rights):
    return [(f"photo {i % 7}", f"question {i}?", right) for i, right in enumerate(rights)]


def test_a_difference_counts_where_only_one_is_right():
    first, second = [True] * 30 + [False] * 10 + [True] * 4 + [False] * 6, [True] * 30 + [True] * 10 + [False] * 10
    mean, low, high = difference(note(judged(first)), note(judged(second)))
    changes = [a - b for a, b in zip(first, second, strict=True)]
    assert mean == pytest.approx(sum(changes) / 50) == (4 - 10) / 50
    deviation = math.sqrt(sum((change - mean) ** 2 for change in changes) / 50)
    assert (low, high) == pytest.approx(
        (mean - 1.96 * deviation / 50**0.5, mean + 1.96 * deviation / 50**0.5), abs=1e-5
    )


def test_the_order_of_the_questions_does_not_matter():
    rights = [True, False, False, True, True, False, True, False, True]
    assert note(judged(rights)) == note(reversed(judged(rights)))
    assert difference(note(judged(rights)), note(reversed(judged(rights)))) == (0, 0, 0)


def test_other_questions_are_not_compared():
    one, *others = judged([True] * 9)
    assert difference(note([one, *others]), note(others)) is None
    assert difference(note([one, *others]), note([("another photo", one[1], True), *others])) is None
