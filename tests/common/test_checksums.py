"""Weights are what was saved, or they are refused by name."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoImageProcessor, AutoModel

from vqa.__main__ import main
from vqa.common.checksums import SUMS_FILE, check_sums, encoders_digest, hash_files, list_again, write_sums
from vqa.inference.predictor import VQAPredictor
from vqa.model.checkpoint import from_encoders, load_encoder, load_heads, save_heads
from vqa.model.configuration import VQAConfig
from vqa.model.model import VQAModel

PARTS = ("aligned", "unaligned", "encoders/vision", "encoders/text")


@pytest.fixture
def summed(tiny_weights, tmp_path) -> Path:
    """A weights folder with sums, as training leaves it."""
    root = tmp_path / "weights"
    shutil.copytree(tiny_weights, root)
    for part in PARTS:
        write_sums(root / part)
    return root


def test_weights_may_be_read_by_whom_the_files_beside_them_may(summed):
    modes = {path.stat().st_mode for part in PARTS for path in (summed / part).iterdir() if path.is_file()}
    assert len(modes) == 1


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    """One bit in the middle, where a safetensors file has numbers: it still loads."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def swap(path: Path) -> None:
    shutil.copy(path.parents[1] / "unaligned" / path.name, path)


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("aligned/model.safetensors", truncate),
        ("aligned/model.safetensors", flip),
        ("aligned/model.safetensors", swap),
        ("aligned/config.json", swap),
        ("unaligned/answers.model", flip),
        ("encoders/vision/model.safetensors", flip),
        ("encoders/vision/preprocessor_config.json", truncate),
        ("encoders/text/tokenizer.json", flip),
        ("encoders/text/config.json", Path.unlink),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_another_file_is_refused_by_its_name(summed, name, harm, capsys):
    harm(summed / name)
    with pytest.raises(ValueError, match="is missing" if harm is Path.unlink else "cut short, swapped or altered") as e:
        VQAPredictor.from_pretrained(summed)
    assert str((summed / name).resolve()) in str(e.value)


def test_what_the_page_shows_is_refused_where_it_was_altered(summed):
    shown = summed / "aligned" / "contrast.json"
    shown.write_text("{}")
    write_sums(summed / "aligned")
    VQAPredictor.from_pretrained(summed)
    shown.write_text('{"count": 999999999}')
    with pytest.raises(ValueError, match=f"{shown} is not what was saved"):
        VQAPredictor.from_pretrained(summed)


def test_the_same_files_load_and_how_they_were_made_may_change(summed, photo, tiny_predictor):
    (summed / "aligned" / "train.json").write_text("{}")
    (summed / "aligned" / "README.md").write_text("A note.")
    predictor = VQAPredictor.from_pretrained(summed)
    assert predictor.ask(photo, "what is this?").answer == tiny_predictor.ask(photo, "what is this?").answer


def saved_heads(weights: Path) -> None:
    """Heads of both variants as training saves them beside their encoders."""
    for variant in ("aligned", "unaligned"):
        model = VQAModel.from_pretrained(weights / variant)
        save_heads(model, weights / variant, "../encoders")
        write_sums(weights / variant)


def retrain(encoders: Path, part: str) -> None:
    """Other encoders in the same place, as another run would leave them."""
    if part == "vision":
        encoder = AutoModel.from_pretrained(encoders / part)
        with torch.no_grad():
            next(encoder.parameters()).add_(1.0)
        encoder.save_pretrained(encoders / part)
    elif part == "preprocessing":
        processor = AutoImageProcessor.from_pretrained(encoders / "vision")
        processor.image_mean = [0.25] * 3
        processor.save_pretrained(encoders / "vision")
    else:
        file = encoders / "text" / "tokenizer.json"
        file.write_text(file.read_text().replace('"lowercase":true', '"lowercase":false').replace(": true", ": false"))
    for name in ("vision", "text"):
        write_sums(encoders / name)


@pytest.mark.parametrize("part", ["vision", "preprocessing", "tokenizer"])
def test_heads_are_not_served_over_other_encoders(summed, part, photo, tmp_path):
    saved_heads(summed)
    answer = VQAPredictor.from_pretrained(summed).ask(photo, "what is this?")
    moved = shutil.copytree(summed, tmp_path / "of" / "another-name")
    assert VQAPredictor.from_pretrained(moved).ask(photo, "what is this?").top == answer.top
    retrain(summed / "encoders", part)
    told = "was trained over other encoders than those in .*encoders.*train these heads again"
    with pytest.raises(ValueError, match=f"aligned {told}"):
        VQAPredictor.from_pretrained(summed)
    for variant in ("aligned", "unaligned"):
        for load in (VQAPredictor.from_pretrained, VQAModel.from_pretrained):
            with pytest.raises(ValueError, match=f"{variant} {told}"):
                load(summed / variant)


@pytest.mark.parametrize(("part", "setting"), [("vision", "layer_norm_eps"), ("text", "layer_norm_eps")])
def test_heads_are_not_served_over_encoders_that_are_configured_otherwise(summed, part, setting):
    """The digest leaves configurations out, for heads have them in their own: the two must be one."""
    saved_heads(summed)
    path = summed / "encoders" / part / "config.json"
    config = json.loads(path.read_text())
    config.pop("checksums")
    config["vit" if setting not in config else setting] = 1.0 if setting in config else config["vit"] | {setting: 1.0}
    path.write_text(json.dumps(config))
    (path.parent / SUMS_FILE).unlink()
    with pytest.raises(ValueError, match=f"was trained over another {part} encoder: .* was .*, and is .* now"):
        VQAPredictor.from_pretrained(summed)


def test_the_encoders_digest_is_of_what_they_do_and_not_of_their_configurations_words(summed, tmp_path):
    encoders = summed / "encoders"
    digest = encoders_digest(encoders)
    config = json.loads((encoders / "vision" / "config.json").read_text())
    (encoders / "vision" / "config.json").write_text(json.dumps(config | {"transformers_version": "9.9"}))
    (encoders / "text" / "README.md").write_text("Where they come from.")
    assert encoders_digest(shutil.copytree(encoders, tmp_path / "moved")) == digest
    flip(encoders / "text" / "model.safetensors")
    assert encoders_digest(encoders) != digest


def test_the_shipped_heads_name_the_shipped_encoders():
    weights = Path(__file__).resolve().parents[2] / "weights"
    for variant in ("aligned", "unaligned"):
        config = json.loads((weights / variant / "config.json").read_text())
        assert config["encoders_digest"] == encoders_digest(weights / "encoders")
        check_sums(weights / variant)


@pytest.mark.parametrize(
    "name",
    [
        "encoders/vision/processor_config.json",
        "encoders/text/added_tokens.json",
        "encoders/text/vocab.txt",
        "aligned/adapter_config.json",
        "aligned/eval.json",
        "unaligned/maps.json",
    ],
)
def test_a_file_that_was_added_is_refused_by_its_name(summed, name):
    (summed / name).write_text("{}")
    with pytest.raises(ValueError, match="was added") as refused:
        VQAPredictor.from_pretrained(summed)
    assert str((summed / name).resolve()) in str(refused.value)


@pytest.mark.parametrize("part", PARTS)
def test_the_list_can_be_neither_taken_away_nor_emptied_nor_written_anew(summed, part):
    sums, weights = summed / part / SUMS_FILE, summed / part / "model.safetensors"
    sums.write_text("")
    with pytest.raises(ValueError, match="is empty"):
        VQAPredictor.from_pretrained(summed)
    flip(weights)
    others = [path for path in sums.parent.iterdir() if path.name != SUMS_FILE]
    sums.write_text("".join(f"{hash_files([path])}  {path.name}\n" for path in others))
    with pytest.raises(ValueError, match="not the list that config.json tells of"):
        VQAPredictor.from_pretrained(summed)
    sums.unlink()
    with pytest.raises(ValueError, match="is missing, and config.json tells of it"):
        VQAPredictor.from_pretrained(summed)


def test_what_the_page_shows_is_listed_too(summed):
    shown = summed / "aligned" / "eval.json"
    shown.write_text('{"benchmarks": {}}')
    write_sums(summed / "aligned")
    VQAPredictor.from_pretrained(summed)
    shown.write_text('{"benchmarks": {"all": 1.0}}')
    with pytest.raises(ValueError, match="eval.json is not what was saved"):
        VQAPredictor.from_pretrained(summed)
    shown.unlink()
    with pytest.raises(ValueError, match="eval.json is missing"):
        VQAPredictor.from_pretrained(summed)


def test_a_record_that_is_measured_anew_is_listed_anew_and_nothing_else(summed):
    flip(summed / "aligned" / "answers.model")
    (summed / "aligned" / "maps.json").write_text("{}")
    list_again(summed / "aligned" / "maps.json")
    with pytest.raises(ValueError, match="answers.model is not what was saved"):
        check_sums(summed / "aligned")
    flip(summed / "aligned" / "answers.model")
    check_sums(summed / "aligned")
    list_again(summed / "maps.json")  # beside no list nothing happens
    assert not (summed / SUMS_FILE).exists()


@pytest.mark.parametrize("part", ["vision", "text"])
@pytest.mark.parametrize("harm", [flip, truncate, Path.unlink], ids=lambda harm: harm.__name__)
def test_training_starts_from_encoders_as_they_were_saved(summed, part, harm):
    vision, text = summed / "encoders" / "vision", summed / "encoders" / "text"
    from_encoders(vision, text, answer_vocab_size=32)
    harm(summed / "encoders" / part / "model.safetensors")
    for load in (lambda: load_encoder(summed / "encoders" / part), lambda: from_encoders(vision, text)):
        with pytest.raises(ValueError, match=f"{part}.model.safetensors is (missing|not what was saved)"):
            load()


def test_training_goes_on_from_heads_as_they_were_saved(summed):
    vision, text = load_encoder(summed / "encoders" / "vision"), load_encoder(summed / "encoders" / "text")
    load_heads(summed / "aligned", vision, text)
    (summed / "aligned" / "adapter_config.json").write_text("{}")
    with pytest.raises(ValueError, match="adapter_config.json was added"):
        load_heads(summed / "aligned", vision, text)


def test_an_encoder_that_is_saved_again_tells_of_no_list(summed, tmp_path):
    load_encoder(summed / "encoders" / "text").save_pretrained(tmp_path / "copy")
    assert torch.equal(
        *(next(load_encoder(path).parameters()) for path in (summed / "encoders" / "text", tmp_path / "copy"))
    )


def test_a_copy_of_a_configuration_tells_of_no_list(summed, tmp_path):
    config = VQAConfig.from_pretrained(summed / "aligned")
    config.save_pretrained(tmp_path / "copy")
    assert "checksums" in (summed / "aligned" / "config.json").read_text()
    assert json.loads((tmp_path / "copy" / "config.json").read_text()).get("checksums") is None
    check_sums(tmp_path / "copy")


def test_the_command_line_tells_in_one_line(summed, photo, tmp_path, capsys):
    photo.save(tmp_path / "photo.png")
    flip(summed / "encoders" / "text" / "model.safetensors")
    assert main(["ask", str(tmp_path / "photo.png"), "what is this?", "--weights", str(summed)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "text/model.safetensors is not what was saved" in told


def test_sums_are_what_sha256sum_writes(tmp_path):
    for name, content in {"b.safetensors": b"two", "a.json": b"one", "train.json": b"{}", ".hidden": b"x"}.items():
        (tmp_path / name).write_bytes(content)
    write_sums(tmp_path)
    expected = [
        f"{hashlib.sha256(content).hexdigest()}  {name}"
        for name, content in (("a.json", b"one"), ("b.safetensors", b"two"))
    ]
    assert (tmp_path / SUMS_FILE).read_text().splitlines() == expected
    write_sums(tmp_path)  # a second time the sums do not sum themselves
    assert (tmp_path / SUMS_FILE).read_text().splitlines() == expected
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("line", ["", "no sum at all", f"{'0' * 64}  ../elsewhere", f"{'0' * 63}  a.json"])
def test_damaged_sums_are_no_sums(tmp_path, line):
    (tmp_path / SUMS_FILE).write_text(line + "\n")
    with pytest.raises(ValueError, match="SHA256SUMS is damaged"):
        check_sums(tmp_path)


def test_without_sums_nothing_is_checked_and_without_weights_nothing_summed(tmp_path):
    check_sums(tmp_path)
    check_sums("someone/a-checkpoint-of-a-hub")
    with pytest.raises(FileNotFoundError, match="no weights in"):
        write_sums(tmp_path)
