"""`python -m vqa train`: from files to a directory that answers, and what cannot be trained on."""

import argparse
import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.faults import full_disk
from vqa.__main__ import main
from vqa.cli.train import OVERRIDES, run
from vqa.inference.predictor import VQAPredictor
from vqa.model.checkpoint import save_heads

ROOT = Path(__file__).resolve().parents[2]


def test_a_run_leaves_a_directory_that_answers(tiny_data, photo):
    for variant in ("aligned", "unaligned"):
        args = argparse.Namespace(
            config=tiny_data / "joint.json",
            variant=variant,
            question_only=False,
            run=str(tiny_data / "runs" / variant),
        )
        vars(args).update(dict.fromkeys(OVERRIDES))
        assert run(args) == 0
        log = [
            json.loads(line) for line in (tiny_data / "runs" / variant / "joint" / "log.jsonl").read_text().splitlines()
        ]
        expected = {"step", "loss", "task", "attention", "questions", "captions", "grad_norm", "lr"}
        assert set(log[0]) == expected | ({"align"} if variant == "aligned" else set())
    predictor = VQAPredictor.from_pretrained(tiny_data / "weights")
    assert predictor.variants == ["aligned", "unaligned"]
    assert predictor.ask(photo, "what color is this?").top
    assert 0 <= predictor.similarity(photo, "a photo of red").matched_percentile <= 100
    record = json.loads((tiny_data / "weights" / "aligned" / "train.json").read_text())
    assert record["examples"]["colours"] == 16


@pytest.fixture
def own_data(tmp_path, tiny_data):
    """VQA v2's official pair of files and a folder with their photographs, as a user has them."""
    (tmp_path / "train2014").mkdir()
    asked, notes = [], []
    for number in range(1, 31):
        shutil.copy(
            tiny_data / "photos" / f"p{number % 4}.png", tmp_path / f"train2014/COCO_train2014_{number:012d}.png"
        )
        answer = ("red", "blue", "green", "white")[number % 4]
        asked.append({"question_id": number, "image_id": number, "question": "what color is this?"})
        notes.append({"question_id": number, "multiple_choice_answer": answer, "answer_type": "other"})
        notes[-1]["answers"] = [{"answer": answer}] * 10
    questions = {"data_type": "mscoco", "data_subtype": "train2014", "questions": asked}
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    (tmp_path / "annotations.json").write_text(json.dumps({"annotations": notes}))
    return tmp_path


def test_own_data_in_one_command(own_data, tiny_weights, photo, monkeypatch, caplog):
    config = json.loads((ROOT / "configs" / "own.json").read_text())
    config |= {name: str(tiny_weights / "encoders" / name) for name in ("vision", "text")}
    config |= {"start": str(tiny_weights), "fit": config["fit"] | {"steps": 2, "warmup_steps": 1}}
    (own_data / "own.json").write_text(json.dumps(config))
    files = ["--questions", "questions.json", "annotations.json", "--images", "train2014", "--out", "mine"]
    monkeypatch.chdir(own_data)
    assert main(["train", "--config", "own.json", *files]) == 0
    assert "no captions to align" in caplog.text
    assert (own_data / "runs" / "own-aligned" / "joint" / "log.jsonl").is_file()  # no other configuration's run
    record = json.loads((own_data / "mine" / "aligned" / "train.json").read_text())
    assert 20 <= record["examples"]["vqa-v2"] < 30  # a tenth of the photographs, by their ids, is val
    start = VQAPredictor.from_pretrained(tiny_weights)
    (own_data / "mine").rename(own_data / "moved")
    predictor = VQAPredictor.from_pretrained(own_data / "moved")
    assert predictor.variants == ["aligned"] and predictor.ask(photo, "what color is this?").top
    pieces = [p.models["aligned"].heads.decoder.pieces.weight for p in (start, predictor)]
    assert pieces[0].shape == pieces[1].shape and not torch.equal(*pieces)
    torch.testing.assert_close(*pieces, atol=0.01, rtol=0)  # two steps away from where it started


def test_data_that_cannot_be_trained_on_is_told(own_data, tiny_data, tiny_weights, capsys):
    def told(*options) -> str:
        command = [
            "train",
            "--config",
            str(tiny_data / "joint.json"),
            "--run",
            str(own_data / "run"),
            *map(str, options),
        ]
        assert main(command) == 2
        return capsys.readouterr().err

    questions = own_data / "questions.jsonl"
    questions.write_text('{"image_id": "p1", "question": "what color is this?"}\n')
    assert "line 1: answer is missing" in told("--questions", questions)
    questions.write_text('{"image_id": "dog", "question": "what?", "answer": "red"}\n')
    assert "None of the 1 questions is about one of the 20 images: they ask about 'dog'" in told(
        "--questions", questions
    )


def test_heads_that_cannot_be_saved_are_named(tiny_predictor, tmp_path):
    model, encoders = tiny_predictor.models["aligned"], tiny_predictor.models["aligned"].config.encoders
    with full_disk(6000), pytest.raises(OSError, match=r"model.safetensors cannot be written"):
        save_heads(model, tmp_path, encoders)
