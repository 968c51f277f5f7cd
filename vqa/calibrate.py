"""Making the reported probabilities mean what they say, on the val split."""

from collections.abc import Sequence

import torch

SURE_ACCURACY = 2 / 3  # "sure" answers are to be right at least this often


def fit_temperature(logits: torch.Tensor, answer_ids: torch.Tensor, pad: int) -> float:
    """The temperature that maximises the likelihood of the right answers (Guo et al. 2017).

    `logits` (N, A, V) are teacher-forced on `answer_ids` (N, A); a golden-section search over the temperature's
    logarithm, where the likelihood has one peak.
    """
    target = answer_ids[:, 1:]
    real = target != pad

    def loss(log_temperature: float) -> float:
        log_probs = (logits[:, :-1] / float(torch.tensor(log_temperature).exp())).log_softmax(-1)
        chosen = log_probs.gather(-1, target.unsqueeze(-1)).squeeze(-1)
        return -float((chosen * real).sum())

    low, high = -1.5, 1.5
    golden = (5**0.5 - 1) / 2
    while high - low > 1e-3:
        a, b = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(torch.tensor((low + high) / 2).exp())


def sure_threshold(confidences: Sequence[float], correct: Sequence[bool], accuracy: float = SURE_ACCURACY) -> float:
    """The lowest confidence from which on answers are right at least `accuracy` of the time; 1 where none is."""
    pairs = sorted(zip(confidences, correct, strict=True), reverse=True)
    best, hits = 1.0, 0
    for count, (confidence, is_right) in enumerate(pairs, 1):
        hits += is_right
        if hits / count >= accuracy:
            best = confidence
    return best
