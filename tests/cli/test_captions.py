"""`python -m vqa captions` on a tiny model."""

import json
import shutil

import pytest

from vqa.__main__ import main
from vqa.common import extras
from vqa.common.checksums import hash_files
from vqa.data.images import ImageStore
from vqa.data.trained_on import TrainedOn
from vqa.evaluate import captions


def command(data, weights, *options):
    files = ["--images", data / "photos", "--captions", data / "captions.jsonl"]
    return main(["captions", *map(str, files), "--weights", str(weights), *map(str, options)])


@pytest.fixture
def scorer():
    return pytest.importorskip("pycocoevalcap", reason="captions' scores need pycocoevalcap, of vqa[evaluate]")


def test_captions_are_those_that_the_page_shows_and_stand_in_the_file(
    scorer, tiny_data, tiny_weights, tiny_predictor, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(captions, "BATCH_SIZE", 3)
    out, predictions = tmp_path / "eval.json", tmp_path / "said.jsonl"
    assert command(tiny_data, tiny_weights, "--split", "val", "--out", out, "--predictions", predictions) == 0
    assert "4 captions, 0 of them say something twice" in capsys.readouterr().out
    rows = [json.loads(line) for line in predictions.read_text().splitlines()]
    assert {row["image_id"] for row in rows} == {"p16", "p17", "p18", "p19"}
    for row in rows:
        said = tiny_predictor.caption(tiny_data / "photos" / f"{row['image_id']}.png")
        assert row["caption"] == said.answer
        assert row["captions"][1].endswith(f"number {row['image_id'][1:]}")
    report = json.loads(out.read_text())
    found = report["captions"]
    assert report["data"] == {"captions.jsonl": hash_files([tiny_data / "captions.jsonl"])}
    assert (found["count"], found["references"], found["repeated"]) == (4, 8, 0)
    assert (found["photographs"], found["trained_on"]) == (4, None)
    for name, most in (("bleu_4", 1), ("cider", 10)):
        assert 0 <= found[name]["interval"][0] <= found[name]["interval"][1] <= most
    captioned = ["--images", str(tiny_data / "photos"), "--captions", str(tiny_data / "captions.jsonl")]
    assert main(["retrieve", *captioned, "--split", "val", "--weights", str(tiny_weights), "--out", str(out)]) == 0
    assert json.loads(out.read_text())["captions"] == found


def test_the_first_photographs_and_those_that_were_trained_on(scorer, tiny_data, tiny_weights, tmp_path, caplog):
    weights, out = tmp_path / "mine", tmp_path / "eval.json"
    shutil.copytree(tiny_weights, weights)
    TrainedOn.of_photographs(ImageStore([tiny_data / "photos"]), ["p1"]).write(weights / "encoders" / "vision")
    assert command(tiny_data, weights, "--split", "train", "--limit", "2", "--out", out) == 0
    found = json.loads(out.read_text())["captions"]
    assert (found["count"], found["trained_on"]) == (2, 1)
    assert "1 of the 2 photographs that are measured were trained on" in caplog.text


def test_bad_input_is_told_before_the_work(scorer, tiny_data, tiny_weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vqa.inference.predictor.VQAPredictor.from_pretrained", None)
    for reason, *options in (
        ("No captions of split 'test'", "--split", "test"),
        ("no folder", "--split", "val", "--predictions", tmp_path / "none" / "said.jsonl"),
        ("no folder", "--split", "val", "--out", tmp_path / "none" / "eval.json"),
        ("is not among the images", "--split", "val", "--images", tiny_data / "photos" / "p1.png"),
    ):
        assert command(tiny_data, tiny_weights, *options) == 2
        assert reason in capsys.readouterr().err


def test_without_the_package_it_says_how_to_get_it(tiny_data, tiny_weights, monkeypatch, capsys):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert command(tiny_data, tiny_weights) == 2
    assert "Scoring captions needs pycocoevalcap: pip install pycocoevalcap" in capsys.readouterr().err
