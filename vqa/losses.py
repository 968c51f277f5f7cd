"""The joint loss `L = L_task + λ · L_align`, each term by name."""

import torch
import torch.nn.functional as F

from vqa.alignment import contrastive_loss
from vqa.distributed import all_rows


def task_loss(
    logits: torch.Tensor,
    answer_ids: torch.Tensor,
    pad: int,
    label_smoothing: float = 0.0,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Cross-entropy of each answer's pieces after BOS, meaned over a row's pieces and then over rows.

    Logits (B, A, V) at piece i are for piece i + 1 of `answer_ids` (B, A). A row counts once however long its
    answer is, so that captions do not drown one-word answers; `weight` (B,) weighs rows. The rows are those of all
    processes.
    """
    target = answer_ids[:, 1:]
    losses = F.cross_entropy(
        logits[:, :-1].flatten(0, 1),
        target.flatten(),
        ignore_index=pad,
        label_smoothing=label_smoothing,
        reduction="none",
    ).view(target.shape)
    real = (target != pad).to(losses.dtype)
    rows = all_rows((losses * real).sum(1) / real.sum(1))
    if weight is None:
        return rows.mean()
    weight = all_rows(weight)
    return (rows * weight).sum() / weight.sum()


def joint_loss(task: torch.Tensor, align: torch.Tensor | None, align_weight: float) -> dict[str, torch.Tensor]:
    """The terms and their sum; without alignment (λ = 0) the task alone."""
    if align is None:
        return {"loss": task, "task": task}
    return {"loss": task + align_weight * align, "task": task, "align": align}


__all__ = ["contrastive_loss", "joint_loss", "task_loss"]
