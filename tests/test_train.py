"""Training from files to a checkpoint, on tiny data: resuming, what learns and what is left alone."""

import argparse
import dataclasses
import json
import random
import shutil
import time
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file

from tests.faults import full_disk
from vqa.__main__ import main
from vqa.data.augment import MIRRORED
from vqa.data.examples import Example
from vqa.data.images import ImageStore
from vqa.data.rows import split_rows
from vqa.data.sampling import EpochStream
from vqa.fit import FitSettings, fit, learning_rate_factor
from vqa.losses import joint_loss, task_loss
from vqa.modeling import VQAModel, load_encoder
from vqa.predictor import VQAPredictor
from vqa.processing import PAD, VQAProcessor, image_processor, train_answer_pieces
from vqa.train import (
    OVERRIDES,
    JointSettings,
    load_settings,
    nearest_captions,
    prepare,
    run,
    save,
    streams_of,
    train_joint,
)
from vqa.train_alignment import CaptionPairs

ROOT = Path(__file__).resolve().parent.parent


def joint_settings(tiny_data, **changes) -> JointSettings:
    return dataclasses.replace(load_settings(tiny_data / "joint.json"), **changes)


def test_a_run_leaves_a_directory_that_answers(tiny_data, photo):
    for features in ("aligned", "unaligned"):
        args = argparse.Namespace(
            config=tiny_data / "joint.json",
            features=features,
            question_only=False,
            run=str(tiny_data / "runs" / features),
        )
        vars(args).update(dict.fromkeys(OVERRIDES))
        assert run(args) == 0
        log = [
            json.loads(line)
            for line in (tiny_data / "runs" / features / "joint" / "log.jsonl").read_text().splitlines()
        ]
        expected = {"step", "loss", "task", "attention", "questions", "captions", "grad_norm", "lr"}
        assert set(log[0]) == expected | ({"align"} if features == "aligned" else set())
    predictor = VQAPredictor.from_pretrained(tiny_data / "weights")
    assert predictor.features == ["aligned", "unaligned"]
    assert predictor.ask(photo, "what color is this?").top
    assert 0 <= predictor.similarity(photo, "a photo of red").matched_percentile <= 100
    record = json.loads((tiny_data / "weights" / "aligned" / "train.json").read_text())
    assert record["examples"]["colours"] == 16


@pytest.fixture
def own_data(tmp_path, tiny_data):
    """VQA v2's official pair of files and a folder with their photographs, as a user has them."""
    (tmp_path / "train2014").mkdir()
    asked, notes = [], []
    for number in range(1, 31):
        shutil.copy(
            tiny_data / "photos" / f"p{number % 4}.png", tmp_path / f"train2014/COCO_train2014_{number:012d}.png"
        )
        answer = ("red", "blue", "green", "white")[number % 4]
        asked.append({"question_id": number, "image_id": number, "question": "what color is this?"})
        notes.append({"question_id": number, "multiple_choice_answer": answer, "answer_type": "other"})
        notes[-1]["answers"] = [{"answer": answer}] * 10
    questions = {"data_type": "mscoco", "data_subtype": "train2014", "questions": asked}
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    (tmp_path / "annotations.json").write_text(json.dumps({"annotations": notes}))
    return tmp_path


def test_own_data_in_one_command(own_data, tiny_weights, photo, monkeypatch, caplog):
    config = json.loads((ROOT / "configs" / "own.json").read_text())
    config |= {name: str(tiny_weights / "encoders" / name) for name in ("vision", "text")}
    config |= {"start": str(tiny_weights), "fit": config["fit"] | {"steps": 2, "warmup_steps": 1}}
    (own_data / "own.json").write_text(json.dumps(config))
    files = ["--questions", "questions.json", "annotations.json", "--images", "train2014", "--out", "mine"]
    monkeypatch.chdir(own_data)
    assert main(["train", "--config", "own.json", *files]) == 0
    assert "no captions to align" in caplog.text
    assert (own_data / "runs" / "own-aligned" / "joint" / "log.jsonl").is_file()  # no other configuration's run
    record = json.loads((own_data / "mine" / "aligned" / "train.json").read_text())
    assert 20 <= record["examples"]["vqa-v2"] < 30  # a tenth of the photographs, by their ids, is val
    start = VQAPredictor.from_pretrained(tiny_weights)
    (own_data / "mine").rename(own_data / "moved")
    predictor = VQAPredictor.from_pretrained(own_data / "moved")
    assert predictor.features == ["aligned"] and predictor.ask(photo, "what color is this?").top
    pieces = [p.models["aligned"].decoder.pieces.weight for p in (start, predictor)]
    assert pieces[0].shape == pieces[1].shape and not torch.equal(*pieces)
    torch.testing.assert_close(*pieces, atol=0.01, rtol=0)  # two steps away from where it started


def test_heads_of_several_folders_are_averaged(tiny_data, tiny_weights, tmp_path):
    other = tmp_path / "other" / "unaligned"
    shutil.copytree(tiny_weights / "unaligned", other)
    heads = load_file(other / "model.safetensors")
    save_file({name: 3 * value for name, value in heads.items()}, other / "model.safetensors", {"format": "pt"})
    settings = {"start": str(tiny_weights), "average_with": [str(other.parent)], "model": {"dropout": 0.25}}
    settings = joint_settings(tiny_data, fit={"steps": 0, "learning_rate": 1}, **settings)
    model = train_joint(settings, "unaligned", False, tmp_path / "run").model
    trained = {name: value for name, value in model.named_parameters() if name in heads}
    assert len(trained) > 20 and model.decoder.dropout.p == model.config.dropout == 0.25
    for name, value in trained.items():
        torch.testing.assert_close(value.detach(), 2 * heads[name].float(), atol=2e-3, rtol=1e-3)  # files hold halves
    encoder = VQAModel.from_pretrained(tiny_weights / "unaligned").vision_encoder.state_dict()
    assert all(torch.equal(value, encoder[name]) for name, value in model.vision_encoder.state_dict().items())
    wide = model.config.hidden_size * 2
    size = {"features": "unaligned", "answer_vocab_size": model.config.answer_vocab_size}
    VQAModel.from_encoders(settings.vision, settings.text, hidden_size=wide, num_heads=2, **size).save_heads(other, "")
    with pytest.raises(ValueError, match="not of one shape"):
        train_joint(settings, "unaligned", False, tmp_path / "run")
    (other / VQAProcessor.ANSWERS_FILE).write_bytes(train_answer_pieces(["yes", "no", "seven"] * 20, 300))
    with pytest.raises(ValueError, match="do not share their answers"):
        train_joint(settings, "unaligned", False, tmp_path / "run")


def test_photographs_are_seen_at_another_size_from_there_on(tiny_data, tiny_weights, photo, tmp_path):
    """On a finer grid, in caches and when served; and what starts from there needs not say so again."""
    fit = {"steps": 2, "learning_rate": 1e-3, "warmup_steps": 1}
    own = {"start": str(tiny_weights), "model": {}, "image_size": 160, "out": str(tmp_path / "finer")}
    data = train_joint(joint_settings(tiny_data, fit=fit, **own), "unaligned", False, tmp_path / "run")
    assert data.images.plain.features.shape[1] == 25
    save(data)
    predictor = VQAPredictor.from_pretrained(tmp_path / "finer")
    seen = predictor.encode(photo)
    assert seen.states.states.shape[1] == 25 and predictor.ask(seen, "what color is this?", "unaligned").top
    later = joint_settings(tiny_data, fit=fit | {"steps": 0}, model={}, start=own["out"], out=str(tmp_path / "later"))
    assert train_joint(later, "unaligned", False, tmp_path / "later-run").model.grid_size == (5, 5)


def test_an_encoder_learns_from_where_it_starts(tiny_data, tiny_weights, tmp_path, monkeypatch):
    """The words of its photographs, by its ViT and the top of its stem; the trunk, whose maps are cached, stays."""
    monkeypatch.setattr("vqa.train_encoder.ImageNetTeacher", lambda: lambda maps: torch.full((len(maps), 1000), 1e-3))
    start = tmp_path / "encoders"
    shutil.copytree(tiny_weights / "encoders", start)
    before = load_encoder(start / "vision")
    for module in before.stem.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)  # with weights as small as they came, gradients vanish
    before.half().save_pretrained(start / "vision")
    before.float()
    joint = json.loads((tiny_data / "joint.json").read_text())
    fit = {"steps": 40, "learning_rate": 3e-3, "warmup_steps": 1, "ema": 0.5}
    config = {name: joint[name] for name in ("images", "questions", "captions", "boxes")}
    config |= {"stage": "encoder", "start": str(start), "cache": str(tmp_path / "cache")}
    config |= {"out": str(tmp_path / "out"), "batch_size": 8, "least_word_count": 1, "heads": fit, "fit": fit}
    (tmp_path / "tuned.json").write_text(json.dumps(config))
    run_folder = tmp_path / "run"
    assert main(["train", "--config", str(tmp_path / "tuned.json"), "--run", str(run_folder)]) == 0

    logs = {name: (run_folder / name / "log.jsonl").read_text().splitlines() for name in ("heads", "encoder")}
    words = {name: [json.loads(line)["words"] for line in lines] for name, lines in logs.items()}
    assert all(len(values) == fit["steps"] for values in words.values())
    assert sum(words["encoder"][-5:]) < sum(words["encoder"][:5])
    after = load_encoder(tmp_path / "out" / "vision")
    trunk = zip(before.stem.trunk_layers.parameters(), after.stem.trunk_layers.parameters(), strict=True)
    assert all(torch.equal(old, new) for old, new in trunk)
    for part in (lambda encoder: encoder.stem.top_layers, lambda encoder: encoder.vit):
        old, new = (torch.cat([p.flatten() for p in part(encoder).parameters()]) for encoder in (before, after))
        assert (old - new).abs().mean() > 1e-3
    settings = joint_settings(tiny_data, vision=str(tmp_path / "out" / "vision"), cache=str(tmp_path / "cache"))
    states = prepare(settings, "unaligned").images.plain  # through the maps of the trunk
    pixels = image_processor(settings.vision)(ImageStore(settings.images).open("p3"), return_tensors="pt").pixel_values
    with torch.no_grad():
        torch.testing.assert_close(states[["p3"]], after(pixels).last_hidden_state[:, 1:], atol=5e-3, rtol=1e-2)


def test_each_stage_starts_from_what_one_other_leaves():
    configs = [json.loads(path.read_text()) for path in (ROOT / "configs").glob("*.json")]
    left = [config["out"] for config in configs]
    assert len(left) == len(set(left))  # no stage overwrites another's
    starts = [folder for c in configs if "start" in c for folder in (c["start"], *c.get("average_with", []))]
    assert starts and set(starts) <= set(left)


def test_data_that_cannot_be_trained_on_is_told(own_data, tiny_data, tiny_weights, capsys):
    def told(*options) -> str:
        command = [
            "train",
            "--config",
            str(tiny_data / "joint.json"),
            "--run",
            str(own_data / "run"),
            *map(str, options),
        ]
        assert main(command) == 2
        return capsys.readouterr().err

    questions = own_data / "questions.jsonl"
    questions.write_text('{"image_id": "p1", "question": "what color is this?"}\n')
    assert "line 1: answer is missing" in told("--questions", questions)
    questions.write_text('{"image_id": "dog", "question": "what?", "answer": "red"}\n')
    assert "None of the 1 questions is about one of the 20 images: they ask about 'dog'" in told(
        "--questions", questions
    )


def test_nothing_to_train_on_is_told(tiny_data, tiny_weights, tmp_path):
    """Before anything is computed of photographs that there are not."""
    questions = tmp_path / "questions.jsonl"
    row = {"image_id": "p1", "question": "what color is this?", "answer": "red", "source": "colours", "split": "val"}
    questions.write_text(json.dumps(row) + "\n")
    own = {"questions": [str(questions)], "captions": [], "boxes": [], "shares": {}, "cache": str(tmp_path / "cache")}
    own |= {"start": str(tiny_weights), "model": {}}
    with pytest.raises(ValueError, match="nothing to train on"):
        train_joint(joint_settings(tiny_data, **own), "unaligned", False, tmp_path / "run")


def test_streams_follow_the_shares(caplog):
    sources = {"many": [Example("a", "what?", ("x",))] * 30, "few": [Example("b", "what?", ("y",))] * 10, "count": []}
    assert [stream.batch_size for stream in streams_of(sources, {}, 0)] == [24, 8]
    assert not caplog.records
    [stream] = streams_of(sources, {"few": 3, "count": 2}, 0)
    assert len(stream.batch(0)) == 3 and stream.batch(0)[0].image_id == "b"
    assert "count has a share of the batch and no examples" in caplog.text
    assert "many has 30 examples and no share" in caplog.text
    with pytest.raises(ValueError, match="no source 'fwe' to give a share to, only many, few, count"):
        streams_of(sources, {"fwe": 3}, 0)
    with pytest.raises(ValueError, match="nothing to train on"):
        streams_of({"count": []}, {}, 0)


def test_unaligned_keeps_its_projections_and_aligned_moves_them(tiny_data, tmp_path):
    starts, ends = {}, {}
    for features in ("aligned", "unaligned"):
        trained = train_joint(joint_settings(tiny_data), features, False, tmp_path / features)
        ends[features] = {k: v.clone() for k, v in trained.model.aligner.state_dict().items()}
        untrained = joint_settings(
            tiny_data, align={"steps": 0, "learning_rate": 1e-3}, fit={"steps": 0, "learning_rate": 1}
        )
        starts[features] = train_joint(untrained, features, False, tmp_path / f"{features}0").model.aligner.state_dict()
    assert all(torch.equal(ends["unaligned"][k], v) for k, v in starts["unaligned"].items())
    assert all(torch.equal(starts["aligned"][k], v) for k, v in starts["unaligned"].items())
    assert not torch.equal(ends["aligned"]["image.mlp_out.weight"], starts["aligned"]["image.mlp_out.weight"])


def test_every_head_gets_a_finite_gradient_and_no_encoder_does(tiny_data, tmp_path):
    trained = train_joint(joint_settings(tiny_data, fit={"steps": 0, "learning_rate": 1}), "aligned", False, tmp_path)
    model = trained.model
    model.freeze()
    inputs, _ = trained.collate(trained.sources["colours"][:4], random.Random(0), 0.0)
    output = model(**inputs)
    (output.logits.square().mean() + output.image_embed.sum() + output.text_embed.sum()).backward()
    for name, parameter in model.named_parameters():
        if name.startswith(("vision_encoder", "text_encoder")):
            assert parameter.grad is None, name
        elif name != "aligner.logit_scale":  # only the contrastive loss reads it
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


@pytest.fixture(scope="module")
def cats(tiny_data, tmp_path_factory):
    """Data whose photographs have a cat in the upper left, in nine patches of three rows."""
    settings = joint_settings(tiny_data, patchy_share=0.0, fit={"steps": 0, "learning_rate": 1})
    return train_joint(settings, "unaligned", False, tmp_path_factory.mktemp("cats"))


def test_what_is_asked_about_is_marked_under_crops_and_mirrors(cats):
    def marked(view, about="cat", image_id="p0"):
        return cats.patches_asked_about(Example(image_id, "q", ("a",), about), view).view(3, 3).int().tolist()

    assert marked((0, 0, 1, 1, 0)) == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert marked((0, 0, 1, 1, 1)) == [[0, 1, 1], [0, 1, 1], [0, 0, 0]]
    assert marked((0.5, 0, 1, 1, 0)) == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]  # the right half
    assert marked((0.5, 0, 1, 1, 1)) == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    nothing = [[0] * 3] * 3
    assert marked((0.7, 0, 1, 1, 0)) == marked((0, 0, 1, 1, 0), "dog") == marked((0, 0, 1, 1, 0), None) == nothing
    assert marked((0, 0, 1, 1, 0), image_id="p17") == nothing  # of val, no box is known


def test_only_boxes_of_classes_boxed_in_full_are_known(tiny_data, tmp_path):
    things = [["cat", 0.1, 0.1, 0.6, 0.6], ["person", 0.5, 0.5, 1.0, 1.0]]
    rows = [
        {"image_id": "p0", "split": "train", "classes": "person", "boxes": things},
        {"image_id": "p1", "split": "train", "classes": "all", "boxes": things},
        {"image_id": "p19", "split": "val", "classes": "all", "boxes": things},
    ]
    (tmp_path / "boxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = joint_settings(
        tiny_data, boxes=[str(tmp_path / "boxes.jsonl")], shares={"colours": 8}, cache=str(tmp_path / "cache")
    )
    assert prepare(settings, "unaligned").boxes == {"p0": things[1:], "p1": things}


def test_hidden_patches_are_nothing_to_look_at(cats):
    examples = [Example(f"p{i}", "what color is this?", ("red",), "cat") for i in range(6)]
    _, seen = cats.collate(examples, random.Random(0), blind_share=0.0)
    _, blind = cats.collate(examples, random.Random(0), blind_share=1.0)
    assert seen.shape == (6, 9) and seen.any(1).all() and not blind.any()


def test_part_of_the_patches_and_words_is_trained_on(cats):
    examples = [Example(f"p{i % 6}", "what color is this?", ("red",), "cat") for i in range(30)]
    part = dataclasses.replace(cats, settings=dataclasses.replace(cats.settings, kept_patches=0.5, kept_words=0.5))
    inputs, shown = part.collate(examples, random.Random(0), blind_share=0.0)
    whole, marked = cats.collate(examples, random.Random(0), blind_share=0.0)
    places = inputs["places"]
    assert places.shape == (30, 4) and (places.diff() > 0).all() and len(places.unique()) == 9
    assert torch.equal(whole["places"], torch.arange(9).expand(30, -1))
    rows = places[..., None].expand(-1, -1, whole["image_states"].shape[-1])
    assert torch.equal(inputs["image_states"], whole["image_states"].gather(1, rows))
    assert torch.equal(shown, marked.gather(1, places))
    assert whole["text_mask"].all() and inputs["text_mask"][:, 0].all()
    assert 0.3 < inputs["text_mask"][:, 1:].float().mean() < 0.7
    assert part.model(**inputs).logits.isfinite().all()
    captions = {"p0": ["what color is this?"]}
    pairs = CaptionPairs(captions, cats.images, cats.texts, 1, hard_negatives=0, mine_every=1, seed=0, kept_patches=0.5)
    assert pairs.batch(0, cats.model)["image_states"].shape[1] == 4


def test_what_is_said_of_a_mirrored_photograph_has_left_and_right_changed_about(tiny_data, tmp_path):
    row = {"question": "what is left of this?", "answer": "red", "source": "sided"}
    more = tmp_path / "questions.jsonl"
    more.write_text("".join(json.dumps(row | {"image_id": f"p{i}"}) + "\n" for i in range(16)))
    questions = [str(tiny_data / "questions.jsonl"), str(more)]
    data = prepare(
        joint_settings(tiny_data, questions=questions, patchy_share=0.0, cache=str(tmp_path / "cache")), "unaligned"
    )
    view = data.images.view
    view.features = view.features + 1  # these photographs are of one colour: their views look like them
    example = next(e for e in data.sources["sided"] if view.aux[view.row[e.image_id], MIRRORED])
    inputs, _ = data.collate([example] * 20, random.Random(0), blind_share=0.0)
    mirrored = (inputs["image_states"] == view[[example.image_id]]).flatten(1).all(1)
    assert 0 < mirrored.sum() < 20
    for is_mirrored, states, mask in zip(mirrored, inputs["text_states"], inputs["text_mask"], strict=True):
        asked, _ = data.texts[["what is right of this?" if is_mirrored else "what is left of this?"]]
        assert torch.equal(states[mask], asked[0])
    captions = {example.image_id: [example.question]}
    pairs = CaptionPairs(captions, data.images, data.texts, batch_size=1, hard_negatives=0, mine_every=1, seed=0)
    batches = [pairs.batch(step, data.model) for step in range(20)]
    mirrored = [torch.equal(batch["image_states"], view[[example.image_id]]) for batch in batches]
    assert 0 < sum(mirrored) < 20
    for is_mirrored, batch in zip(mirrored, batches, strict=True):
        said, _ = data.texts[["what is right of this?" if is_mirrored else "what is left of this?"]]
        assert torch.equal(batch["text_states"], said)


def test_attention_is_drawn_to_what_is_asked_about(tiny_data, tmp_path):
    settings = joint_settings(
        tiny_data,
        shares={"count": 8},
        attention_weight=1.0,
        fit={"steps": 40, "learning_rate": 1e-2, "warmup_steps": 1, "ema": 0},
    )
    train_joint(settings, "unaligned", False, tmp_path)
    log = [json.loads(line)["attention"] for line in (tmp_path / "joint" / "log.jsonl").read_text().splitlines()]
    assert sum(log[-5:]) < 0.5 * sum(log[:5])


def test_it_overfits_eight_examples(tiny_data, tmp_path):
    trained = train_joint(joint_settings(tiny_data, fit={"steps": 0, "learning_rate": 1}), "unaligned", False, tmp_path)
    model, words = trained.model, ["red", "blue", "green", "white"]
    model.freeze()
    torch.manual_seed(0)
    batch = {
        "image_states": torch.randn(8, 9, 22),
        "text_states": torch.randn(8, 5, 26),
        "text_mask": torch.ones(8, 5, dtype=torch.bool),
        "answer_ids": trained.processor.pad_answers([trained.answer_ids(words[i % 4]) for i in range(8)]),
    }
    fit(
        model,
        lambda _: batch,
        lambda m, b: {"loss": task_loss(m(**b).logits, b["answer_ids"], PAD)},
        FitSettings(steps=120, learning_rate=1e-2, warmup_steps=5, ema=0, weight_decay=0.0),
        tmp_path / "fit",
        "eight",
    )
    log = [json.loads(line) for line in (tmp_path / "fit" / "log.jsonl").read_text().splitlines()]
    assert log[0]["loss"] > 2
    assert log[-1]["loss"] < 0.05


def small_fit(directory, stop_at=None) -> torch.Tensor:
    """Nine steps with a checkpoint after each; all weights at the end. Interrupted before step `stop_at`."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Dropout(0.5), torch.nn.Linear(5, 1))

    def batch_of(step: int) -> torch.Tensor:
        if step == stop_at:
            raise KeyboardInterrupt
        return torch.randn(7, 3, generator=torch.Generator().manual_seed(step))

    def losses_of(m, x):
        return {"loss": (m(x) - x.sum(1, keepdim=True)).square().mean()}

    settings = FitSettings(steps=9, learning_rate=0.1, warmup_steps=2, ema=0.5, checkpoint_minutes=0)
    fit(model, batch_of, losses_of, settings, directory, "small")
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> torch.Tensor:
    return small_fit(tmp_path_factory.mktemp("whole"))


def test_an_interrupted_fit_goes_on_to_the_same_weights(tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        small_fit(tmp_path, stop_at=5)
    assert torch.equal(small_fit(tmp_path), uninterrupted)


@pytest.fixture
def mined_fit(tiny_data, monkeypatch):
    """Trains aligned heads for six joint steps, with wrong captions mined anew every four; all weights at the end."""

    def train(directory, stop_at=None) -> torch.Tensor:
        left = iter(range(6 if stop_at is None else stop_at))

        def stopping(*args):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return joint_loss(*args)

        monkeypatch.setattr("vqa.train.joint_loss", stopping)
        schedule = {"learning_rate": 0.05, "warmup_steps": 1, "ema": 0.0, "checkpoint_minutes": 0}
        settings = joint_settings(tiny_data, fit=schedule | {"steps": 6}, align=schedule | {"steps": 0}, mine_every=4)
        model = train_joint(settings, "aligned", False, directory).model
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    return train


def test_wrong_captions_are_mined_anew_and_kept_for_an_interrupted_run(tmp_path, mined_fit, monkeypatch):
    rounds, mine = [], CaptionPairs.mine

    def noted(self, model):
        rounds.append(mine(self, model))
        return rounds[-1]

    monkeypatch.setattr(CaptionPairs, "mine", noted)
    whole = mined_fit(tmp_path / "whole")
    assert len(rounds) == 2 and not torch.equal(*rounds)
    with pytest.raises(KeyboardInterrupt):
        mined_fit(tmp_path / "cut", stop_at=2)
    assert torch.equal(mined_fit(tmp_path / "cut"), whole)
    assert len(rounds) == 4  # none for the steps that were left of the first round


def test_a_finished_fit_is_not_repeated_and_says_what_it_took(tmp_path):
    def took(batch_of) -> float:
        model = torch.nn.Linear(1, 1)
        settings = FitSettings(steps=2, learning_rate=0.1, ema=0)
        return fit(model, batch_of, lambda m, x: {"loss": m(x).mean()}, settings, tmp_path, "two")

    def slow(_: int) -> torch.Tensor:
        time.sleep(0.05)
        return torch.ones(1, 1)

    first = took(slow)
    assert first >= 0.1
    assert took(lambda step: pytest.fail("a step was repeated")) == first


@pytest.mark.parametrize("moment", ["write", "delete", "swap"])
def test_a_kill_while_a_checkpoint_is_written_loses_none(tmp_path, uninterrupted, monkeypatch, moment):
    with pytest.raises(KeyboardInterrupt):
        small_fit(tmp_path, stop_at=5)

    def half_written(self, path: str) -> None:
        Path(path).mkdir()
        (Path(path) / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    def half_deleted(path: Path, **_) -> None:
        if path.name == "checkpoint":
            (path / "model.safetensors").unlink()
            raise KeyboardInterrupt

    def not_moved(self, target) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "write":
            patch.setattr(Accelerator, "save_state", half_written)
        elif moment == "delete":
            patch.setattr(shutil, "rmtree", half_deleted)
        else:
            patch.setattr(Path, "replace", not_moved)
        with pytest.raises(KeyboardInterrupt):
            small_fit(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        small_fit(tmp_path, stop_at=7)  # and once more, from what was left
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps[:7] == [0, 1, 2, 3, 4, 5, 6] or steps[:8] == [0, 1, 2, 3, 4, 5, 5, 6]  # no more than a step again
    assert torch.equal(small_fit(tmp_path), uninterrupted)


def test_a_full_disk_is_told_and_the_fit_goes_on_when_there_is_room(tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        small_fit(tmp_path, stop_at=2)
    with full_disk(1500), pytest.raises(OSError, match="checkpoint.new cannot be written"):
        small_fit(tmp_path)
    assert torch.equal(small_fit(tmp_path), uninterrupted)


def test_heads_that_cannot_be_saved_are_named(tiny_predictor, tmp_path):
    model, encoders = tiny_predictor.models["aligned"], tiny_predictor.models["aligned"].config.encoders
    with full_disk(6000), pytest.raises(OSError, match=r"model.safetensors cannot be written"):
        model.save_heads(tmp_path, encoders)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    settings = FitSettings(steps=3, learning_rate=0.1)
    model = torch.nn.Linear(2, 1)
    with pytest.raises(FloatingPointError, match="step 0; lower learning_rate"):
        fit(model, lambda _: None, lambda m, _: {"loss": m.weight.sum() * float("nan")}, settings, tmp_path, "nan")


def test_the_learning_rate_rises_then_falls_to_zero():
    factors = [learning_rate_factor(step, 20, 4) for step in range(21)]
    assert factors[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert factors[4:] == sorted(factors[4:], reverse=True)
    assert factors[20] == pytest.approx(0)


def test_an_epoch_holds_each_item_once_and_batches_depend_on_the_step_alone():
    stream = EpochStream(list(range(11)), batch_size=3, seed=1)
    order = [item for step in range(11) for item in stream.batch(step)]
    assert all(sorted(order[11 * e : 11 * e + 11]) == list(range(11)) for e in range(3))
    assert order[:11] != order[11:22]
    assert EpochStream(list(range(11)), 3, 1).batch(7) == order[21:24]


def test_a_source_without_val_gets_one_by_photograph():
    rows = [{"image_id": f"i{n // 3}", "source": "a", "split": "train", "n": n} for n in range(600)]
    rows += [{"image_id": f"j{n}", "source": "b", "split": "val" if n % 2 else "train"} for n in range(10)]
    train, val = split_rows(rows, "train"), split_rows(rows, "val")
    assert len(train) + len(val) == len(rows)
    assert not {r["image_id"] for r in train} & {r["image_id"] for r in val}
    assert 30 <= sum(r["source"] == "a" for r in val) <= 100
    assert sum(r["source"] == "b" for r in val) == 5


def test_hard_wrong_captions_are_near_but_of_another_photograph():
    class Texts:
        def __getitem__(self, texts):
            states = torch.tensor([[[float(t.split()[1]), 1.0]] for t in texts])
            return states, torch.ones(len(texts), 1, dtype=torch.bool)

    captions = {f"p{i}": [f"x {i}"] for i in range(9)}
    nearest = nearest_captions(captions, Texts(), first=1, last=4)
    assert all(f"x {i}" not in nearest[f"p{i}"] for i in range(9))
    assert nearest["p8"] == ["x 6", "x 5", "x 4"]  # "x 7", the very nearest, is left out


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
