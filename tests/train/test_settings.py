"""Configuration files: each stage follows from another, and what is wrong is named."""

import json
from pathlib import Path

import pytest

from vqa.train.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]


def test_each_stage_starts_from_what_one_other_leaves():
    configs = [json.loads(path.read_text()) for path in (ROOT / "configs").glob("*.json")]
    left = [config["out"] for config in configs]
    assert len(left) == len(set(left))  # no stage overwrites another's
    starts = [folder for c in configs if "start" in c for folder in (c["start"], *c.get("average_with", []))]
    assert starts and set(starts) <= set(left)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "jont"}, "one of encoder, joint"),
        ({"batchsize": 3}, "batchsize"),
        ({"images": None}, "images"),
        ({"fit": {"stepz": 3}}, "stepz"),
        ({"stage": ["joint"]}, "one of encoder, joint"),
        ({"images": "photos"}, r'c\.json: images is a list, and each item a text, not "photos"'),
        ({"questions": [3]}, "questions is a list"),
        ({"fit": 3}, "fit is an object, not 3"),
        ({"fit": {"steps": "100", "learning_rate": 1}}, r'fit\.steps is a whole number, not "100"'),
        ({"align": {"steps": 10.5, "learning_rate": 1}}, r"align\.steps is a whole number, not 10\.5"),
        ({"fit": {"steps": 1, "learning_rate": None}}, r"fit\.learning_rate is a number, not null"),
        ({"answer_pieces": True}, "answer_pieces is a whole number, not true"),
        ({"image_size": "big"}, 'image_size is a whole number or null, not "big"'),
        ({"questions_per_batch": {"a": 1.5}}, "questions_per_batch is an object, and each value a whole number"),
        ({"model": {"hidden_size": "256"}}, r'model\.hidden_size is a whole number, not "256"'),
        ({"model": {"hiden_size": 256}}, r"model\.hiden_size is not a setting of the model"),
        ({"model": {"variant": "aligned"}}, r"model\.variant is not a setting of the model"),
    ],
)
def test_a_wrong_configuration_is_refused(tiny_data, tmp_path, change, message):
    fields = json.loads((tiny_data / "joint.json").read_text()) | change
    if change.get("images", 0) is None:
        del fields["images"]
    (tmp_path / "c.json").write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=message):
        load_settings(tmp_path / "c.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"stage": "joint",\n "images": [],\n}', r"c\.json, line 2: not JSON"),
        (b"", r"c\.json, line 1: not JSON"),
        (b"[1, 2]", r"c\.json is not a configuration"),
        (b'"joint"', r"c\.json is not a configuration"),
        (b'{"stage": "\xff"}', r"c\.json is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(tmp_path, content, message):
    (tmp_path / "c.json").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_settings(tmp_path / "c.json")


def test_whole_numbers_are_numbers_too(tiny_data, tmp_path):
    fields = json.loads((tiny_data / "joint.json").read_text()) | {"align_weight": 1, "model": {"dropout": 0}}
    (tmp_path / "c.json").write_text(json.dumps(fields))
    assert load_settings(tmp_path / "c.json").align_weight == 1
