"""A linear probe (Alain and Bengio 2017) of an image encoder's features.

N questions, F features, C classes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vqa.common.extras import check_extra
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

    @property
    def answers(self) -> list[str]:
        """All answers, normalised, the most frequent first."""
        return [answer for answer, _ in Counter(normalise(q.answer) for q in self.train).most_common()]

    def majority(self) -> float:
        """The accuracy of always giving the most frequent answer."""
        answer = self.answers[0]
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
        raise ValueError(f"There must be {SOURCE} questions of type {TYPE} in train and in {holdout}.")
    if shared := {q.image_id for q in train} & {q.image_id for q in held_out}:
        raise ValueError(f"{len(shared)} photographs are in train and in {holdout}, for instance {min(shared)}.")
    return Examples(train, held_out)


def probe(features: dict[str, np.ndarray], examples: Examples, seed: int = 0) -> Score:
    """Accuracy on the held-out questions of a ridge regression whose alpha is chosen on the training ones.

    `features` are vectors (F,) by image id, and are standardised by the training questions', so that one alpha means
    the same for any encoder. The choice is by cross-validation over photographs. Needs scikit-learn. Raises
    `ValueError` where it is missing, or where all questions are about one photograph.
    """
    check_extra("sklearn", "The probe")
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def arrays(questions: Sequence[QuestionRow]) -> tuple[np.ndarray, np.ndarray]:
        x = np.stack([features[question.image_id] for question in questions]).astype(np.float64)
        return x, np.array([normalise(question.answer) for question in questions])

    photographs = [question.image_id for question in examples.train]
    folds = min(FOLDS, len(set(photographs)))
    if folds < 2:
        raise ValueError("The probe needs training questions about two photographs at least.")
    search = GridSearchCV(
        make_pipeline(StandardScaler(), RidgeClassifier()),
        {"ridgeclassifier__alpha": list(ALPHAS)},
        cv=GroupKFold(folds, shuffle=True, random_state=seed),
    )
    search.fit(*arrays(examples.train), groups=photographs)
    x, truth = arrays(examples.held_out)
    right = search.predict(x) == truth
    return Score(
        float(right.mean()), wilson_interval(right.sum(), len(right)), search.best_params_["ridgeclassifier__alpha"]
    )


def fold_by_group(groups: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """A fold (N,) for each row, the same for rows of one group."""
    names = sorted(set(groups))
    fold = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % folds, strict=True))
    return np.array([fold[group] for group in groups])
