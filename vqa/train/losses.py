"""The joint loss `L = L_task + λ · L_align + μ · L_attention`, each term by name."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from vqa.common.distributed import all_rows


def task_loss(logits: torch.Tensor, answer_ids: torch.Tensor, pad: int, label_smoothing: float = 0.0) -> torch.Tensor:
    """Cross-entropy of each answer's pieces after BOS, averaged over a row's pieces and then over rows.

    Logits (B, A, V) at piece i are for piece i + 1 of `answer_ids` (B, A). A row counts once however long its
    answer is, so that captions do not drown one-word answers. The rows are those of all processes.
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
    return all_rows((losses * real).sum(1) / real.sum(1)).mean()


def attention_loss(attention_rows: Sequence[tuple[torch.Tensor, torch.Tensor]], target: torch.Tensor) -> torch.Tensor:
    """-log of the share of attention that falls on what a question is about (Liu et al. 2017, "Attention Correctness").

    Of `attention_rows`, each holds the weights (B, H, Q, P) with which Q words, or pieces of the answer, read the
    patches, and which of the Q are real (B, Q). Shares are of a question's weights summed over heads and Q, so that
    these may divide the work. `target` (B, P) is True on the patches that show it; a question without any counts for
    nothing. The mean is over `attention_rows` and over the other questions, those of all processes; 0 where there are
    none.
    """
    shares = []
    for weights, real in attention_rows:
        read = (weights.sum(1) * real[..., None]).sum(1)  # (B, P)
        shares.append((read * target).sum(-1) / read.sum(-1))
    told = target.any(-1)
    losses = -torch.stack(shares).masked_fill(~told, 1.0).clamp_min(1e-6).log()
    return all_rows(losses.mean(0)).sum() / all_rows(told.to(losses.dtype)).sum().clamp_min(1)


def joint_loss(task: torch.Tensor, others: dict[str, tuple[float, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The terms and their sum; the `others` by name, each with its weight."""
    loss = task + sum(weight * term for weight, term in others.values())
    return {"loss": loss, "task": task} | {name: term for name, (_, term) in others.items()}
