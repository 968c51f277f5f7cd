"""Training in several processes and in mixed precision: the same curve as in one, in full."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import nn

from vqa.__main__ import main
from vqa.common import distributed
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
            [json.loads(line) for line in (run / stage / "log.jsonl").read_text().splitlines()]
            for run in (tmp_path / "runs" / "one", *(tmp_path / "runs").glob("joint-aligned-*"))
        )
        assert len(one) == len(two) == 3  # one process writes
        for mine, theirs in zip(one, two, strict=True):
            assert theirs == pytest.approx(mine, rel=1e-3, abs=1e-4)


def launch(*arguments, cwd: Path, processes: int = 2) -> subprocess.CompletedProcess:
    """The command in several processes of this machine, which talk by gloo."""
    return subprocess.run(
        [sys.executable, "-m", *TORCHRUN, f"--nproc-per-node={processes}", "-m", "vqa", *map(str, arguments)],
        check=True,
        cwd=cwd,
        env=os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
    )


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def asked(tiny_data, tiny_weights, tmp_path):
    """Options of `answer` and `evaluate` on five photographs, about which there are unequal numbers of questions."""
    rows = [
        {"image_id": f"p{i}", "question": question, "answer": "red", "source": "s", "split": "test"}
        for question in ("what color is this?", "is there a cat?", "how many?")
        for i in range(5)
        if question != "how many?" or i == 3
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ["--images", tiny_data / "photos", "--questions", tmp_path / "rows.jsonl", "--weights", tiny_weights]


def same_answers(found: list[dict], expected: list[dict]) -> bool:
    """All but the last digits of probabilities, which a batch of another size rounds differently."""
    assert [row | {"confidence": pytest.approx(row["confidence"], rel=1e-4)} for row in expected] == found
    return True


def test_two_processes_answer_as_one_and_go_on_where_they_stopped(asked, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    assert main([*map(str, ["answer", *asked, "--out", one])]) == 0
    expected = lines_of(one)
    assert [row["row"] for row in expected] == sorted(row["row"] for row in expected) and len(expected) == 11
    told = launch("answer", *asked, "--out", two, cwd=tmp_path)
    assert same_answers(lines_of(two), expected)
    assert told.stdout.count("11 of 11 questions answered") == 1
    assert sorted(path.name for path in tmp_path.glob("two.jsonl*")) == ["two.jsonl"]

    lines = one.read_text().splitlines(keepends=True)  # now as an interruption of two processes leaves it
    two.write_text("".join(lines[:2]))
    (tmp_path / "two.jsonl.part-0").write_text("".join(lines[4:6]))
    (tmp_path / "two.jsonl.part-1").write_text(lines[9] + lines[10][:20])
    edited = json.loads(lines[5]) | {"answer": "kept"}
    (tmp_path / "two.jsonl.part-0").write_text(lines[4] + json.dumps(edited) + "\n")
    launch("answer", *asked, "--out", two, cwd=tmp_path)
    found = lines_of(two)
    assert found.pop(5)["answer"] == "kept"  # what was answered is not asked again
    assert same_answers(found, expected[:5] + expected[6:])
    assert sorted(path.name for path in tmp_path.glob("two.jsonl*")) == ["two.jsonl"]


def test_two_processes_measure_as_one(asked, tmp_path):
    def files(name: str) -> list:
        return ["--split", "all", "--out", tmp_path / f"{name}.json", "--predictions", tmp_path / f"{name}.jsonl"]

    assert main([*map(str, ["evaluate", *asked, *files("one")])]) == 0
    launch("evaluate", *asked, *files("two"), cwd=tmp_path)
    one, two = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "two"))
    assert two["benchmarks"] == one["benchmarks"] and two["ece"] == pytest.approx(one["ece"], abs=1e-4)
    assert same_answers(lines_of(tmp_path / "two.jsonl"), lines_of(tmp_path / "one.jsonl"))


@pytest.mark.parametrize(("count", "processes"), [(7, 3), (2, 3), (0, 2), (5, 1)])
def test_every_item_is_one_processs(count, processes, monkeypatch):
    parts = []
    for number in range(processes):
        state = SimpleNamespace(process_index=number, num_processes=processes)
        monkeypatch.setattr(distributed, "processes", lambda state=state: state)
        parts.append(list(distributed.own_part(range(count))))
    assert sum(parts, []) == list(range(count)) and max(map(len, parts)) - min(map(len, parts)) <= 1


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
