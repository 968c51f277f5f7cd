"""Visitors at once, in short; `make stress` has many of them for minutes (`python -m tests.load`)."""

import os

import pytest

from tests import hostile, load
from tests.browser import served
from tests.load import abandoned, alone, requests, same, siege, soak, visit
from vqa.evaluate.tables import attack_table, load_table


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


def test_bad_requests_are_measured_and_put_in_a_table(address, monkeypatch):
    kinds = ("a path of 200 KB", "a function that is not there", "the page, opened and left")
    monkeypatch.setattr(hostile, "REQUESTS", {kind: hostile.REQUESTS[kind] for kind in kinds})
    found = requests(address, os.getpid(), tries=2)
    told = [(row["kind"], row["accepted"], row["faults"]) for row in found]
    assert told == list(zip(kinds, (0, 0, 2), (0, 0, 0), strict=True))
    assert all(row["tried"] == 2 and row["worst_seconds"] > 0 for row in found)
    table = attack_table({"requests": found})
    assert table.count("\n") == 4 and all(kind in table for kind in kinds)


def test_a_siege_counts_both_sides(address, monkeypatch):
    monkeypatch.setattr(load, "SETTLED", 0)
    found = siege(address, os.getpid(), alone(address, photographs=1), visitors=2, seconds=2)
    assert found["bad_requests"] > 0
    for part in ("alone", "beside"):
        assert found[part]["answers"] > 0 and found[part]["errors"] == found[part]["different"] == 0
    assert "bad requests; 0 errors, 0 other answers" in attack_table({"siege": found})


def test_abandoned_visits_are_counted_and_the_first_visitor_asks_on(address):
    found = abandoned(address, os.getpid(), visits=5)
    assert found["visits"] == 5 and found["answered"]
    assert "5 visits" in attack_table({"abandoned": found}) and "as before" in attack_table({"abandoned": found})


def test_a_table_of_ends():
    table = attack_table({"ends": [{"signal": "SIGTERM", "tried": 3, "worst_seconds": 0.25, "uploads_left": 0}]})
    assert "| SIGTERM | 3 | 0.25 | 0 |" in table and attack_table({}) == ""


def test_answers_are_compared_as_a_whole():
    known = [{"answer": "cat", "probability": 0.75}]
    assert same([{"answer": "cat", "probability": 0.7501}], known)
    assert not same([{"answer": "cat", "probability": 0.76}], known)
    assert not same([{"answer": "dog", "probability": 0.75}], known)
    assert not same([], known) and not same(known + known, known)
