"""Training in several processes, each with its part of every batch.

A process runs the model on its own rows. What a loss needs of them, a number or an embedding each, is then gathered
with its gradient, so that every process has the loss of the whole batch: a contrastive loss sees all negatives, a
mean is over all rows however unevenly they are divided, and the curve is that of one process. In a single process
these functions do nothing.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from accelerate import PartialState
from accelerate.utils import gather, recursively_apply, reduce
from torch.distributed.nn.functional import all_reduce


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
