"""Which cases show what alignment changes."""

import json

import pytest

from vqa.data.questions import QuestionRow
from vqa.evaluate.accuracy import Scored
from vqa.evaluate.contrast import KINDS, choose, read_contrast

QUESTIONS = [QuestionRow(f"photo{k}", f"question {k}?", "yes") for k in range(7)]


def answers(*given: tuple[str, float]) -> list[Scored]:
    return [Scored(question, *answer) for question, answer in zip(QUESTIONS, given, strict=True)]


ALIGNED = answers(("yes", 0.6), ("yes", 0.9), ("no", 0.9), ("no", 0.2), ("yes", 0.9), ("yes", 0.6), ("no", 0.99))
UNALIGNED = answers(("no", 0.9), ("no", 0.3), ("yes", 0.4), ("yes", 0.5), ("yes", 0.3), ("yes", 0.5), ("no", 0.99))


def test_of_each_kind_the_surest_right_answer_is_chosen():
    cases = choose(ALIGNED, UNALIGNED)
    assert [case["kind"] for case in cases] == list(KINDS)
    assert [case["example"] for case in cases] == ["photo1", "photo3", "photo5"]  # both wrong shows nothing
    assert cases[1]["aligned"] == {"answer": "no", "probability": 0.2} and cases[1]["truth"] == "yes"


def test_what_did_not_happen_is_left_out():
    assert [case["kind"] for case in choose(ALIGNED[4:], UNALIGNED[4:])] == ["same"]
    assert choose(ALIGNED[6:], UNALIGNED[6:]) == []
    with pytest.raises(ValueError, match="same questions"):
        choose(ALIGNED[1:], UNALIGNED[:-1])


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "contrast.json"
    good = {"weights": {}, "count": 7, "cases": choose(ALIGNED, UNALIGNED)}
    path.write_text(json.dumps(good))
    assert read_contrast(path) == good
    for bad in ({"cases": []}, good | {"cases": [{"kind": "helps"}]}, good | {"cases": "x"}):
        path.write_text(json.dumps(bad))
        with pytest.raises(ValueError, match="is not a choice"):
            read_contrast(path)
