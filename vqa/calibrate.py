"""Making the reported probabilities mean what they say, on the val split."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F

SURE_ACCURACY = 2 / 3  # "sure" answers are to be right at least this often


def fit_temperature(logits: torch.Tensor, answer_ids: torch.Tensor, correct: torch.Tensor, pad: int) -> float:
    """The temperature at which the probability of a given answer says best whether it is right.

    `logits` (N, A, V) are teacher-forced on the answers that the model gives, `answer_ids` (N, A), of which `correct`
    (N,) are right. Maximises the likelihood of right and wrong as temperature scaling does (Guo et al. 2017), but of
    whole answers: the pieces of the true answers alone would be as likely as possible and the answers overconfident.
    A golden-section search over the temperature's logarithm.
    """
    target = answer_ids[:, 1:]
    real = target != pad

    def loss(log_temperature: float) -> float:
        log_probs = (logits[:, :-1] / math.exp(log_temperature)).log_softmax(-1)
        confidence = (log_probs.gather(-1, target.unsqueeze(-1)).squeeze(-1) * real).sum(-1).exp()
        return float(F.binary_cross_entropy(confidence.clamp(0, 1), correct.to(confidence.dtype)))

    low, high = -1.5, 1.5
    golden = (5**0.5 - 1) / 2
    while high - low > 1e-3:
        a, b = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return math.exp((low + high) / 2)


def sure_threshold(confidences: Sequence[float], correct: Sequence[bool], accuracy: float = SURE_ACCURACY) -> float:
    """The lowest confidence from which on answers are right at least `accuracy` of the time; 1 where none is."""
    pairs = sorted(zip(confidences, correct, strict=True), reverse=True)
    best, hits = 1.0, 0
    for count, (confidence, is_right) in enumerate(pairs, 1):
        hits += is_right
        if hits / count >= accuracy:
            best = confidence
    return best
