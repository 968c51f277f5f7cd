"""The training loop that every stage shares.

A batch is a function of its step alone, and so are the dropout masks (each step seeds the generators with the
run's seed and its own number): resuming needs the weights, the optimiser and the step, and is exact. What else a batch
depends on is registered for checkpointing by the caller, with the accelerator that it passes.

A run folder says what the run is made from (`run.json`): an interrupted run of other data, weights or settings is
refused by name and never continued.
"""

import dataclasses
import json
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device, set_seed, tqdm
from safetensors import SafetensorError
from torch import nn

from vqa.common.distributed import average_gradients, own_rows
from vqa.common.files import read_json, write_json, write_whole
from vqa.common.locks import sole_writer

CHECKPOINT = "checkpoint"
LOG_FILE = "log.jsonl"
MADE_FROM_FILE = "run.json"
WHOLE = "complete"  # a file in a checkpoint to which nothing is missing, with the number of steps that are done


@dataclass(frozen=True)
class FitSettings:
    """How long and how fast to learn.

    steps: optimiser steps. learning_rate: its peak. warmup_steps: of linear rise. decay_fraction: the last part of the
    steps, in which the rate falls linearly to zero; before it, it stays at its peak (warmup-stable-decay, Hu et al.
    2024), so that a run can be prolonged until then. weight_decay: decoupled, on matrices only. max_grad_norm: of
    gradient clipping. ema: decay of the weights' moving average, 0 for none. seed: of batches and dropout.
    checkpoint_minutes: between checkpoints. rates: factors of the learning rate for parts of the model, by how the
    names of their parameters begin (discriminative fine-tuning, Howard and Ruder 2018). muon: parts of the model whose
    matrices learn by Muon (Jordan et al. 2024) and not by AdamW, by how the names of their parameters begin.
    """

    steps: int
    learning_rate: float
    warmup_steps: int = 100
    decay_fraction: float = 0.3
    weight_decay: float = 0.05
    max_grad_norm: float = 1.0
    ema: float = 0.999
    seed: int = 0
    checkpoint_minutes: float = 3.0
    rates: dict[str, float] = field(default_factory=dict)
    muon: list[str] = field(default_factory=list)

    @property
    def decay_start(self) -> int:
        """The step at which the learning rate begins to fall."""
        return self.steps - round(self.decay_fraction * (self.steps - self.warmup_steps))


def learning_rate_factor(step: int, settings: FitSettings) -> float:
    """Linear warm-up, then constant, then linear down to zero."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    if step < settings.decay_start:
        return 1.0
    return (settings.steps - step) / max(1, settings.steps - settings.decay_start)


def parameter_groups(model: nn.Module, settings: FitSettings) -> dict[bool, list[dict]]:
    """Trainable parameters by whether they learn by Muon, their factor of the learning rate, `rate`, and their decay.

    Weight decay is on matrices only, not on biases, norms and scales. Raises `ValueError` for a part in `rates` or
    `muon` that the model does not have.
    """
    names = [name for name, _ in model.named_parameters()]
    for field_name in ("rates", "muon"):
        for part in getattr(settings, field_name):
            if not any(name.startswith(part) for name in names):
                raise ValueError(f"No parameter begins with {part!r}, as {field_name} says, like {names[0]!r}.")
    groups = {True: defaultdict(list), False: defaultdict(list)}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = next((rate for part, rate in settings.rates.items() if name.startswith(part)), 1.0)
            decay = settings.weight_decay if parameter.ndim >= 2 else 0.0
            by_muon = parameter.ndim == 2 and name.startswith(tuple(settings.muon))
            groups[by_muon][rate, decay].append(parameter)
    return {
        by_muon: [{"params": own, "rate": rate, "weight_decay": decay} for (rate, decay), own in found.items()]
        for by_muon, found in groups.items()
    }


def make_optimizers(model: nn.Module, settings: FitSettings) -> list[torch.optim.Optimizer]:
    """AdamW, and Muon for the matrices that `settings.muon` names, at the same learning rate (Liu et al. 2025)."""
    groups, rate = parameter_groups(model, settings), settings.learning_rate
    optimizers = [torch.optim.AdamW(groups[False], lr=rate, betas=(0.9, 0.98))] if groups[False] else []
    if groups[True]:
        optimizers.append(torch.optim.Muon(groups[True], lr=rate, adjust_lr_fn="match_rms_adamw"))
    return optimizers


def fit(
    model: nn.Module,
    batch_of: Callable[[int], object],
    losses_of: Callable[[nn.Module, object], dict[str, torch.Tensor]],
    settings: FitSettings,
    directory: str | Path,
    description: str,
    accelerator: Accelerator | None = None,
    made_from: dict[str, str] | None = None,
) -> float:
    """Trains `model` in place, and leaves it with the averaged weights where `settings.ema` asks for them.

    Returns the seconds that the steps took, those before an interruption included.

    `batch_of(step)` gives a step's batch, `losses_of(model, batch)` its named loss terms, of which `"loss"` is
    differentiated. Of several processes each is given its part of the batch, on its device; `losses_of` gathers what
    it needs of the others' (`vqa.common.distributed`). `directory` receives `log.jsonl` (terms, gradient norm, learning
    rate) and a checkpoint, from which an interrupted run goes on; a finished run is not repeated. `made_from` names
    what else the result depends on (data, weights), each with its fingerprint. Raises `FloatingPointError` when the
    loss is no number, `OSError` when a checkpoint cannot be written, and `ValueError` where the folder holds a run that
    was made from something else, or another process trains in it.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    accelerator = accelerator or Accelerator()
    with sole_writer(directory, waits=False) if accelerator.is_main_process else nullcontext():
        return _fit(model, batch_of, losses_of, settings, directory, description, accelerator, made_from or {})


def _fit(
    model: nn.Module,
    batch_of: Callable[[int], object],
    losses_of: Callable[[nn.Module, object], dict[str, torch.Tensor]],
    settings: FitSettings,
    directory: Path,
    description: str,
    accelerator: Accelerator,
    made_from: dict[str, str],
) -> float:
    optimizers = make_optimizers(model, settings)
    average = None
    if settings.ema:
        average = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.ema), device=accelerator.device
        )
        accelerator.register_for_checkpointing(average)
    # Not for training in accelerate's sense, which would wrap it: losses call parts of the model, and more than once a
    # step, which DistributedDataParallel does not allow. Its gradients are averaged below.
    model = accelerator.prepare_model(model, evaluation_mode=True)
    optimizers = [accelerator.prepare(optimizer) for optimizer in optimizers]
    progress = _Progress()
    accelerator.register_for_checkpointing(progress)
    with accelerator.main_process_first():  # it may put the folders in order
        checkpoint = _last_whole(directory)
    if accelerator.is_main_process:
        done = int((checkpoint / WHOLE).read_text()) if checkpoint else 0
        _check_made_from(directory, settings, made_from, done)
        _cut_log(directory / LOG_FILE, done)
    if checkpoint is not None:
        accelerator.load_state(str(checkpoint))

    model.train()
    log_path = directory / LOG_FILE if accelerator.is_main_process else os.devnull
    last_save = time.monotonic()
    begin = last_save - progress.seconds
    with open(log_path, "a") as log, tqdm(total=settings.steps, initial=progress.step, desc=description) as bar:
        while progress.step < settings.steps:
            step = progress.step
            set_seed((settings.seed * 1_000_003 + step) % 2**32, device_specific=True)
            factor = learning_rate_factor(step, settings)
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = settings.learning_rate * factor * group["rate"]
            terms = losses_of(model, send_to_device(own_rows(batch_of(step)), accelerator.device))
            accelerator.backward(terms["loss"])
            average_gradients(model.parameters())
            norm = accelerator.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
            if not torch.isfinite(terms["loss"]):
                raise FloatingPointError(f"The loss is {terms['loss'].item()} at step {step}; lower learning_rate.")
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            if average is not None:
                average.update_parameters(model)
            progress.step += 1
            progress.seconds = time.monotonic() - begin
            bar.update()
            row = {name: round(value.item(), 5) for name, value in terms.items()}
            bar.set_postfix(loss=row["loss"])
            row = {"step": step, **row, "grad_norm": round(float(norm), 4), "lr": settings.learning_rate * factor}
            log.write(json.dumps(row) + "\n")
            is_due = time.monotonic() - last_save > 60 * settings.checkpoint_minutes or progress.step == settings.steps
            if is_due and accelerator.is_main_process:
                log.flush()
                _save(accelerator, directory, progress.step)
                last_save = time.monotonic()
    if average is not None:
        model.load_state_dict(average.module.state_dict())
    accelerator.unwrap_model(model, keep_fp32_wrapper=False)  # what follows is in full precision
    accelerator.free_memory()
    model.cpu().eval()
    return progress.seconds


def _check_made_from(directory: Path, settings: FitSettings, made_from: dict[str, str], step: int) -> None:
    """Notes what a run is made from, or compares it with what was noted. Raises `ValueError`.

    The number of steps may change as long as the learning rate has not begun to fall.
    """
    now = {"settings": dataclasses.asdict(settings), "made_from": made_from}
    path = directory / MADE_FROM_FILE
    if step:
        known = path.is_file()
        before = read_json(path, now.keys(), "a run's description") if known else {"settings": {}, "made_from": {}}
        pairs = {**before["settings"], **before["made_from"]}, {**now["settings"], **made_from}
        wrong = {name for name in pairs[0].keys() | pairs[1].keys() if pairs[0].get(name) != pairs[1].get(name)}
        wrong.discard("checkpoint_minutes")
        if known and step <= min(settings.decay_start, FitSettings(**before["settings"]).decay_start):
            wrong -= {"steps", "decay_fraction"}
        if wrong:
            raise ValueError(
                f"{directory} holds a run that was made from something else: {', '.join(sorted(wrong))} differ. "
                "Give another folder, or delete this one."
            )
    write_json(path, now)


def _cut_log(path: Path, step: int) -> None:
    """Leaves out of a log the steps that are done again, and half a line that an interruption left."""
    if path.is_file():
        *lines, _torn = path.read_text().split("\n")
        write_whole(path, "".join(f"{line}\n" for line in lines if json.loads(line)["step"] < step))


class _Progress:
    """How many steps are done and what they took, for the checkpoint."""

    step = 0
    seconds = 0.0

    def state_dict(self) -> dict:
        return {"step": self.step, "seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        self.step, self.seconds = state["step"], state["seconds"]


def _save(accelerator: Accelerator, directory: Path, step: int) -> None:
    """Writes beside the old checkpoint and then swaps, so that a kill at any moment leaves a whole one."""
    checkpoint, fresh = directory / CHECKPOINT, directory / f"{CHECKPOINT}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        accelerator.save_state(str(fresh))
    except (RuntimeError, SafetensorError) as error:  # what torch and safetensors say of a full disk
        raise OSError(f"The checkpoint {fresh} cannot be written: {error}") from error
    (fresh / WHOLE).write_text(str(step))
    _replace(checkpoint, fresh)


def _last_whole(directory: Path) -> Path | None:
    """The checkpoint to go on from, None for none; a swap that was cut short is done first."""
    checkpoint, fresh = directory / CHECKPOINT, directory / f"{CHECKPOINT}.new"
    if not (checkpoint / WHOLE).is_file() and (fresh / WHOLE).is_file():
        _replace(checkpoint, fresh)
    return checkpoint if (checkpoint / WHOLE).is_file() else None


def _replace(checkpoint: Path, fresh: Path) -> None:
    (checkpoint / WHOLE).unlink(missing_ok=True)  # before the rest: half of it must not be taken for whole
    shutil.rmtree(checkpoint, ignore_errors=True)
    fresh.replace(checkpoint)
