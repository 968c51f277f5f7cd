"""The ablation: cells that differ in what they say, a table of them, and going on after an interruption."""

import dataclasses
import json
import shutil
import statistics

import pytest
import torch

import vqa.cli.ablate
from vqa.__main__ import main
from vqa.cli.ablate import CURVE_SETUPS, CURVE_SHARES, CURVES, SETUPS, cell_settings, curve_cell, curve_of
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


def test_the_curve_is_of_three_variants_and_four_shares_and_ends_in_cells_of_the_ablation(tiny_data):
    base = load_settings(tiny_data / "joint.json")
    assert CURVE_SHARES == (0.02, 0.1, 0.5, 1.0) and len(CURVE_SETUPS) == 12
    assert all(setup.fusion == "coattention" and not setup.question_only for setup in CURVE_SETUPS.values())
    whole = {name: setup for name, setup in CURVE_SETUPS.items() if setup.share == 1}
    assert len(whole) == 3 and whole.items() <= SETUPS.items()
    setup = CURVE_SETUPS["co-attention, contrastive, hard negatives, 10% of the questions"]
    assert setup.share == 0.1
    settings = cell_settings(base, setup, 4, 0)
    assert settings.hard_negatives == 2 and settings.align_weight == 0.2 and setup.variant == "aligned"


def test_the_curve_trains_each_cell_once_with_its_share(ablate, tmp_path, monkeypatch):
    shares = (0.25, 1.0)
    setups = {
        curve_cell(alignment, share): dataclasses.replace(SETUPS[curve_cell(alignment, 1)], share=share)
        for share in shares
        for alignment in CURVES.values()
    }
    monkeypatch.setattr(vqa.cli.ablate, "CURVE_SHARES", shares)
    monkeypatch.setattr(vqa.cli.ablate, "CURVE_SETUPS", setups)
    trained, train_heads = [], vqa.cli.ablate.train_heads

    def train(data, *rest):
        trained.append((data.model.config.variant, len(data.sources["colours"])))
        train_heads(data, *rest)

    monkeypatch.setattr(vqa.cli.ablate, "train_heads", train)
    assert ablate("--curve", "--seeds", "1") == 0
    each = [("aligned", "aligned", "unaligned")] * 2
    assert trained == [(name, count) for names, count in zip(each, (4, 16), strict=True) for name in names]
    curve = json.loads((tmp_path / "ablation.json").read_text())
    assert curve["shares"] == [0.25, 1.0] and curve["questions"][0] < curve["questions"][1]
    assert list(curve["variants"]) == ["aligned", "projection only", "unaligned"]
    for parts in curve["variants"].values():
        assert [list(part["benchmarks"]) for part in parts] == [["colours", "mean"]] * 2
        assert "image to text R@1" in parts[0]["space"]
    trained.clear()
    assert ablate("--curve", "--seeds", "1") == 0
    assert trained == []
    assert ablate("--seeds", "1") == 0
    assert len(trained) == len(CHOSEN) - 1  # the aligned one of all questions is there


def test_the_curve_averages_the_sources_of_a_batch_seed_by_seed():
    def cells(name):
        hits = [0.25, 0.75] if "unaligned" in name else [0.5, 1.0]
        return [
            {"benchmarks": {"a": hit, "b": 0.0, "other": 0.125}, "space": {}, "questions": count}
            for hit, count in zip(hits, (10, 14), strict=True)
        ]

    curve = curve_of({name: cells(name) for name in CURVE_SETUPS}, ["a", "b"])
    assert curve["questions"] == [12] * 4
    for label, seeds in (("aligned", [0.25, 0.5]), ("unaligned", [0.125, 0.375])):
        for part in curve["variants"][label]:
            assert list(part["benchmarks"]) == ["a", "b", "mean"]
            found = part["benchmarks"]["mean"]
            assert found["seeds"] == seeds and found["mean"] == sum(seeds) / 2
            assert found["deviation"] == pytest.approx(statistics.stdev(seeds))


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
