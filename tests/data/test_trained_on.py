"""The record of photographs that a model was trained on."""

import hashlib
import json

import pytest
from PIL import Image
from safetensors.numpy import load_file

from vqa.common.checksums import SUMS_FILE, write_sums
from vqa.data.images import ImageStore
from vqa.data.trained_on import DIGEST_BYTES, TRAINED_ON_FILE, TrainedOn, parts_of


@pytest.fixture
def store(tmp_path):
    (tmp_path / "photos").mkdir()
    for i in range(6):
        Image.new("RGB", (9, 7), (i, 0, 0)).save(tmp_path / "photos" / f"p{i}.png")
    return ImageStore([tmp_path / "photos"])


@pytest.fixture
def weights(tmp_path):
    """Two checkpoints over shared encoders, and a folder that is a model of its own."""
    root = tmp_path / "weights"
    for folder in ("encoders/vision", "encoders/text", "aligned", "unaligned", "alone"):
        (root / folder).mkdir(parents=True)
    for name, config in (("aligned", {"encoders": "../encoders"}), ("unaligned", {"encoders": "../encoders"})):
        (root / name / "config.json").write_text(json.dumps(config))
    (root / "alone" / "config.json").write_text("{}")
    return root


def test_photographs_are_known_again_by_their_bytes(store, tmp_path):
    known = TrainedOn.of_photographs(store, ["p1", "p4"])
    known.write(tmp_path)
    content = load_file(tmp_path / TRAINED_ON_FILE)["digests"].tobytes()
    digests = [hashlib.sha256(store.read(i)).digest()[:DIGEST_BYTES] for i in ("p1", "p4")]
    assert content == b"".join(sorted(digests))
    again = TrainedOn.read(tmp_path)
    assert again.is_known and again.among(store, ["p0", "p1", "p4", "moon"]) == {"p1", "p4"}
    (tmp_path / "photos" / "p4.png").write_bytes(store.read("p5"))  # another photograph under the id
    (tmp_path / "photos" / "other.png").write_bytes(store.read("p1"))  # the photograph under another id
    assert again.among(ImageStore([tmp_path / "photos"]), ["p1", "p4", "p5", "other"]) == {"p1", "other"}
    (tmp_path / "photos" / "p0.png").unlink()
    assert again.among(store, ["p0", "p1"]) == {"p1"}  # what cannot be read was not trained on


def test_what_is_measured_is_told_with_its_number(store, caplog):
    known = TrainedOn.of_photographs(store, ["p1", "p4"])
    told = known.tell(store, {"s": {"p0", "p1", "p2"}, "t": {"p1", "p4"}, "u": {"p5"}})
    assert told == {
        "s": {"photographs": 3, "trained_on": 1},
        "t": {"photographs": 2, "trained_on": 2},
        "u": {"photographs": 1, "trained_on": 0},
    }
    assert "2 of the 5 photographs that are measured were trained on" in caplog.text
    caplog.clear()
    assert known.tell(store, {"u": {"p5"}}) == {"u": {"photographs": 1, "trained_on": 0}} and not caplog.records
    assert TrainedOn.read("nowhere").tell(store, {"u": {"p5"}}) == {"u": {"photographs": 1, "trained_on": None}}


def test_a_model_was_trained_on_what_its_parts_were(store, weights):
    for folder, image_id in (("encoders/vision", "p1"), ("aligned", "p2"), ("unaligned", "p3"), ("alone", "p4")):
        TrainedOn.of_photographs(store, [image_id]).write(weights / folder)
    assert TrainedOn.of_weights(weights, "aligned").among(store, store) == {"p1", "p2"}
    assert TrainedOn.of_weights(weights / "unaligned", "aligned").among(store, store) == {"p1", "p3"}
    assert TrainedOn.of_weights(weights / "alone", "aligned").among(store, store) == {"p4"}
    assert list(parts_of(weights, "aligned")) == ["heads", "vision", "text"]
    with pytest.raises(ValueError, match="no 'sideways' weights in"):
        TrainedOn.of_weights(weights, "sideways")


def test_the_record_is_among_the_files_that_are_checked(store, weights):
    TrainedOn.of_photographs(store, store).write(weights / "alone")
    (weights / "alone" / "model.safetensors").write_bytes(b"weights")
    write_sums(weights / "alone")
    assert TRAINED_ON_FILE in (weights / "alone" / SUMS_FILE).read_text()
    with (weights / "alone" / TRAINED_ON_FILE).open("ab") as file:
        file.write(b"123")
    with pytest.raises(ValueError, match="is damaged: it does not hold 8 bytes a photograph"):
        TrainedOn.of_weights(weights / "alone", "aligned")
