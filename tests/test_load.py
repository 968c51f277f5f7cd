"""Visitors at once, in short; `make stress` has many of them for minutes (`python -m tests.load`)."""

import os

import pytest

from tests.browser import served
from tests.load import alone, same, soak, visit
from vqa.evaluate.tables import load_table


@pytest.fixture(scope="module")
def address(tiny_predictor) -> str:
    with served(tiny_predictor) as url:
        yield url


def test_visitors_at_once_are_told_what_one_alone_is_told(address):
    expected = alone(address, photographs=2)
    assert len({tuple(answer["probability"] for answer in known) for known in expected.values()}) > 1
    found = visit(address, expected, visitors=4, seconds=2)
    assert found["answers"] >= 4 and found["errors"] == found["different"] == found["refused"] == 0
    assert 0 < found["p50"] <= found["p95"] <= found["seconds"]
    other = {asked: [{"answer": "?", "probability": 0.5}] for asked in expected}
    assert visit(address, other, visitors=1, seconds=0.1)["different"] >= 1


def test_a_visitor_who_stays_leaves_nothing_behind(address):
    found = soak(address, os.getpid(), questions=20, photographs=5)
    assert found["questions"] == 20 and found["photographs"] == 5
    before, after = found["memory_mb"]
    assert 0 < after < before + 100
    assert "20 questions about 5 photographs" in load_table({"visits": [], "soak": found})


def test_answers_are_compared_as_a_whole():
    known = [{"answer": "cat", "probability": 0.75}]
    assert same([{"answer": "cat", "probability": 0.7501}], known)
    assert not same([{"answer": "cat", "probability": 0.76}], known)
    assert not same([{"answer": "dog", "probability": 0.75}], known)
    assert not same([], known) and not same(known + known, known)
