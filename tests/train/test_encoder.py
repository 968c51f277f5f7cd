"""Tuning both encoders, on tiny data and from tiny encoders."""

import dataclasses
import json

import pytest
import torch

from tests.conftest import COLOURS
from vqa.__main__ import main
from vqa.data.images import ImageStore
from vqa.data.trained_on import TrainedOn
from vqa.model.checkpoint import load_encoder
from vqa.processing.processor import image_processor
from vqa.train.encoder import EncoderData, EncoderTeacher, losses, question_targets, starting_encoders
from vqa.train.joint_data import prepare
from vqa.train.settings import load_settings

FIT = {"steps": 40, "learning_rate": 3e-3, "warmup_steps": 1, "ema": 0.5}


@pytest.fixture(scope="module")
def config(tiny_data, tiny_weights, tmp_path_factory):
    """A configuration that tunes the tiny encoders, whose convolutions have weights that gradients pass through."""
    folder = tmp_path_factory.mktemp("encoder")
    vision = load_encoder(tiny_weights / "encoders" / "vision")
    torch.manual_seed(0)
    for module in vision.stem.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    vision.half().save_pretrained(folder / "vision")
    joint = json.loads((tiny_data / "joint.json").read_text())
    fields = {name: joint[name] for name in ("images", "questions", "captions", "boxes")}
    fields |= {"stage": "encoder", "vision": str(folder / "vision"), "text": joint["text"]}
    fields |= {"image_size": vision.config.image_size, "text_layers": 1, "photos_per_batch": 4}
    fields |= {"least_word_count": 1, "least_answer_count": 1, "answerer_blocks": 1, "answerer_width": 32}
    fields |= {"cache": str(folder / "cache"), "out": str(folder / "out"), "fit": FIT}
    (folder / "encoder.json").write_text(json.dumps(fields))
    return folder / "encoder.json"


@pytest.fixture(scope="module")
def tuned(config):
    """The folder in which one run of the command has left encoders, and its log."""
    assert main(["train", "--config", str(config), "--run", str(config.parent / "run")]) == 0
    log = (config.parent / "run" / "log.jsonl").read_text().splitlines()
    return config.parent, [json.loads(line) for line in log]


def changed(before: torch.nn.Module, after: torch.nn.Module) -> dict[str, bool]:
    """Which parameters are other ones, halves as in files."""
    new = dict(after.named_parameters())
    return {name: not torch.equal(old.half(), new[name].half()) for name, old in before.named_parameters()}


def test_both_encoders_learn_and_their_lower_parts_stay(config, tuned):
    folder, log = tuned
    assert len(log) == FIT["steps"]
    for term in ("words", "boxes", "answers"):
        assert sum(row[term] for row in log[-5:]) < sum(row[term] for row in log[:5])
    settings = load_settings(config)
    vision, text = (load_encoder(getattr(settings, name)) for name in ("vision", "text"))
    tuned_vision, tuned_text = (load_encoder(folder / "out" / name) for name in ("vision", "text"))
    assert not any(changed(vision.stem.trunk_layers, tuned_vision.stem.trunk_layers).values())
    assert any(changed(vision.stem.top_layers, tuned_vision.stem.top_layers).values())
    assert any(changed(vision.vit, tuned_vision.vit).values())
    learned = {name for name, is_other in changed(text, tuned_text).items() if is_other}
    last = f"encoder.layer.{text.config.num_hidden_layers - 1}."
    assert learned and all(name.startswith(last) for name in learned)


def test_the_tuned_encoders_tell_what_they_were_made_from(config, tuned, tiny_data):
    folder, _ = tuned
    record = json.loads((folder / "out" / "train.json").read_text())
    assert record["settings"]["fit"]["steps"] == FIT["steps"]
    assert record["examples"] == {"photographs": 16, "questions": 16}
    assert set(record["made_from"]) == {"photographs", "rows", "vision", "text"}
    store = ImageStore(load_settings(config).images)
    for name in ("vision", "text"):
        assert TrainedOn.read(folder / "out" / name).among(store, store) == {f"p{i}" for i in range(16)}  # none of val


def test_features_of_the_tuned_encoder_come_from_the_maps_of_its_trunk(config, tuned, joint_settings):
    folder, _ = tuned
    settings = joint_settings(vision=str(folder / "out" / "vision"), cache=str(folder / "cache"))
    states = prepare(settings, "unaligned").images
    pixels = image_processor(settings.vision)(ImageStore(settings.images).open("p3"), return_tensors="pt").pixel_values
    with torch.no_grad():
        expected = load_encoder(settings.vision)(pixels).last_hidden_state[:, 1:]
    torch.testing.assert_close(states[["p3"]], expected, atol=5e-3, rtol=1e-2)


def test_a_batch_holds_what_is_true_of_its_photographs(config):
    settings = load_settings(config)
    vision, _, tokenizer = starting_encoders(settings)
    data = EncoderData(settings, vision, tokenizer)
    batch = data.batch(3)
    ids = data.stream.batch(3)
    assert batch["photo"].tolist() == [0, 1, 2, 3]  # one question about each
    torch.testing.assert_close(batch["answers"].sum(1), torch.ones(4))
    torch.testing.assert_close(batch["words"].sum(1), torch.ones(4))
    assert [data.answers[i] for i in batch["answers"].argmax(1)] == [list(COLOURS)[int(i[1:]) % 4] for i in ids]
    assert batch["boxes"].any() and batch["box_known"].all()
    assert all(torch.equal(batch[name], value) for name, value in data.batch(3).items())  # of its step alone
    for row, mask in zip(batch["input_ids"], batch["text_mask"], strict=True):
        assert tokenizer.decode(row[mask], skip_special_tokens=True) == "what color is this?"


def test_gradients_reach_both_encoders_and_nothing_that_is_frozen(config):
    settings = load_settings(config)
    vision, text, tokenizer = starting_encoders(settings)
    data = EncoderData(settings, vision, tokenizer)
    model = EncoderTeacher(vision, text, len(data.words), len(data.answers), settings)
    losses(model, data.batch(0), settings)["loss"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.answerer.parameters())
    assert vision.vit.layers[0].attention.q_proj.weight.grad.abs().sum() > 0
    assert text.encoder.layer[-1].output.dense.weight.grad.abs().sum() > 0


def test_targets_follow_the_official_soft_accuracy(config):
    settings = load_settings(config)
    rows = [
        {"image_id": "a", "question": "what?", "answer": "cat", "source": "x", "answers": ["cat"] * 6 + ["dog", "fox"]},
        {"image_id": "a", "question": "how many?", "answer": "two", "source": "x"},
        {"image_id": "b", "question": "which?", "answer": "2", "source": "x"},
        {"image_id": "b", "question": "is it?", "answer": "dog", "source": "y"},
    ]
    answers, targets = question_targets(rows, settings)
    number = {answer: i for i, answer in enumerate(answers)}
    assert set(answers) == {"cat", "2", "dog"}  # "two" and "2" are one answer; nobody's main answer is "fox"
    shares = targets["a"][0].answers
    assert shares == pytest.approx({number["cat"]: 3 / 4, number["dog"]: 1 / 4})
    assert targets["a"][1].answers == targets["b"][0].answers == {number["2"]: 1.0}
    weighted = dataclasses.replace(settings, source_weights={"y": 0.0, "x": 0.5}, least_answer_count=2)
    answers, targets = question_targets(rows, weighted)
    assert answers == ["2"] and [t.weight for own in targets.values() for t in own] == [0.5, 0.5]
