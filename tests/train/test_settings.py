"""Configuration files: each stage follows from another, and what is wrong is named."""

import dataclasses
import json
from pathlib import Path

import pytest

from vqa.train.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.json")), ids=lambda path: path.stem)
def test_every_configuration_can_be_read(path):
    if path.stem == "data":  # what the others extend
        return
    settings = load_settings(path)
    assert settings.fit.steps > 0 and settings.images and settings.questions


def test_a_configuration_has_what_it_extends_and_its_own_say_counts(tiny_data, tmp_path):
    base = json.loads((tiny_data / "joint.json").read_text())
    (tmp_path / "base.json").write_text(json.dumps(base))
    (tmp_path / "own.json").write_text('{"extends": "base.json", "align_weight": 0.75}')
    settings = load_settings(tmp_path / "own.json")
    assert settings.align_weight == 0.75 and settings.images == base["images"]
    assert settings == dataclasses.replace(load_settings(tmp_path / "base.json"), align_weight=0.75)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"extends": "b.json"}', "a.json extends itself"),
        ('{"extends": 3}', "is the name of a file, not 3"),
        ('{"extends": "none.json"}', "none.json"),
    ],
)
def test_a_wrong_base_is_refused(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    (tmp_path / "b.json").write_text('{"extends": "a.json"}')
    with pytest.raises((ValueError, OSError), match=message):
        load_settings(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "jont"}, "one of encoder, joint"),
        ({"batchsize": 3}, r"c\.json: there is no setting batchsize\."),
        ({"captoins": ["a.jsonl"]}, r"there is no setting captoins \(did you mean captions\?\)\."),
        ({"images": None}, "images"),
        ({"fit": {"stepz": 3}}, r"there is no setting fit\.stepz \(did you mean fit\.steps\?\)\."),
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
        (
            {"model": {"hiden_size": 256}},
            r"no setting model\.hiden_size \(did you mean model\.hidden_size\?\)\.",
        ),
        ({"model": {"variant": "aligned"}}, r"there is no setting model\.variant"),
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
        (b'{"stage": "joint",\n "images": [],\n}', r"c\.json, line [23]: not JSON"),
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
