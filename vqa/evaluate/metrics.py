"""How right the answers are, and how far the figures can be trusted. NumPy only, no model.

N questions. An answer is scored after `normalise`, so that case, underscores and a final full stop do not count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from vqa.processing.text import normalise_vqa, split_list

if TYPE_CHECKING:
    from vqa.evaluate.wordnet import WordNet

PEOPLE, LEAST_PEOPLE = 10, 3  # whose answers the official accuracy takes, and the fewest that can make it 1


def exact_match(answer: str, truth: str) -> float:
    """1 where both are the same after `normalise`; answers that are lists (`table, chair`) match in any order."""
    return float(set(split_list(answer)) == set(split_list(truth)))


def is_right(answer: str, truth: str, answers: Sequence[str] = (), accepted: Sequence[str] = ()) -> bool:
    """Whether an answer counts as the truth, or as any that is accepted.

    Where people's answers or a list of accepted ones are given, compared as the official VQA evaluation does, else in
    case, spaces and underscores alone.
    """
    if not (answers or accepted):
        return bool(exact_match(answer, truth))
    return normalise_vqa(answer) in {normalise_vqa(right) for right in (truth, *accepted)}


def soft_accuracy(answer: str, people: Sequence[str]) -> float | None:
    """The official VQA accuracy (Antol et al. 2015): min(people who said it / 3, 1).

    Of ten people's answers or more it is the mean of that over leaving out each of them once. Of three to nine, as
    OK-VQA has where it repeats the answers that count (Marino et al. 2019), it is the formula itself. Of fewer it is
    not defined: None.
    """
    if len(people) < LEAST_PEOPLE:
        return None
    answer = normalise_vqa(answer)
    said = [normalise_vqa(person) == answer for person in people]
    if len(people) < PEOPLE:
        return min(sum(said) / 3, 1.0)
    return float(np.mean([min((sum(said) - this) / 3, 1.0) for this in said]))


def wups(answer: str, truth: str, threshold: float, wordnet: "WordNet") -> float:
    """Wu-Palmer similarity of two sets of nouns (Malinowski and Fritz 2014), at a threshold of 0.9 or 0.0.

    Each item takes its best partner's similarity, a tenth of it below the threshold; the items' scores are multiplied
    and the worse of the two directions counts.
    """

    def covered(items: list[str], by: list[str]) -> float:
        return math.prod(max(_word_similarity(item, other, threshold, wordnet) for other in by) for item in items)

    a, b = split_list(answer), split_list(truth)
    return min(covered(a, b), covered(b, a))


@lru_cache(maxsize=100_000)
def _word_similarity(a: str, b: str, threshold: float, wordnet: "WordNet") -> float:
    if a == b:
        return 1.0
    pairs = ((x, y) for x in wordnet.senses(a) for y in wordnet.senses(b))
    best = max((wordnet.similarity(x, y) for x, y in pairs), default=0.0)
    return best if best >= threshold else 0.1 * best


Z = 1.959964  # of a 95 % interval


def wilson_interval(correct: float, count: int, z: float = Z) -> tuple[float, float]:
    """Wilson's 95 % score interval of a proportion (Wilson 1927). Raises `ValueError` for a count of 0."""
    if count < 1:
        raise ValueError("An interval needs at least one question.")
    p = correct / count
    middle = (p + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def bootstrap_interval(
    values: Sequence[float], groups: Sequence[str], seed: int = 0, resamples: int = 2000
) -> tuple[float, float]:
    """A 95 % percentile interval of the mean of `values` (N,), by resampling whole `groups` (N,).

    Questions about one photograph stand or fall together, so that photographs are drawn, not questions.
    """
    _, group_of = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(group_of, weights=np.asarray(values, dtype=float))
    sizes = np.bincount(group_of)
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(len(sums), size=len(sums))
        means[i] = sums[drawn].sum() / sizes[drawn].sum()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True)
class ReliabilityBin:
    """The questions whose confidence lies in [low, high); the last bin includes 1."""

    low: float
    high: float
    count: int
    confidence: float | None  # mean over the bin; None where it is empty
    accuracy: float | None


def reliability(confidences: Sequence[float], correct: Sequence[float], bins: int = 10) -> list[ReliabilityBin]:
    """How often answers of each confidence are right: the points of a reliability diagram."""
    confidences, correct = np.asarray(confidences, dtype=float), np.asarray(correct, dtype=float)
    if confidences.size and not (confidences.min() >= 0 and confidences.max() <= 1 + 1e-6):
        raise ValueError("Confidences must lie between 0 and 1.")
    bin_of = np.minimum((confidences * bins).astype(int), bins - 1)
    result = []
    for i in range(bins):
        inside = bin_of == i
        means = (confidences[inside].mean(), correct[inside].mean()) if inside.any() else (None, None)
        confidence, accuracy = (None if mean is None else float(mean) for mean in means)
        result.append(ReliabilityBin(i / bins, (i + 1) / bins, int(inside.sum()), confidence, accuracy))
    return result


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Expected calibration error (Guo et al. 2017): |confidence - accuracy|, averaged over the questions."""
    total = sum(bin.count for bin in bins)
    if total == 0:
        raise ValueError("The calibration error needs at least one question.")
    return sum(bin.count * abs(bin.confidence - bin.accuracy) for bin in bins if bin.count) / total
