"""A linear probe (Alain and Bengio 2017) of an image encoder's features.

N questions, F features, C classes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vqa.data.questions import QuestionRow
from vqa.evaluate.metrics import wilson_interval
from vqa.processing.text import normalise

SOURCE, TYPE = "coco-qa", "object"
ALPHAS = tuple(10.0**power for power in range(-1, 6))
FOLDS = 5


@dataclass(frozen=True)
class Examples:
    """Questions to fit and to score on; no photograph is in both."""

    train: list[QuestionRow]
    held_out: list[QuestionRow]

    @property
    def image_ids(self) -> list[str]:
        return list(dict.fromkeys(question.image_id for question in [*self.train, *self.held_out]))

    def majority(self) -> float:
        """The accuracy of always giving the most frequent answer."""
        answer = Counter(normalise(q.answer) for q in self.train).most_common(1)[0][0]
        return float(np.mean([normalise(q.answer) == answer for q in self.held_out]))


@dataclass(frozen=True)
class Score:
    accuracy: float
    interval: tuple[float, float]
    alpha: float


def choose_examples(questions: Sequence[QuestionRow], classes: int, holdout: str, seed: int = 0) -> Examples:
    """The questions about objects whose answer is among the `classes` most frequent ones in the training split.

    `holdout` is the split to score on; "train" leaves out a fifth of the training photographs. Raises `ValueError`.
    """
    questions = [question for question in questions if question.type == TYPE]
    train = [question for question in questions if question.split == "train"]
    frequent = {answer for answer, _ in Counter(normalise(q.answer) for q in train).most_common(classes)}
    train = [question for question in train if normalise(question.answer) in frequent]
    if holdout == "train":
        fold = fold_by_group([question.image_id for question in train], FOLDS, seed)
        held_out = [question for question, part in zip(train, fold, strict=True) if part == 0]
        train = [question for question, part in zip(train, fold, strict=True) if part != 0]
    else:
        held_out = [q for q in questions if q.split == holdout and normalise(q.answer) in frequent]
    if not train or not held_out:
        raise ValueError(f"The probe needs {SOURCE} questions of type {TYPE} on the images, in train and in {holdout}.")
    if shared := {q.image_id for q in train} & {q.image_id for q in held_out}:
        raise ValueError(f"{len(shared)} photographs are in train and in {holdout}, for instance {min(shared)}.")
    return Examples(train, held_out)


def probe(features: dict[str, np.ndarray], examples: Examples, seed: int = 0) -> Score:
    """Accuracy on the held-out questions of a ridge regression whose alpha is chosen on the training ones.

    `features` are vectors (F,) by image id. The choice is by cross-validation over photographs.
    """
    classes = sorted({normalise(question.answer) for question in examples.train})
    number = {answer: i for i, answer in enumerate(classes)}

    def arrays(questions: Sequence[QuestionRow]) -> tuple[np.ndarray, np.ndarray]:
        x = np.stack([features[question.image_id] for question in questions]).astype(np.float64)
        return x, np.array([number.get(normalise(question.answer), -1) for question in questions])

    x, y = arrays(examples.train)
    fold = fold_by_group([question.image_id for question in examples.train], FOLDS, seed)
    correct = np.zeros(len(ALPHAS))
    for part in range(FOLDS):
        inside, outside = fold != part, fold == part
        if inside.any() and outside.any():
            predictions = ridge_predict(x[inside], y[inside], x[outside], ALPHAS, len(classes))
            correct += (predictions == y[outside]).sum(axis=1)
    alpha = ALPHAS[int(correct.argmax())]
    x_held_out, y_held_out = arrays(examples.held_out)
    right = ridge_predict(x, y, x_held_out, [alpha], len(classes))[0] == y_held_out
    return Score(float(right.mean()), wilson_interval(right.sum(), len(right)), alpha)


def ridge_predict(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, alphas: Sequence[float], classes: int) -> np.ndarray:
    """Classes (alphas, N_new) that a ridge regression to one-hot targets gives, fitted on x (N, F) and y (N,).

    Features are standardised by the training rows, so that one alpha means the same for any encoder.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread < 1e-8] = 1.0  # a constant feature says nothing
    x, x_new = (x - mean) / spread, (x_new - mean) / spread
    targets = np.eye(classes)[y]
    centre = targets.mean(axis=0)
    if x.shape[1] <= len(x):  # the smaller of the two systems: over features, or over questions
        values, vectors = np.linalg.eigh(x.T @ x)
        inner, basis = vectors.T @ (x.T @ (targets - centre)), x_new @ vectors
    else:
        values, vectors = np.linalg.eigh(x @ x.T)
        inner, basis = vectors.T @ (targets - centre), x_new @ x.T @ vectors
    return np.stack([(basis / (values + alpha) @ inner + centre).argmax(axis=1) for alpha in alphas])


def fold_by_group(groups: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """A fold (N,) for each row, the same for rows of one group."""
    names = sorted(set(groups))
    fold = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % folds, strict=True))
    return np.array([fold[group] for group in groups])
