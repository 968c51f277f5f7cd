"""Training in several processes and in mixed precision: the same curve as in one, in full."""

import dataclasses
import json

import pytest
import torch
from accelerate import Accelerator, debug_launcher
from accelerate.state import AcceleratorState
from torch import nn

from vqa.fit import FitSettings, fit
from vqa.train import load_settings, train_joint


@pytest.fixture(autouse=True)
def fresh_state():
    """accelerate remembers for the life of a process how it was launched."""
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


def train(settings, run):
    torch.set_num_threads(1)
    train_joint(settings, "aligned", False, run)


def test_two_processes_follow_the_curve_of_one(tiny_data, tmp_path):
    schedule = {"steps": 3, "learning_rate": 1e-3, "warmup_steps": 1, "ema": 0.9}
    settings = dataclasses.replace(
        load_settings(tiny_data / "joint.json"),
        shares={"colours": 4, "existence": 3},  # odd batches, that two processes cannot divide evenly
        caption_share=3,
        align_batch=5,
        pair_share=3,
        align=schedule,
        fit=schedule,
    )
    train(settings, tmp_path / "one")
    AcceleratorState._reset_state(True)
    debug_launcher(train, (settings, tmp_path / "two"), num_processes=2)
    for stage in ("align", "joint"):
        one, two = (
            [json.loads(line) for line in (tmp_path / run / stage / "log.jsonl").read_text().splitlines()]
            for run in ("one", "two")
        )
        assert len(one) == len(two) == 3  # one process writes
        for mine, theirs in zip(one, two, strict=True):
            assert theirs == pytest.approx(mine, rel=1e-3, abs=1e-4)


class Probe(nn.Module):
    """Notes in which precision it computes."""

    def __init__(self):
        super().__init__()
        self.linear, self.seen = nn.Linear(3, 2), []

    def forward(self, x):
        output = self.linear(x)
        self.seen.append(output.dtype)
        return output


def test_mixed_precision_is_for_training_alone(tmp_path):
    model = Probe()
    fit(
        model,
        lambda _: torch.ones(4, 3),
        lambda m, x: {"loss": m(x).square().mean()},
        FitSettings(steps=2, learning_rate=0.1, ema=0),
        tmp_path,
        "probe",
        Accelerator(cpu=True, mixed_precision="bf16"),
    )
    assert model(torch.ones(1, 3)).dtype == model.linear.weight.dtype == torch.float32
    assert model.seen == [torch.bfloat16] * 2 + [torch.float32]
