"""Accuracy and calibration against hand-made answers."""

import json

import pytest

from vqa.data.questions import QuestionRow
from vqa.evaluate.accuracy import Scored, as_rows, summarise
from vqa.evaluate.metrics import wilson_interval


def scored(answer, truth, confidence=0.75, image="a", **fields):
    return Scored(QuestionRow(image, "what is it?", truth, **({"source": "s"} | fields)), answer, confidence)


def test_accuracy_by_source_and_type():
    items = [scored("cat", "cat", type="object"), scored("Cat.", "cat", type="object"), scored("two", "three")]
    items += [scored("no", "yes", source="t", type="yes/no")]
    report = summarise(items)
    figures = report["benchmarks"]["s"]
    assert (figures["accuracy"], figures["count"]) == (2 / 3, 3)
    assert figures["interval"] == list(wilson_interval(2, 3))
    assert {kind: part["accuracy"] for kind, part in figures["by_type"].items()} == {"object": 1.0, "other": 0.0}
    assert report["benchmarks"]["t"]["accuracy"] == 0
    assert report["ece"] == pytest.approx(0.25)  # 0.75 said, 0.5 right
    assert sum(bin["count"] for bin in report["reliability"]) == 4
    assert json.loads(json.dumps(report)) == report


def test_soft_accuracy_where_ten_humans_answered():
    humans = ("red",) * 3 + ("dark red",) * 7
    report = summarise([scored("a red", "dark red", answers=humans), scored("red", "red", image="b")])
    soft = report["benchmarks"]["s"]["soft_accuracy"]
    assert soft["mean"] == pytest.approx(0.9) and soft["count"] == 1
    assert report["benchmarks"]["s"]["accuracy"] == 0.5
    assert "single_word" not in report["benchmarks"]["s"]


def test_human_answers_are_compared_as_vqa_does():
    assert scored("2", "two", answers=("two",) * 10).is_correct
    assert not scored("2", "two").is_correct


def test_soft_accuracy_is_of_those_whom_enough_people_answered():
    items = [scored("red", "red", answers=("red",)), scored("red", "red", answers=("red",) * 3 + ("blue",) * 2)]
    soft = summarise(items)["benchmarks"]["s"]["soft_accuracy"]
    assert (soft["mean"], soft["count"]) == (1, 1)
    assert "soft_accuracy" not in summarise(items[:1])["benchmarks"]["s"]


def test_each_answer_is_a_line_of_a_file():
    first = scored("two", "2", accepted=("2", "3"), type="count", split="test")
    second = scored("red", "blue", 0.25, image="b", answers=("red", "red", "blue"), type=None)
    common = {"question": "what is it?", "source": "s"}
    assert as_rows([first, second]) == [
        common
        | {"image_id": "a", "type": "count", "split": "test", "truth": "2"}
        | {"answer": "two", "confidence": 0.75, "correct": True},
        common
        | {"image_id": "b", "type": "other", "split": None, "truth": "blue"}
        | {"answer": "red", "confidence": 0.25, "correct": False, "soft_accuracy": 0.666667},
    ]


class NoNouns:
    def senses(self, word):
        return ()


def test_daquar_has_its_single_word_subset():
    items = [scored("garbage bin", "garbage_bin", source="daquar"), scored("chair", "bed", source="daquar", image="b")]
    items += [scored("chair, table", "table, chair", source="daquar"), scored("bed", "bed, lamp", source="daquar")]
    figures = summarise(items, NoNouns())["benchmarks"]["daquar"]
    assert figures["single_word"]["accuracy"] == 0.5 and figures["single_word"]["count"] == 2
    assert figures["single_word"]["wups_0.9"]["mean"] == 0.5
    assert figures["all_answers"]["count"] == 4 and figures["accuracy"] == 0.5
    assert figures["all_answers"]["wups_0.0"]["mean"] == 0.5
    assert "wups_0.9" not in summarise(items)["benchmarks"]["daquar"]["single_word"]
