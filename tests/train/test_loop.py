"""The training loop: resuming after an interruption at any moment, full disks and the learning rate."""

import json
import shutil
import time
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from tests.faults import full_disk
from vqa.common.locks import sole_writer
from vqa.train.loop import FitSettings, fit, learning_rate_factor, make_optimizers


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


def test_a_second_run_in_one_folder_is_refused(tmp_path, uninterrupted):
    with sole_writer(tmp_path, waits=False), pytest.raises(ValueError, match="Another process writes to"):
        small_fit(tmp_path)
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
    assert steps[:7] == [0, 1, 2, 3, 4, 5, 6]
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


def test_the_learning_rate_rises_stays_and_falls_to_zero():
    settings = FitSettings(steps=24, learning_rate=1.0, warmup_steps=4, decay_fraction=0.4)
    assert settings.decay_start == 16
    factors = [learning_rate_factor(step, settings) for step in range(25)]
    assert factors[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert factors[4:17] == [1.0] * 13
    assert factors[16:] == pytest.approx([1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0.0])


def run_of(directory, stop_at: int | None = None, made_from: dict | None = None, **changes) -> torch.Tensor:
    """Up to twelve steps of a small model; its weights at the end."""
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)

    def batch_of(step: int) -> torch.Tensor:
        if step == stop_at:
            raise KeyboardInterrupt
        return torch.randn(5, 3, generator=torch.Generator().manual_seed(step))

    fields = {"steps": 12, "learning_rate": 0.1, "warmup_steps": 2, "decay_fraction": 0.5, "ema": 0}
    settings = FitSettings(**fields | {"checkpoint_minutes": 0} | changes)
    fit(model, batch_of, lambda m, x: {"loss": m(x).square().mean()}, settings, directory, "run", made_from=made_from)
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach()


@pytest.mark.parametrize(
    "change, name",
    [
        ({"made_from": {"photographs": "b"}}, "photographs"),
        ({"made_from": {}}, "photographs"),
        ({"seed": 1}, "seed"),
        ({"learning_rate": 0.2}, "learning_rate"),
        ({"muon": [""]}, "muon"),
    ],
)
def test_a_run_made_from_something_else_is_refused_by_name(tmp_path, change, name):
    with pytest.raises(KeyboardInterrupt):
        run_of(tmp_path, stop_at=4, made_from={"photographs": "a"})
    with pytest.raises(ValueError, match=rf"made from something else: {name} differ"):
        run_of(tmp_path, **{"made_from": {"photographs": "a"}} | change)
    finished = run_of(tmp_path, made_from={"photographs": "a"})
    with pytest.raises(ValueError, match=name):
        run_of(tmp_path, **{"made_from": {"photographs": "a"}} | change)
    assert torch.equal(finished, run_of(tmp_path, made_from={"photographs": "a"}))


def test_a_run_can_be_prolonged_until_its_learning_rate_falls(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_of(tmp_path / "a", stop_at=6)  # the rate begins to fall at step 7
    assert torch.equal(run_of(tmp_path / "a", steps=20), run_of(tmp_path / "b", steps=20))
    with pytest.raises(KeyboardInterrupt):
        run_of(tmp_path / "c", stop_at=9)
    with pytest.raises(ValueError, match="steps differ"):
        run_of(tmp_path / "c", steps=20)


def test_a_log_has_each_step_once(tmp_path):
    for stop_at, minutes in ((5, 0), (8, 60), (None, 0)):  # the second part writes no checkpoint: its steps come again
        try:
            run_of(tmp_path, stop_at=stop_at, checkpoint_minutes=minutes)
        except KeyboardInterrupt:
            with (tmp_path / "log.jsonl").open("a") as log:
                log.write('{"step": 99, "lo')  # what a kill leaves of a line
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == list(range(12))


def test_matrices_of_named_parts_learn_by_muon():
    model = torch.nn.ModuleDict({"a": torch.nn.Linear(3, 5), "b": torch.nn.Linear(5, 2)})
    adamw, muon = make_optimizers(model, FitSettings(steps=1, learning_rate=0.1, muon=["a."]))
    assert isinstance(muon, torch.optim.Muon)
    assert [p for group in muon.param_groups for p in group["params"]] == [model["a"].weight]
    others = [model["a"].bias, model["b"].weight, model["b"].bias]
    assert {id(p) for group in adamw.param_groups for p in group["params"]} == set(map(id, others))
