"""Training the heads on tiny data: what learns, what is left alone, and what is mined."""

import json
import random

import pytest
import torch

from vqa.processing.processor import PAD
from vqa.train.contrastive import CaptionPairs
from vqa.train.examples import Example
from vqa.train.fingerprints import made_from
from vqa.train.joint import streams_of, train_joint
from vqa.train.loop import FitSettings, fit
from vqa.train.losses import joint_loss, task_loss


def test_nothing_to_train_on_is_told(joint_settings, tiny_weights, tmp_path):
    """Before anything is computed of photographs that there are not."""
    questions = tmp_path / "questions.jsonl"
    row = {"image_id": "p1", "question": "what color is this?", "answer": "red", "source": "colours", "split": "val"}
    questions.write_text(json.dumps(row) + "\n")
    own = {
        "questions": [str(questions)],
        "captions": [],
        "boxes": [],
        "questions_per_batch": {},
        "cache": str(tmp_path / "cache"),
    }
    own |= {"start": str(tiny_weights), "model": {}}
    with pytest.raises(ValueError, match="nothing to train on"):
        train_joint(joint_settings(**own), "unaligned", False, tmp_path / "run")


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


def test_unaligned_keeps_its_projections_and_aligned_moves_them(joint_settings, tmp_path):
    starts, ends = {}, {}
    for variant in ("aligned", "unaligned"):
        trained = train_joint(joint_settings(), variant, False, tmp_path / variant)
        ends[variant] = {k: v.clone() for k, v in trained.model.heads.aligner.state_dict().items()}
        untrained = joint_settings(align={"steps": 0, "learning_rate": 1e-3}, fit={"steps": 0, "learning_rate": 1})
        starts[variant] = train_joint(
            untrained, variant, False, tmp_path / f"{variant}0"
        ).model.heads.aligner.state_dict()
    assert all(torch.equal(ends["unaligned"][k], v) for k, v in starts["unaligned"].items())
    assert all(torch.equal(starts["aligned"][k], v) for k, v in starts["unaligned"].items())
    assert not torch.equal(ends["aligned"]["image.mlp_out.weight"], starts["aligned"]["image.mlp_out.weight"])


def test_every_head_gets_a_finite_gradient_and_no_encoder_does(joint_settings, tmp_path):
    trained = train_joint(joint_settings(fit={"steps": 0, "learning_rate": 1}), "aligned", False, tmp_path)
    model = trained.model
    model.freeze()
    inputs, _ = trained.collate(trained.sources["colours"][:4], random.Random(0), 0.0)
    output = model.heads(**inputs)
    (output.logits.square().mean() + output.image_embed.sum() + output.text_embed.sum()).backward()
    for name, parameter in model.named_parameters():
        if name.startswith(("vision_encoder", "text_encoder")):
            assert parameter.grad is None, name
        elif name != "heads.aligner.logit_scale":  # only the contrastive loss reads it
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


def test_attention_is_drawn_to_what_is_asked_about(joint_settings, tmp_path):
    row = {"question": "is there a cat?", "answer": "yes", "type": "yes/no", "source": "cats", "split": "train"}
    (tmp_path / "cats.jsonl").write_text("".join(json.dumps(row | {"image_id": f"p{i}"}) + "\n" for i in range(16)))
    settings = joint_settings(
        questions=[str(tmp_path / "cats.jsonl")],
        cache=str(tmp_path / "cache"),
        questions_per_batch={"cats": 8},
        attention_weight=1.0,
        fit={"steps": 40, "learning_rate": 1e-2, "warmup_steps": 1, "ema": 0},
    )
    train_joint(settings, "unaligned", False, tmp_path)
    log = [json.loads(line)["attention"] for line in (tmp_path / "joint" / "log.jsonl").read_text().splitlines()]
    assert sum(log[-5:]) < 0.5 * sum(log[:5])


def test_it_overfits_eight_examples(joint_settings, tmp_path):
    trained = train_joint(joint_settings(fit={"steps": 0, "learning_rate": 1}), "unaligned", False, tmp_path)
    heads, words = trained.model.heads, ["red", "blue", "green", "white"]
    trained.model.freeze()
    torch.manual_seed(0)
    batch = {
        "image_states": torch.randn(8, 9, 22),
        "text_states": torch.randn(8, 5, 26),
        "text_mask": torch.ones(8, 5, dtype=torch.bool),
        "answer_ids": trained.processor.pad_answers([trained.answer_ids(words[i % 4]) for i in range(8)]),
    }
    fit(
        heads,
        lambda _: batch,
        lambda h, b: {"loss": task_loss(h(**b).logits, b["answer_ids"], PAD)},
        FitSettings(steps=120, learning_rate=1e-2, warmup_steps=5, ema=0, weight_decay=0.0),
        tmp_path / "fit",
        "eight",
    )
    log = [json.loads(line) for line in (tmp_path / "fit" / "log.jsonl").read_text().splitlines()]
    assert log[0]["loss"] > 2
    assert log[-1]["loss"] < 0.05


@pytest.fixture
def mined_fit(joint_settings, monkeypatch):
    """Trains aligned heads for six joint steps, with wrong captions mined anew every four; all weights at the end."""

    def train(directory, stop_at=None, steps=6) -> torch.Tensor:
        left = iter(range(steps if stop_at is None else stop_at))

        def stopping(*args):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return joint_loss(*args)

        monkeypatch.setattr("vqa.train.joint.joint_loss", stopping)
        schedule = {"learning_rate": 0.05, "warmup_steps": 1, "ema": 0.0, "checkpoint_minutes": 0}
        settings = joint_settings(fit=schedule | {"steps": steps}, align=schedule | {"steps": 0}, mine_every=4)
        model = train_joint(settings, "aligned", False, directory, made_from(settings, "aligned")).model
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


def test_a_run_can_be_prolonged_until_its_rate_falls(tmp_path, mined_fit):
    whole = mined_fit(tmp_path / "whole", steps=8)
    with pytest.raises(KeyboardInterrupt):
        mined_fit(tmp_path / "cut", stop_at=2)
    assert torch.equal(mined_fit(tmp_path / "cut", steps=8), whole)
    with pytest.raises(ValueError, match="/joint holds .* steps differ"):
        mined_fit(tmp_path / "cut", steps=10)
