"""`python -m vqa evaluate` and `retrieve` on a tiny model."""

import json
import shutil

import pytest
from PIL import Image

from vqa.__main__ import main
from vqa.common.checksums import hash_files
from vqa.data.images import ImageStore
from vqa.data.trained_on import TrainedOn
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

    for options, reason in (
        (["--split", "all"], "of the split 'test', not 'all'"),
        (["--limit", "1"], "of 3 questions"),
    ):
        assert command("evaluate", data, tiny_weights, "--out", out, "--question-only", "--source", "s", *options) == 2
        assert reason in capsys.readouterr().err
        assert json.loads(out.read_text())["benchmarks"]["s"]["question_only"] == question_only

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
    monkeypatch.setenv("WNSEARCHDIR", str(data / "nowhere"))  # whether WordNet is here or not
    monkeypatch.setattr(VQAPredictor, "from_pretrained", None)

    def refused(reason, *options):
        assert command("evaluate", data, tiny_weights, *options) == 2
        told = capsys.readouterr().err
        assert reason in told and told.count("\n") == 1

    refused("No questions of split 'val'", "--split", "val")
    refused("the split 'mine' is none of train, val, test", "--split", "mine")
    refused("no folder", "--predictions", data / "none" / "answers.jsonl")
    refused("neither a folder", "--images", data / "none")
    refused("no folder", "--out", data / "none" / "eval.json")
    (data / "held.json.partial").mkdir()
    refused("cannot be written", "--out", data / "held.json")
    (data / "notes.json").write_text('{"my": "notes"}')
    refused("not an evaluation", "--out", data / "notes.json")
    refused("cannot be read", "--answers", data / "none.txt")
    refused("no weights at", "--weights", data / "none")
    (data / "q.jsonl").write_text('{"image_id": "red", "question": "what?", "split": "test"}\n')
    refused("no answer to compare with")


def test_every_answer_is_written_where_predictions_are_asked_for(data, tiny_weights, tiny_predictor):
    allowed = ["red", "green"]
    (data / "list.txt").write_text("\n".join(allowed))
    rows = [json.loads(line) for line in (data / "q.jsonl").read_text().splitlines()]
    said = tiny_predictor.ask(data / "photos" / "blue.png", "what color?", answers=allowed).answer
    rows[1] |= {"answer": "sea", "accepted": ["the sky", f"A {said}."]}
    (data / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ["--predictions", data / "p.jsonl", "--source", "s", "--answers", data / "list.txt"]
    assert command("evaluate", data, tiny_weights, *options) == 0
    lines = [json.loads(line) for line in (data / "p.jsonl").read_text().splitlines()]
    asked = [("red", "what color?", "red"), ("blue", "what color?", "sea"), ("red", "is it a cat?", "no")]
    assert [(line["image_id"], line["question"], line["truth"]) for line in lines] == asked
    assert (lines[1]["answer"], lines[1]["correct"]) == (said, True)
    for line in lines:
        alone = tiny_predictor.ask(data / "photos" / f"{line['image_id']}.png", line["question"], answers=allowed)
        assert line["answer"] == alone.answer and line["confidence"] == pytest.approx(alone.confidence, abs=1e-4)


def test_photographs_that_were_trained_on_are_told(data, tiny_weights, tmp_path, capsys, caplog):
    weights = tmp_path / "mine"
    shutil.copytree(tiny_weights, weights)
    out = data / "eval.json"

    def told(name, *options) -> dict:
        caplog.clear()
        assert command(name, data, weights, "--out", out, *options) == 0
        report = json.loads(out.read_text())
        found = report["benchmarks"]["s"] if name == "evaluate" else report["retrieval"]
        return {key: found[key] for key in ("photographs", "trained_on")}

    assert told("evaluate") == told("retrieve") == {"photographs": 2, "trained_on": None}
    assert "were trained on" not in caplog.text
    TrainedOn.of_photographs(ImageStore([data / "photos"]), ["blue"]).write(weights / "encoders" / "vision")
    out.unlink()
    assert told("evaluate") == {"photographs": 2, "trained_on": 1}
    assert "1 of the 2 photographs that are measured were trained on" in caplog.text
    assert told("retrieve") == {"photographs": 2, "trained_on": 1}
    assert "1 of the 2 photographs that are measured were trained on" in caplog.text


def test_val_is_never_what_the_weights_were_trained_on(data, tiny_weights, tmp_path, capsys):
    """Of rows that name no split, training may have held out others: with captions that name it, for instance."""
    (data / "q.jsonl").write_text('{"image_id": "blue", "question": "what?", "answer": "x"}\n')
    assert command("evaluate", data, tiny_weights, "--split", "val") == 0
    weights = tmp_path / "mine"
    shutil.copytree(tiny_weights, weights)
    TrainedOn.of_photographs(ImageStore([data / "photos"]), ["blue"]).write(weights / "aligned")
    assert command("evaluate", data, weights, "--split", "val") == 2
    assert "No questions of split 'val': the rows name no split, and none of their" in capsys.readouterr().err
    assert command("evaluate", data, weights, "--split", "val", "--variant", "unaligned") == 0


def test_captions_of_one_photograph_are_one_photograph(data, tiny_weights):
    rows = [("red", "a red photo"), ("blue", "a blue photo"), ("red", "a dog")]
    rows = [{"image_id": i, "captions": [text], "split": "test"} for i, text in rows]
    (data / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert command("retrieve", data, tiny_weights, "--out", data / "eval.json") == 0
    found = json.loads((data / "eval.json").read_text())["retrieval"]
    assert (found["photographs"], found["captions"], found["image_to_text"]["count"]) == (2, 3, 2)


@pytest.mark.parametrize(("caption", "reason"), [("dog " * 125 + "cats", "has 504 characters"), (" . ", "has no word")])
def test_a_caption_that_cannot_be_used_is_called_a_caption(data, tiny_weights, capsys, caption, reason):
    rows = [{"image_id": "red", "captions": ["a dog", caption], "split": "test"}]
    (data / "c.jsonl").write_text(json.dumps(rows[0]) + "\n")
    assert command("retrieve", data, tiny_weights) == 2
    told = capsys.readouterr().err
    assert "caption" in told and reason in told and "question" not in told.lower()


def test_a_damaged_photograph_is_named_and_passed_over_where_nobody_asks(data, tiny_weights, capsys):
    whole = (data / "photos" / "red.png").read_bytes()
    (data / "photos" / "torn.png").write_bytes(whole[:60])
    for name in ("evaluate", "retrieve"):
        assert command(name, data, tiny_weights) == 0
    (data / "photos" / "red.png").write_bytes(whole[:60])
    for name in ("evaluate", "retrieve"):
        assert command(name, data, tiny_weights) == 2
        assert "The photograph 'red' cannot be used" in capsys.readouterr().err


def test_a_question_without_its_photograph_stops_the_evaluation(data, tiny_weights, capsys):
    with (data / "q.jsonl").open("a") as file:
        file.write('{"image_id": "green", "question": "what?", "answer": "x", "split": "test"}\n')
    assert command("evaluate", data, tiny_weights) == 2
    assert "no photograph 'green'" in capsys.readouterr().err


def test_objects_are_also_answered_by_cosine(data, tiny_weights, monkeypatch, capsys):
    rows = [("blue", "cat", "train")] * 3 + [("blue", "dog", "train")] * 2 + [("blue", "ball", "train")]
    rows += [("red", "Dog", "test"), ("red", "cat", "test"), ("red", "ball", "test"), ("blue", "cat", "val")]
    rows = [{"image_id": i, "question": "what is it?", "answer": a, "split": s, "type": "object"} for i, a, s in rows]
    rows += [rows[-3] | {"type": "color"}, rows[-3] | {"source": "other"}]
    lines = [json.dumps({"source": "coco-qa"} | row) for row in rows]
    (data / "objects.jsonl").write_text("\n".join(lines))
    out, options = data / "eval.json", ["--questions", data / "objects.jsonl", "--classes", "2"]
    assert command("retrieve", data, tiny_weights, "--out", out, *options) == 0
    assert "2 questions about objects, 2 answers: nearest by cosine 50.0%" in capsys.readouterr().out
    report = json.loads(out.read_text())
    found = report["zero_shot"]
    assert set(report["data"]) == {"c.jsonl", "objects.jsonl"}
    assert {key: found[key] for key in ("count", "answers", "chance", "majority", "photographs", "trained_on")} == {
        "count": 2,  # whatever the red photograph is nearest to, "dog" and "cat" are asked of it alike
        "answers": 2,
        "chance": 0.5,
        "majority": 0.5,
        "photographs": 1,
        "trained_on": None,
    }
    assert command("retrieve", data, tiny_weights, "--split", "val", *options) == 2
    assert "No captions of split 'val'" in capsys.readouterr().err
    monkeypatch.setattr(VQAPredictor, "from_pretrained", None)
    assert command("retrieve", data, tiny_weights, "--questions", data / "q.jsonl") == 2
    assert "No questions of source 'coco-qa'" in capsys.readouterr().err
    (data / "objects.jsonl").write_text(lines[0])
    assert command("retrieve", data, tiny_weights, *options) == 2
    assert "There must be coco-qa questions of type object in train and in test" in capsys.readouterr().err
