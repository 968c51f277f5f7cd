"""The ablation: cells that differ in what they say, a table of them, and going on after an interruption."""

import json
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

import vqa.cli.ablate
from vqa.__main__ import main
from vqa.cli.ablate import SETUPS, Testbed, cell_settings
from vqa.evaluate.tables import ablation_space_table, ablation_table
from vqa.processing.processor import PAD
from vqa.train.settings import load_settings

CHOSEN = ("question only", "pooled, unaligned", "co-attention, contrastive, hard negatives")


def test_cells_differ_from_one_another_and_share_the_budget(tiny_data):
    base = load_settings(tiny_data / "joint.json")
    cells = {name: cell_settings(base, setup, 8, 3) for name, setup in SETUPS.items()}
    assert len(SETUPS) == 9
    assert len({(repr(cells[name]), setup.variant, setup.question_only) for name, setup in SETUPS.items()}) == 9
    for settings in cells.values():
        assert (settings.fit["steps"], settings.align["steps"]) == (8, 10)  # twice those of the configuration
        assert settings.fit["seed"] == settings.align["seed"] == 3 and settings.fit["ema"] == 0
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


class Texts:
    def __getitem__(self, texts):
        return torch.zeros(len(texts), 1, 1), torch.ones(len(texts), 1, dtype=torch.bool)


def test_an_answer_counts_where_each_piece_and_the_end_are_the_likeliest():
    pieces = {"red": [1, 5, 2, PAD], "tennis racket": [1, 6, 7, 2], "no": [1, 8, 2, PAD]}
    said = F.one_hot(torch.tensor(list(pieces.values())).roll(-1, 1), 9).float()
    said[1, 2] = F.one_hot(torch.tensor(4), 9)  # goes on after "tennis racket"
    said[2, 2] = F.one_hot(torch.tensor(4), 9)  # after the end of "no" nothing matters
    testbed = Testbed.__new__(Testbed)
    testbed.texts = Texts()
    testbed.rows = [{"image_id": "i", "question": "?", "answer": a, "source": a[:1]} for a in pieces]
    testbed.rows[1]["source"] = "r"
    data = SimpleNamespace(
        images=SimpleNamespace(plain_states=lambda ids: torch.zeros(len(ids), 1, 1)),
        processor=SimpleNamespace(pad_answers=torch.tensor),
        answer_ids=pieces.get,
        model=SimpleNamespace(heads=lambda *batch: SimpleNamespace(logits=said)),
    )
    assert testbed.accuracies(data, False) == {"n": 1.0, "r": 0.5}


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
