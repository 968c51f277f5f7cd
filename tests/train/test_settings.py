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
    ],
)
def test_a_wrong_configuration_is_refused(tiny_data, tmp_path, change, message):
    fields = json.loads((tiny_data / "joint.json").read_text()) | change
    if change.get("images", 0) is None:
        del fields["images"]
    (tmp_path / "c.json").write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=message):
        load_settings(tmp_path / "c.json")
