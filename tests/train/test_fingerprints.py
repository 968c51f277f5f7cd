"""What a run is made from: the same wherever it lies, another where anything differs."""

import json
import shutil

import pytest

from vqa.train import fingerprints
from vqa.train.fingerprints import code_digest, json_digest, made_from
from vqa.train.loop import FitSettings


@pytest.fixture
def data(tiny_data, tmp_path):
    """A copy of the tiny data, to be changed."""
    for name in ("photos", "questions.jsonl", "captions.jsonl", "boxes.jsonl"):
        copy = shutil.copytree if (tiny_data / name).is_dir() else shutil.copy
        copy(tiny_data / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def settings(data, joint_settings):
    files = {name: [str(data / f"{name}.jsonl")] for name in ("questions", "captions", "boxes")}
    return lambda **changes: joint_settings(images=[str(data / "photos")], **files | changes)


def test_only_what_differs_has_another_fingerprint(data, settings, joint_settings, tiny_weights, tmp_path):
    def changed(after, variant="aligned") -> set[str]:
        return {name for name, value in made_from(after, variant).items() if before.get(name) != value}

    before = made_from(settings(), "aligned")
    assert changed(joint_settings(out="elsewhere", cache="elsewhere")) == set()  # the same bytes in another folder
    assert changed(settings(label_smoothing=0.3)) == changed(settings(), "unaligned") == {"settings"}
    assert changed(settings(fit=FitSettings(7, 0.1), align=FitSettings(7, 0.1))) == set()  # a run may be prolonged
    assert changed(settings(start=str(tiny_weights))) == {"start"}
    shutil.copytree(tiny_weights, tmp_path / "measured")
    (tmp_path / "measured" / "aligned" / "eval.json").write_text("{}")
    starts = {
        made_from(settings(start=str(folder)), "aligned")["start"] for folder in (tiny_weights, tmp_path / "measured")
    }
    assert len(starts) == 1
    shutil.copytree(tiny_weights / "encoders" / "vision", tmp_path / "vision")
    assert changed(settings(vision=str(tmp_path / "vision"))) == set()
    with (tmp_path / "vision" / "model.safetensors").open("ab") as file:
        file.write(b"0")
    assert changed(settings(vision=str(tmp_path / "vision"))) == {"vision"}
    (data / "photos" / "p3.png").write_bytes((data / "photos" / "p4.png").read_bytes())  # the same id, other pixels
    assert changed(settings()) == {"images"}
    (data / "questions.jsonl").write_text((data / "captions.jsonl").read_text())
    assert changed(settings()) == {"images", "questions"}


def test_the_code_that_trains_is_told_by_its_bytes(tmp_path, monkeypatch):
    package = tmp_path / "vqa"
    shutil.copytree(fingerprints.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    here = code_digest()
    monkeypatch.setattr(fingerprints, "PACKAGE", package)
    assert code_digest() == here
    for floor, is_told in (("ui", False), ("train", True), ("train/makers", True)):
        file = next((package / floor).glob("*.py"))
        before = code_digest()
        file.write_text(file.read_text() + "# more\n")
        assert (code_digest() != before) == is_told


def test_a_digest_does_not_depend_on_the_order_of_keys():
    digest = json_digest({"a": 1, "b": [2]})
    assert digest == json_digest(json.loads('{"b": [2], "a": 1}')) != json_digest({"a": 1, "b": [3]})
