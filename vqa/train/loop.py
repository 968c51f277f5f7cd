"""The training loop that every stage shares.

A batch is a function of its step alone, and so are the dropout masks (each step seeds the generators with the
run's seed and its own number): resuming needs the weights, the optimiser and the step, and is exact. What else a batch
depends on is registered for checkpointing by the caller, with the accelerator that it passes.
"""

import json
import math
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device, set_seed, tqdm
from safetensors import SafetensorError
from torch import nn

from vqa.common.distributed import average_gradients, own_rows

CHECKPOINT = "checkpoint"
WHOLE = "complete"  # a file in a checkpoint to which nothing is missing


@dataclass(frozen=True)
class FitSettings:
    """How long and how fast to learn. `ema` is the decay of the weights' moving average, 0 for none.

    `rates` are factors of the learning rate for parts of the model, by how the names of their parameters begin
    (discriminative fine-tuning, Howard and Ruder 2018).
    """

    steps: int
    learning_rate: float
    warmup_steps: int = 100
    weight_decay: float = 0.05
    max_grad_norm: float = 1.0
    ema: float = 0.999
    seed: int = 0
    checkpoint_minutes: float = 3.0
    rates: dict[str, float] = field(default_factory=dict)


def learning_rate_factor(step: int, steps: int, warmup_steps: int) -> float:
    """Linear warm-up, then half a cosine down to zero (Loshchilov and Hutter 2017)."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / max(1, steps - warmup_steps)))


def parameter_groups(model: nn.Module, weight_decay: float, rates: dict[str, float]) -> list[dict]:
    """Trainable parameters by their factor of the learning rate, `rate`, and their decay.

    Weight decay is on matrices only, not on biases, norms and scales. Raises `ValueError` for a part in `rates` that
    the model does not have.
    """
    names = [name for name, _ in model.named_parameters()]
    for part in rates:
        if not any(name.startswith(part) for name in names):
            raise ValueError(f"No parameter of the model begins with {part!r}, as rates says, like {names[0]!r}.")
    groups = defaultdict(list)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = next((rate for part, rate in rates.items() if name.startswith(part)), 1.0)
            groups[rate, weight_decay if parameter.ndim >= 2 else 0.0].append(parameter)
    return [{"params": own, "rate": rate, "weight_decay": decay} for (rate, decay), own in groups.items()]


def fit(
    model: nn.Module,
    batch_of: Callable[[int], object],
    losses_of: Callable[[nn.Module, object], dict[str, torch.Tensor]],
    settings: FitSettings,
    directory: str | Path,
    description: str,
    accelerator: Accelerator | None = None,
) -> float:
    """Trains `model` in place, and leaves it with the averaged weights where `settings.ema` asks for them.

    Returns the seconds that the steps took, those before an interruption included.

    `batch_of(step)` gives a step's batch, `losses_of(model, batch)` its named loss terms, of which `"loss"` is
    differentiated. Of several processes each is given its part of the batch, on its device; `losses_of` gathers what
    it needs of the others' (`vqa.common.distributed`). `directory` receives `log.jsonl` (terms, gradient norm, learning
    rate) and a checkpoint, from which an interrupted run goes on; a finished run is not repeated. Raises
    `FloatingPointError` when the loss is no number, and `OSError` when a checkpoint cannot be written.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    accelerator = accelerator or Accelerator()
    optimizer = torch.optim.AdamW(
        parameter_groups(model, settings.weight_decay, settings.rates), lr=settings.learning_rate, betas=(0.9, 0.98)
    )
    average = None
    if settings.ema:
        average = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.ema), device=accelerator.device
        )
        accelerator.register_for_checkpointing(average)
    # Not for training in accelerate's sense, which would wrap it: losses call parts of the model, and more than once a
    # step, which DistributedDataParallel does not allow. Its gradients are averaged below.
    model = accelerator.prepare_model(model, evaluation_mode=True)
    optimizer = accelerator.prepare(optimizer)
    progress = _Progress()
    accelerator.register_for_checkpointing(progress)
    with accelerator.main_process_first():  # it may put the folders in order
        checkpoint = _last_whole(directory)
    if checkpoint is not None:
        accelerator.load_state(str(checkpoint))

    model.train()
    log_path = directory / "log.jsonl" if accelerator.is_main_process else os.devnull
    last_save = time.monotonic()
    begin = last_save - progress.seconds
    with open(log_path, "a") as log, tqdm(total=settings.steps, initial=progress.step, desc=description) as bar:
        while progress.step < settings.steps:
            step = progress.step
            set_seed((settings.seed * 1_000_003 + step) % 2**32, device_specific=True)
            factor = learning_rate_factor(step, settings.steps, settings.warmup_steps)
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * factor * group["rate"]
            terms = losses_of(model, send_to_device(own_rows(batch_of(step)), accelerator.device))
            accelerator.backward(terms["loss"])
            average_gradients(model.parameters())
            norm = accelerator.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
            if not torch.isfinite(terms["loss"]):
                raise FloatingPointError(f"The loss is {terms['loss'].item()} at step {step}; lower learning_rate.")
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
                _save(accelerator, directory)
                last_save = time.monotonic()
    if average is not None:
        model.load_state_dict(average.module.state_dict())
    accelerator.unwrap_model(model, keep_fp32_wrapper=False)  # what follows is in full precision
    accelerator.free_memory()
    model.cpu().eval()
    return progress.seconds


class _Progress:
    """How many steps are done and what they took, for the checkpoint."""

    step = 0
    seconds = 0.0

    def state_dict(self) -> dict:
        return {"step": self.step, "seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        self.step, self.seconds = state["step"], state["seconds"]


def _save(accelerator: Accelerator, directory: Path) -> None:
    """Writes beside the old checkpoint and then swaps, so that a kill at any moment leaves a whole one."""
    checkpoint, fresh = directory / CHECKPOINT, directory / f"{CHECKPOINT}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        accelerator.save_state(str(fresh))
    except (RuntimeError, SafetensorError) as error:  # what torch and safetensors say of a full disk
        raise OSError(f"The checkpoint {fresh} cannot be written: {error}") from error
    (fresh / WHOLE).touch()
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
