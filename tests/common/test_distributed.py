"""Training in several processes and in mixed precision: the same curve as in one, in full."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import nn

from vqa.__main__ import main
from vqa.train.loop import FitSettings, fit

ROOT = Path(__file__).resolve().parents[2]
TORCHRUN = ("torch.distributed.run", "--standalone", "--local-addr=127.0.0.1")  # on any free port of this machine


@pytest.fixture(autouse=True)
def fresh_state():
    """accelerate remembers for the life of a process how it was launched."""
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)


def test_two_processes_follow_the_curve_of_one(tiny_data, tmp_path):
    schedule = {"steps": 3, "learning_rate": 1e-3, "warmup_steps": 1, "ema": 0.9}
    config = json.loads((tiny_data / "joint.json").read_text()) | {
        # Odd batches, that two processes cannot divide evenly.
        "questions_per_batch": {"colours": 4, "existence": 2, "count": 1},
        "captions_per_batch": 3,
        "align_batch": 5,
        "pairs_per_batch": 3,
        "align": schedule,
        "fit": schedule,
    }
    (tmp_path / "joint.json").write_text(json.dumps(config))
    train = ["train", "--config", str(tmp_path / "joint.json")]
    assert main([*train, "--run", str(tmp_path / "runs" / "one")]) == 0
    subprocess.run(
        [sys.executable, "-m", *TORCHRUN, "--nproc-per-node=2", "-m", "vqa", *train],
        check=True,
        cwd=tmp_path,
        env=os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        timeout=280,
    )
    for stage in ("align", "joint"):
        one, two = (
            [json.loads(line) for line in (tmp_path / "runs" / run / stage / "log.jsonl").read_text().splitlines()]
            for run in ("one", "joint-aligned")
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
