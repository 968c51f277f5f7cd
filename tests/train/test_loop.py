"""The training loop: resuming after an interruption at any moment, full disks and the learning rate."""

import json
import shutil
import time
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from tests.faults import full_disk
from vqa.train.loop import FitSettings, fit, learning_rate_factor


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


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    settings = FitSettings(steps=3, learning_rate=0.1)
    model = torch.nn.Linear(2, 1)
    with pytest.raises(FloatingPointError, match="step 0; lower learning_rate"):
        fit(model, lambda _: None, lambda m, _: {"loss": m.weight.sum() * float("nan")}, settings, tmp_path, "nan")


def test_parts_of_a_model_learn_at_rates_of_their_own(tmp_path):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model[2].requires_grad_(False)
    settings = FitSettings(steps=1, learning_rate=0.1, warmup_steps=1, weight_decay=0.0, ema=0, rates={"0.": 0.25})
    fit(model, lambda _: torch.randn(5, 3), lambda m, x: {"loss": m(x).sum()}, settings, tmp_path / "a", "rates")
    moved = {name: (value - before[name]).abs() for name, value in model.state_dict().items()}
    for part, expected in (("0", 0.025), ("1", 0.1), ("2", 0.0)):  # Adam's first step is as long as its rate
        for name in (f"{part}.weight", f"{part}.bias"):
            torch.testing.assert_close(moved[name], torch.full_like(moved[name], expected), atol=1e-5, rtol=1e-3)
    settings = FitSettings(steps=1, learning_rate=0.1, rates={"head.": 0.5})
    with pytest.raises(ValueError, match=r"begins with 'head\.', as rates says, like '0\.weight'"):
        fit(model, lambda _: None, lambda m, _: {}, settings, tmp_path / "b", "unknown")


def test_the_learning_rate_rises_then_falls_to_zero():
    factors = [learning_rate_factor(step, 20, 4) for step in range(21)]
    assert factors[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert factors[4:] == sorted(factors[4:], reverse=True)
    assert factors[20] == pytest.approx(0)
