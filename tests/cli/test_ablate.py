"""The ablation: cells that differ in what they say, a table of them, and going on after an interruption."""

import dataclasses
import json
import shutil

import pytest
import torch

import vqa.cli.ablate
from vqa.__main__ import main
from vqa.cli.ablate import SETUPS, cell_settings
from vqa.evaluate.tables import ablation_space_table, ablation_table
from vqa.model.checkpoint import load_encoder
from vqa.processing.processor import BOS, EOS
from vqa.train.joint import train_heads
from vqa.train.joint_data import new_model
from vqa.train.settings import load_settings

CHOSEN = ("question only", "pooled, unaligned", "co-attention, contrastive, hard negatives")


def test_cells_differ_from_one_another_and_share_the_budget(tiny_data):
    base = load_settings(tiny_data / "joint.json")
    cells = {name: cell_settings(base, setup, 8, 3) for name, setup in SETUPS.items()}
    assert len(SETUPS) == 9
    assert len({(repr(cells[name]), setup.variant, setup.question_only) for name, setup in SETUPS.items()}) == 9
    for settings in cells.values():
        assert (settings.fit.steps, settings.align.steps) == (8, 10)  # twice those of the configuration
        assert settings.fit.seed == settings.align.seed == 3 and settings.fit.ema == 0
    assert {settings.model["fusion"] for settings in cells.values()} == {"pooled", "coattention"}
    assert cells["co-attention, projection only"].align_weight == 0
    assert cells["co-attention, contrastive"].hard_negatives == 0


@pytest.fixture
def ablate(tiny_data, tmp_path, monkeypatch):
    monkeypatch.setattr(vqa.cli.ablate, "SETUPS", {name: SETUPS[name] for name in CHOSEN})
    files = ["--cells", str(tmp_path / "cells"), "--out", str(tmp_path / "ablation.json")]
    return lambda *options: main(
        ["ablate", "--config", str(tiny_data / "joint.json"), *files, "--steps", "2", *options]
    )


def test_each_cell_is_trained_once_and_measured(ablate, tmp_path, monkeypatch, capsys):
    assert ablate("--seeds", "1") == 0
    assert "pooled, unaligned, seed 0: " in capsys.readouterr().out
    report = json.loads((tmp_path / "ablation.json").read_text())
    assert list(report["variants"]) == list(CHOSEN) and report["steps"] == 2 and report["split"] == "val"
    for figures in report["variants"].values():
        assert list(figures["benchmarks"]) == ["colours"] and figures["benchmarks"]["colours"]["deviation"] is None
    assert report["variants"]["question only"]["space"] == {}
    space = report["variants"][CHOSEN[2]]["space"]
    assert set(space) >= {"image to text R@1", "text to image R@10", "alignment", "modality gap"}
    cells = sorted((tmp_path / "cells").iterdir())
    assert len(cells) == 3 and all(cell.suffix == ".json" for cell in cells)  # checkpoints are gone

    cells[0].unlink()
    trained = []
    train_heads = vqa.cli.ablate.train_heads
    monkeypatch.setattr(vqa.cli.ablate, "train_heads", lambda *args: trained.append(train_heads(*args)))
    assert ablate("--seeds", "1") == 0
    assert len(trained) == 1
    assert json.loads((tmp_path / "ablation.json").read_text())["variants"] == report["variants"]


def test_a_cell_is_trained_anew_where_what_it_was_made_from_is_another(
    ablate, tiny_data, tiny_weights, tmp_path, monkeypatch
):
    for name in ("photos", "encoders"):
        shutil.copytree({"photos": tiny_data, "encoders": tiny_weights}[name] / name, tmp_path / name)
    config = json.loads((tiny_data / "joint.json").read_text())
    config |= {name: str(tmp_path / "encoders" / name) for name in ("vision", "text")}
    config |= {"images": [str(tmp_path / "photos")], "cache": str(tmp_path / "cache")}
    (tmp_path / "own.json").write_text(json.dumps(config))
    trained = []
    train_heads = vqa.cli.ablate.train_heads
    monkeypatch.setattr(vqa.cli.ablate, "train_heads", lambda *args: trained.append(train_heads(*args)))
    monkeypatch.setattr(vqa.cli.ablate, "SETUPS", {CHOSEN[1]: SETUPS[CHOSEN[1]]})

    def cells_trained() -> int:
        trained.clear()
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        assert ablate("--seeds", "1", "--config", str(tmp_path / "own.json")) == 0
        return len(trained)

    assert (cells_trained(), cells_trained()) == (1, 0)
    [cell] = (json.loads(path.read_text()) for path in (tmp_path / "cells").iterdir())
    assert set(cell["made_from"]) >= {"images", "questions", "captions", "boxes", "vision", "text", "settings", "code"}
    monkeypatch.setattr(vqa.cli.ablate, "commit", lambda: "today")
    assert cells_trained() == 0  # and the finished cell keeps the commit that it was trained at
    assert json.loads((tmp_path / "ablation.json").read_text())["commit"] == str(cell["commit"])
    shutil.copy(tmp_path / "photos" / "p1.png", tmp_path / "photos" / "p2.png")
    assert (cells_trained(), cells_trained()) == (1, 0)
    encoder = load_encoder(tmp_path / "encoders" / "vision")
    with torch.no_grad():
        next(encoder.parameters()).add_(0.5)
    encoder.save_pretrained(tmp_path / "encoders" / "vision")
    assert (cells_trained(), cells_trained()) == (1, 0)
    monkeypatch.setattr(vqa.cli.ablate, "code_digest", lambda: "other code")
    assert (cells_trained(), cells_trained()) == (1, 0)


def test_an_answer_counts_where_greedy_decoding_writes_it(joint_settings, tmp_path):
    settings = joint_settings(fit={"steps": 80, "learning_rate": 1e-2, "warmup_steps": 1, "ema": 0})
    testbed = vqa.cli.ablate.Testbed(settings, "val")
    model = new_model(settings, "unaligned", testbed.data.processor.answer_vocab_size)
    data = dataclasses.replace(testbed.data, settings=settings, model=model)
    train_heads(data, False, tmp_path)
    said = []
    for row in testbed.rows:
        states, (text_states, text_mask) = data.images[[row["image_id"]]], testbed.texts[[row["question"]]]
        ids = [BOS]
        while ids[-1] != EOS and len(ids) < 8:
            logits = model.heads(states, text_states, text_mask, torch.tensor([ids])).logits
            ids.append(int(logits[0, -1].argmax()))
        said.append(data.processor.decode_answer(ids) if ids[-1] == EOS else None)
    assert any(said), "the tiny model is to have learned to say something"
    rows = [row | {"source": source} for row in testbed.rows for source in ("own", "other")]
    for answer, own, other in zip(said, rows[::2], rows[1::2], strict=True):
        own["answer"], other["answer"] = answer or "red", f"{answer} dog"
    testbed.rows = rows
    share = sum(answer is not None for answer in said) / len(said)
    assert testbed.accuracies(data, False) == {"own": share, "other": 0.0}


def test_tables_of_means_and_deviations():
    figure = {"mean": 0.4567, "deviation": 0.0123}
    variants = {
        "question only": {"benchmarks": {"coco-qa": figure | {"deviation": None}}, "space": {}},
        "pooled, unaligned": {
            "benchmarks": {"coco-qa": figure},
            "space": {"image to text R@1": figure, "alignment": figure},
        },
    }
    assert ablation_table({"variants": variants}).splitlines() == [
        "|  | coco-qa |",
        "| --- | --- |",
        "| question only | 45.7 |",
        "| pooled, unaligned | 45.7 ± 1.2 |",
    ]
    assert ablation_space_table({"variants": variants}).splitlines()[2:] == [
        "| pooled, unaligned | 45.7 ± 1.2 | 0.457 ± 0.012 |"
    ]
