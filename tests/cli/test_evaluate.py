"""`python -m vqa evaluate` and `retrieve` on a tiny model."""

import json

import pytest
from PIL import Image

from vqa.__main__ import main
from vqa.common.checksums import hash_files
from vqa.inference.predictor import VQAPredictor


@pytest.fixture
def data(tmp_path):
    """Two photographs, five questions of two splits, and captions."""
    (tmp_path / "photos").mkdir()
    for name in ("red", "blue"):
        Image.new("RGB", (50, 31), name).save(tmp_path / "photos" / f"{name}.png")
    rows = [("red", "what color?", "red"), ("blue", "what color?", "blue"), ("red", "is it a cat?", "no")]
    rows = [{"image_id": i, "question": q, "answer": a, "source": "s", "split": "test"} for i, q, a in rows]
    rows += [rows[0] | {"split": "train"}, rows[0] | {"source": "daquar"}]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    captions = [{"image_id": i, "captions": [f"a {i} photo", "a dog"], "split": "test"} for i in ("blue", "red")]
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in captions))
    return tmp_path


def command(name, data, weights, *options):
    rows = ["--questions", "q.jsonl"] if name == "evaluate" else ["--captions", "c.jsonl"]
    arguments = ["--images", data / "photos", rows[0], data / rows[1], "--weights", weights, *options]
    return main([name, *map(str, arguments)])


def test_evaluate_and_retrieve_complete_one_file(data, tiny_weights, capsys):
    out = data / "eval.json"
    assert command("evaluate", data, tiny_weights, "--out", out) == 0
    assert "expected calibration error" in capsys.readouterr().out
    first = json.loads(out.read_text())
    assert first["variant"] == "aligned" and first["split"] == "test" and first["seed"] == 0
    assert first["data"] == {"q.jsonl": hash_files([data / "q.jsonl"])}
    assert first["benchmarks"]["s"]["count"] == 3 and first["benchmarks"]["daquar"]["count"] == 1
    assert set(first["reliability"][0]) == {"low", "high", "count", "confidence", "accuracy"}

    assert command("retrieve", data, tiny_weights, "--out", out) == 0
    assert command("evaluate", data, tiny_weights, "--out", out, "--question-only", "--source", "s") == 0
    second = json.loads(out.read_text())
    assert set(second["data"]) == {"q.jsonl", "c.jsonl"}
    assert set(second["space"]) == {"alignment", "uniformity_images", "uniformity_texts", "modality_gap"}
    assert second["retrieval"]["captions"] == 4
    question_only = second["benchmarks"]["s"].pop("question_only")
    assert question_only["count"] == 3 and question_only["weights"] == first["weights"]
    assert second["benchmarks"] == first["benchmarks"]

    assert command("evaluate", data, tiny_weights, "--out", out, "--variant", "unaligned") == 0
    third = json.loads(out.read_text())
    assert third["weights"] != first["weights"]
    assert "retrieval" not in third and "question_only" not in third["benchmarks"]["s"]  # never a mix of two models


def test_evaluation_answers_as_the_predictor_does(data, tiny_weights, tiny_predictor):
    out = data / "eval.json"
    assert command("evaluate", data, tiny_weights, "--out", out, "--source", "s", "--batch-size", "2") == 0
    truths = [("red", "what color?", "red"), ("blue", "what color?", "blue"), ("red", "is it a cat?", "no")]
    answers = [tiny_predictor.ask(data / "photos" / f"{name}.png", question) for name, question, _ in truths]
    right = sum(answer.answer == truth for answer, (_, _, truth) in zip(answers, truths, strict=True))
    report = json.loads(out.read_text())
    assert report["benchmarks"]["s"]["accuracy"] == pytest.approx(right / 3)
    said = sum(bin["count"] * bin["confidence"] for bin in report["reliability"] if bin["count"])
    assert said == pytest.approx(sum(answer.confidence for answer in answers), abs=1e-4)


def test_without_photographs_no_photograph_is_encoded(data, tiny_weights, monkeypatch):
    monkeypatch.setattr(VQAPredictor, "encode", None)
    assert command("evaluate", data, tiny_weights, "--question-only", "--limit", "2") == 0


def test_bad_input_is_told_before_the_work(data, tiny_weights, monkeypatch, capsys):
    monkeypatch.setattr(VQAPredictor, "from_pretrained", None)

    def refused(reason, *options):
        assert command("evaluate", data, tiny_weights, *options) == 2
        told = capsys.readouterr().err
        assert reason in told and told.count("\n") == 1

    refused("No questions of split 'val'", "--split", "val")
    refused("no folder", "--out", data / "none" / "eval.json")
    (data / "held.json.partial").mkdir()
    refused("cannot be written", "--out", data / "held.json")
    (data / "notes.json").write_text('{"my": "notes"}')
    refused("not an evaluation", "--out", data / "notes.json")
    refused("cannot be read", "--answers", data / "none.txt")
    refused("no directory of weights", "--weights", data / "none")
    (data / "q.jsonl").write_text('{"image_id": "red", "question": "what?", "split": "test"}\n')
    refused("no answer to compare with")


def test_a_question_without_its_photograph_stops_the_evaluation(data, tiny_weights, capsys):
    with (data / "q.jsonl").open("a") as file:
        file.write('{"image_id": "green", "question": "what?", "answer": "x", "split": "test"}\n')
    assert command("evaluate", data, tiny_weights) == 2
    assert "no photograph 'green'" in capsys.readouterr().err
