"""Evaluation and retrieval: the figures against hand-made answers, and the commands on a tiny model."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from vqa import retrieve
from vqa.__main__ import main
from vqa.evaluate import Scored, summarise
from vqa.integrity import hash_files
from vqa.metrics import wilson_interval
from vqa.predictor import VQAPredictor
from vqa.questions import Question


def scored(answer, truth, confidence=0.75, image="a", **fields):
    return Scored(Question(image, "what is it?", truth, **({"source": "s"} | fields)), answer, confidence)


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
    assert first["features"] == "aligned" and first["split"] == "test" and first["seed"] == 0
    assert first["data"] == {"q.jsonl": hash_files([data / "q.jsonl"])}
    assert first["benchmarks"]["s"]["count"] == 3 and first["benchmarks"]["daquar"]["count"] == 1
    assert set(first["reliability"][0]) == {"low", "high", "count", "confidence", "accuracy"}

    assert command("retrieve", data, tiny_weights, "--out", out) == 0
    assert command("evaluate", data, tiny_weights, "--out", out, "--question-only", "--source", "s") == 0
    second = json.loads(out.read_text())
    assert set(second["data"]) == {"q.jsonl", "c.jsonl"}
    assert set(second["space"]) == {"alignment", "uniformity_images", "uniformity_texts", "modality_gap"}
    assert second["retrieval"]["captions"] == 4
    blind = second["benchmarks"]["s"].pop("question_only")
    assert blind["count"] == 3 and blind["weights"] == first["weights"]
    assert second["benchmarks"] == first["benchmarks"]

    assert command("evaluate", data, tiny_weights, "--out", out, "--features", "unaligned") == 0
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


def test_recall_and_space_of_embeddings_made_by_hand():
    images = np.eye(3)
    texts = np.eye(3)[[0, 0, 1, 2, 0]]  # the last caption of image 2 looks like image 0's
    report = retrieve.summarise(images, texts, np.array([0, 0, 1, 2, 2]))
    assert report["retrieval"]["image_to_text"]["R@1"] == pytest.approx(2 / 3)  # image 0 ties with a wrong caption
    assert report["retrieval"]["text_to_image"]["R@1"] == pytest.approx(4 / 5)
    assert report["retrieval"]["text_to_image"]["count"] == 5
    assert report["space"]["alignment"] == pytest.approx(2 / 5)


def test_captions_stay_with_their_photographs(tmp_path):
    """Rows come sorted by where the photographs are stored; the embeddings must tell which is whose."""
    names = ["c", "a", "b"]

    class Store(dict):
        def open(self, image_id):
            return image_id

    def embed(texts, features):
        return np.array([[ord(text[0]), len(text)] for text in texts], dtype=float)

    predictor = SimpleNamespace(encode=lambda image: image, embed_photos=embed, embed_texts=embed)
    rows = [
        retrieve.Captions(name, tuple(f"{name}{i}" for i in range(n))) for name, n in {"a": 1, "b": 3, "c": 2}.items()
    ]
    images, texts, image_of = retrieve.embed(predictor, Store.fromkeys(names), rows, "aligned")
    assert image_of.tolist() == [0, 0, 1, 2, 2, 2]
    np.testing.assert_array_equal(images[image_of][:, 0], texts[:, 0])
