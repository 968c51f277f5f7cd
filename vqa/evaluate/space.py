"""The geometry of the shared space, in NumPy: does a photograph lie near the words that describe it?

Dimension key: N rows, M columns, D width. Embeddings are rows of unit length.
"""

from collections.abc import Sequence

import numpy as np

SLOPE_PENALTY = 1e-4
NEWTON_STEPS = 30


def alignment(images: np.ndarray, texts: np.ndarray) -> float:
    """Mean squared distance of matching pairs, (N, D) against (N, D): 0 is perfect (Wang and Isola, 2020)."""
    _require_pairs(images, texts)
    return float(np.mean(np.sum((images - texts) ** 2, axis=1)))


def uniformity(embeds: np.ndarray, scale: float = 2.0) -> float:
    """Log mean Gaussian potential of all pairs of (N, D): the lower, the more evenly spread (Wang and Isola, 2020)."""
    if len(embeds) < 2:
        raise ValueError("Uniformity needs two embeddings or more.")
    squared = 2.0 - 2.0 * (embeds @ embeds.T)[np.triu_indices(len(embeds), k=1)]
    return float(np.log(np.mean(np.exp(-scale * squared))))


def modality_gap(images: np.ndarray, texts: np.ndarray) -> float:
    """Distance between the two modalities' centres (Liang et al., 2022)."""
    return float(np.linalg.norm(images.mean(axis=0) - texts.mean(axis=0)))


def softmax(similarity: np.ndarray, temperature: float, axis: int = 1) -> np.ndarray:
    """Probabilities along `axis` of cosines (N, M) divided by the temperature."""
    _require_temperature(temperature)
    logits = similarity / temperature
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def info_nce(similarity: np.ndarray, temperature: float) -> float:
    """Symmetric InfoNCE of cosines (N, N) whose matching pairs lie on the diagonal; log N is chance."""
    _require_temperature(temperature)
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1]:
        raise ValueError(f"InfoNCE needs a square matrix, not {similarity.shape}.")
    logits = similarity / temperature
    matching = np.diagonal(logits)
    return float(np.mean([_log_sum_exp(logits, 1) - matching, _log_sum_exp(logits, 0) - matching]))


def match_curve(matched: Sequence[float], mismatched: Sequence[float]) -> tuple[float, float]:
    """The logistic curve `(slope, intercept)` that tells matching pairs from others by their cosine alone.

    `sigmoid(slope * cosine + intercept)` is the probability of a match where both kinds are equally frequent. Each
    cosine has its own, as in SigLIP (Zhai et al. 2023), whatever else it is compared with. Fitted by Newton's method;
    a small penalty on the slope keeps it finite where the two kinds do not overlap. Raises `ValueError` without pairs.
    """
    if not len(matched) or not len(mismatched):
        raise ValueError("A match curve needs matching pairs and others.")
    cosines = np.concatenate([matched, mismatched])
    is_match = np.repeat([1.0, 0.0], [len(matched), len(mismatched)])
    share = np.repeat([0.5 / len(matched), 0.5 / len(mismatched)], [len(matched), len(mismatched)])
    centre, spread = cosines.mean(), max(float(cosines.std()), 1e-9)
    inputs = np.stack([(cosines - centre) / spread, np.ones_like(cosines)], axis=1)  # (N, 2)
    penalty = np.diag([SLOPE_PENALTY, 0.0])
    weights = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        probability = sigmoid(inputs @ weights)
        gradient = inputs.T @ (share * (probability - is_match)) + penalty @ weights
        curvature = (inputs.T * (share * probability * (1 - probability))) @ inputs + penalty
        weights -= np.linalg.solve(curvature, gradient)
    slope = weights[0] / spread
    return float(slope), float(weights[1] - slope * centre)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(logits)))  # which never overflows


def recall_at_k(
    similarity: np.ndarray, ks: Sequence[int] = (1, 5, 10), relevant: np.ndarray | None = None
) -> dict[int, float]:
    """Share of rows (N, M) that have a relevant column among their k nearest.

    `relevant` (N, M) is True where row and column belong together; without it the diagonal counts.
    """
    if relevant is None:
        relevant = np.eye(*similarity.shape, dtype=bool)
    if relevant.shape != similarity.shape:
        raise ValueError(f"relevant has shape {relevant.shape}, similarity {similarity.shape}.")
    best = np.where(relevant, similarity, -np.inf).max(axis=1, keepdims=True)
    if np.isneginf(best).any():
        raise ValueError("Each row needs a relevant column.")
    ahead = ((similarity >= best) & ~relevant).sum(axis=1)  # a tie counts against the row: a flat matrix earns nothing
    return {k: float(np.mean(ahead < k)) for k in ks}


def project_2d(*groups: np.ndarray) -> list[np.ndarray]:
    """Principal components of all groups together: each (N_i, D) comes back as (N_i, 2), on common axes."""
    centre = np.concatenate(groups).mean(axis=0)
    _, _, axes = np.linalg.svd(np.concatenate(groups) - centre, full_matrices=False)
    axes = [axis * np.sign(axis[np.abs(axis).argmax()]) for axis in axes[:2]]  # SVD leaves the signs open
    return [(group - centre) @ np.stack(axes).T for group in groups]


def _log_sum_exp(logits: np.ndarray, axis: int) -> np.ndarray:
    top = logits.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(logits - top).sum(axis=axis))


def _require_pairs(images: np.ndarray, texts: np.ndarray) -> None:
    if images.shape != texts.shape:
        raise ValueError(f"Pairs need equal shapes, not {images.shape} and {texts.shape}.")


def _require_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"The temperature must be positive, not {temperature}.")
