"""Work in several processes, as `accelerate launch` starts them.

Work without gradients is shared by photograph: each process takes its `own_part`, and
`gather_object` collects the results.
Training is shared by row: each process takes its part of every batch.

A process runs the model on its own rows. What a loss needs of them, a number or an embedding each, is then gathered
with its gradient, so that every process has the loss of the whole batch: a contrastive loss sees all negatives, a
mean is over all rows however unevenly they are divided, and the curve is that of one process. In a single process
these functions do nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import torch
import torch.nn.functional as F
from accelerate import PartialState
from accelerate.utils import gather, parse_flag_from_env, recursively_apply, reduce
from torch.distributed.nn.functional import all_reduce


def processes() -> PartialState:
    """This process among those that were launched together; a single one is the main one.

    They wait for each other for a day at most: shares of the work do not end at the same time.
    """
    on_cpus = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
    return PartialState(cpu=on_cpus, timeout=timedelta(days=1))


def own_part(items: Sequence) -> Sequence:
    """This process's part of `items`, which are consecutive; the parts differ in size by at most one."""
    state = processes()
    begin, end = (len(items) * (state.process_index + side) // state.num_processes for side in (0, 1))
    return items[begin:end]


def own_device(device: str) -> str:
    """`cuda` as this process's own GPU where several were launched; any other device as it is."""
    state = processes()
    return f"cuda:{state.local_process_index}" if device == "cuda" and state.num_processes > 1 else device


def own_rows(batch):
    """This process's part of each tensor (B, ...) of a batch, which may be nested."""
    state = PartialState()
    return recursively_apply(lambda rows: rows.tensor_split(state.num_processes)[state.process_index], batch)


def all_rows(rows: torch.Tensor) -> torch.Tensor:
    """The rows (b, ...) of all processes in their order, (B, ...).

    The gradient of this process's rows is the sum over the losses of all processes.
    """
    state = PartialState()
    if state.num_processes == 1:
        return rows
    counts = gather(torch.tensor([len(rows)], device=rows.device)).tolist()
    before, after = sum(counts[: state.process_index]), sum(counts[state.process_index + 1 :])
    return all_reduce(F.pad(rows, [0, 0] * (rows.ndim - 1) + [before, after]))


def average_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Replaces gradients by their mean over the processes, which undoes the sum in `all_rows`."""
    if PartialState().num_processes == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    means = reduce(torch.cat([g.flatten() for g in gradients]), "mean").split([g.numel() for g in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view_as(gradient))
