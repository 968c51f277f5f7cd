"""`python -m vqa train`: from files to a directory that answers, and what cannot be trained on."""

import argparse
import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.faults import full_disk
from vqa.__main__ import main
from vqa.cli.train import OVERRIDES, run
from vqa.common.checksums import encoders_digest
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
    for variant in ("aligned", "unaligned"):
        config = json.loads((tiny_data / "weights" / variant / "config.json").read_text())
        assert config["encoders_digest"] == encoders_digest(tiny_data / "weights" / "encoders")
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


def test_own_data_in_one_command(own_data, tiny_weights, photo, monkeypatch, caplog, capsys):
    config = json.loads((ROOT / "configs" / "own.json").read_text())
    config |= {name: str(tiny_weights / "encoders" / name) for name in ("vision", "text")}
    config |= {"start": str(tiny_weights), "fit": config["fit"] | {"steps": 2, "warmup_steps": 1}}
    (own_data / "own.json").write_text(json.dumps(config))
    files = ["--questions", "questions.json", "annotations.json", "--images", "train2014", "--out", "mine"]
    monkeypatch.chdir(own_data)
    assert main(["train", "--config", "own.json", *files]) == 0
    assert "no captions to align" in caplog.text
    [log] = (own_data / "runs").glob("own-aligned-*/joint/log.jsonl")
    record = json.loads((own_data / "mine" / "aligned" / "train.json").read_text())
    val = record["val"]
    assert f"{val['right']} of {val['questions']} val questions are answered correctly" in capsys.readouterr().out
    assert 20 <= record["examples"]["vqa-v2"] < 30  # a tenth of the photographs, by their ids, is val
    start = VQAPredictor.from_pretrained(tiny_weights)
    (own_data / "mine").rename(own_data / "moved")
    predictor = VQAPredictor.from_pretrained(own_data / "moved")
    assert predictor.variants == ["aligned"] and predictor.ask(photo, "what color is this?").top
    pieces = [p.models["aligned"].heads.decoder.pieces.weight for p in (start, predictor)]
    assert pieces[0].shape == pieces[1].shape and not torch.equal(*pieces)
    torch.testing.assert_close(*pieces, atol=0.01, rtol=0)  # two steps away from where it started


@pytest.fixture
def train_own(own_data, tiny_weights, monkeypatch):
    """Trains the tiny heads on, on rows of one's own, by the configuration that the README names."""
    config = json.loads((ROOT / "configs" / "own.json").read_text())
    config |= {name: str(tiny_weights / "encoders" / name) for name in ("vision", "text")}
    config |= {"start": str(tiny_weights), "fit": config["fit"] | {"steps": 2, "warmup_steps": 1}}
    (own_data / "own.json").write_text(json.dumps(config))
    monkeypatch.chdir(own_data)

    def train(rows: list[dict], out: str, *options: str) -> dict:
        Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        files = ["--questions", "rows.jsonl", "--images", "train2014", "--out", out]
        assert main(["train", "--config", "own.json", *files, *options]) == 0
        return json.loads(Path(out, "aligned", "train.json").read_text())

    return train


def own_rows(answer: str = "red") -> list[dict]:
    ids = [f"COCO_train2014_{number:012d}" for number in range(1, 31)]
    return [{"image_id": i, "question": "what color is this?", "answer": answer} for i in ids]


def test_other_data_are_another_run(train_own):
    first = train_own(own_rows("red"), "first")
    assert train_own(own_rows("red"), "again")["made_from"] == first["made_from"]
    [folder] = Path("runs").iterdir()  # the finished run is saved under the second name, and not repeated
    second = train_own(own_rows("blue"), "second")
    assert len(list(Path("runs").iterdir())) == 2
    differ = {name for name, value in second["made_from"].items() if first["made_from"][name] != value}
    assert differ == {"questions"}
    weights = [Path(name, "aligned", "model.safetensors").read_bytes() for name in ("first", "again", "second")]
    assert weights[0] == weights[1] != weights[2]


def test_val_is_what_was_not_trained_on(train_own, capsys, caplog):
    """Rows that name no split: nine tenths are trained on, and what is measured is the other tenth or is told."""
    files = ["--images", "train2014", "--questions", "rows.jsonl", "--weights", "mine"]

    def evaluate(*options) -> dict:
        assert main(["evaluate", *files, "--out", "eval.json", *options]) == 0
        return json.loads(Path("eval.json").read_text())["benchmarks"]["questions"]

    for number in range(30):  # all photographs differ, so that each is known by itself
        Image.new("RGB", (30, 20 + number), "red").save(f"train2014/COCO_train2014_{number + 1:012d}.png")
    captions = [{"image_id": row["image_id"], "captions": ["a red photo"], "split": "train"} for row in own_rows()]
    captions[-1]["split"] = "val"
    Path("captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in captions))
    train_own(own_rows(), "mine")
    val = evaluate("--split", "val")
    assert val["trained_on"] == 0 and 0 < val["photographs"] < 10
    whole = evaluate("--split", "all")
    assert (whole["photographs"], whole["trained_on"]) == (30, 30 - val["photographs"])
    assert f"{30 - val['photographs']} of the 30 photographs that are measured were trained on" in caplog.text
    assert main(["evaluate", *files]) == 2
    assert "the rows name no split" in capsys.readouterr().err
    train_own(own_rows(), "mine", "--captions", "captions.jsonl")  # which name another photograph as val
    assert main(["evaluate", *files, "--split", "val"]) == 2  # nothing is left that was not trained on
    assert "No questions of split 'val': the rows name no split, and none of their" in capsys.readouterr().err


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
