"""`python -m vqa probe`: what an image encoder knows, measured by a linear probe (Alain and Bengio 2017).

A ridge regression from a photograph's pooled features to the answers of COCO-QA's questions about objects, over the
most frequent answers. It asks only whether the names of things can be read off the features by a straight line.

N questions, F features, C classes.
"""

import argparse
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vqa.arguments import WEIGHTS, add_images_argument, positive
from vqa.data.images import ImageStore
from vqa.metrics import normalise, wilson_interval
from vqa.questions import Question, read_questions

SOURCE, TYPE = "coco-qa", "object"
ALPHAS = tuple(10.0**power for power in range(-1, 6))
FOLDS = 5
PIXELS = "pixels"
PIXEL_SIDE = 32
BATCH_SIZE = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "encoders",
        nargs="*",
        default=[str(WEIGHTS / "encoders" / "vision")],
        metavar="ENCODER",
        help="a directory or hub id of an image encoder, a feature cache's folder, or "
        f"`{PIXELS}` for raw pixels (default: the shipped encoder)",
    )
    add_images_argument(parser)
    parser.add_argument("--questions", nargs="+", required=True, type=Path, metavar="FILE.jsonl")
    parser.add_argument(
        "--holdout",
        choices=("val", "test", "train"),
        default="val",
        help="score on val (default) or test, or on a fifth of the training photographs that is left out of the fit",
    )
    parser.add_argument("--classes", type=positive, default=40, metavar="N", help="most frequent answers (default 40)")
    parser.add_argument("--seed", type=int, default=0, help="of the folds (default 0)")
    parser.add_argument(
        "--image-size", type=positive, metavar="PIXELS", help="a side, if not as the encoder was trained"
    )
    parser.add_argument("--device", default="cpu")


def run(args: argparse.Namespace) -> None:
    store = ImageStore(args.images)
    rows = read_questions(args.questions, source=SOURCE)
    examples = choose_examples([row for row in rows if row.image_id in store], args.classes, args.holdout, args.seed)
    print(
        f"{args.classes} answers, fitted on {len(examples.train)} questions, scored on {len(examples.held_out)} "
        f"({args.holdout}); the most frequent answer gets {examples.majority():.1%}"
    )
    for name in args.encoders:
        features = features_of(name, store, examples.image_ids, args.device, args.image_size)
        score = probe(features, examples, args.seed)
        low, high = score.interval
        width = len(next(iter(features.values())))
        print(f"{name}: {score.accuracy:.1%} ({low:.1%} – {high:.1%}), {width} features, alpha {score.alpha:g}")


@dataclass(frozen=True)
class Examples:
    """Questions to fit and to score on; no photograph is in both."""

    train: list[Question]
    held_out: list[Question]

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


def choose_examples(questions: Sequence[Question], classes: int, holdout: str, seed: int = 0) -> Examples:
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

    def arrays(questions: Sequence[Question]) -> tuple[np.ndarray, np.ndarray]:
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


def features_of(
    encoder: str, store: ImageStore, image_ids: Sequence[str], device: str = "cpu", image_size: int | None = None
) -> dict[str, np.ndarray]:
    """Pooled features (F,) by image id of a candidate, named as on the command line."""
    if encoder == PIXELS:
        return {image_id: pixels(store.open(image_id)) for image_id in _in_store_order(image_ids, store)}
    if (Path(encoder) / "cache.json").is_file():
        return _cached_features(encoder, image_ids)
    return _encoded_features(_load(encoder, device, image_size), store, image_ids)


def pixels(image: Image.Image) -> np.ndarray:
    """A photograph's raw pixels at low resolution."""
    return np.asarray(image.resize((PIXEL_SIDE, PIXEL_SIDE), Image.Resampling.BICUBIC), dtype=np.float32).ravel()


def pool(states, patches: int | None = None) -> np.ndarray:
    """Vectors (B, F), the mean over a map (B, C, h, w) or over tokens (B, S, W), of which the last are `patches`."""
    mean = states.flatten(2).mean(2) if states.ndim == 4 else states[:, -(patches or states.shape[1]) :].mean(1)
    return mean.float().cpu().numpy()


def _cached_features(directory: str, image_ids: Sequence[str]) -> dict[str, np.ndarray]:
    from vqa.data.cache import FeatureCache

    cache = FeatureCache(directory)
    missing = [image_id for image_id in image_ids if image_id not in cache]
    if missing:
        raise ValueError(f"{directory} lacks {len(missing)} of the photographs, for instance {missing[0]}.")
    return {image_id: pool(cache[[image_id]])[0] for image_id in image_ids}


def _encoded_features(encode: Callable, store: ImageStore, image_ids: Sequence[str]) -> dict[str, np.ndarray]:
    from accelerate.utils import tqdm

    ordered = _in_store_order(image_ids, store)
    features = {}
    for start in tqdm(range(0, len(ordered), BATCH_SIZE), desc="encoding", unit="batch"):
        batch = ordered[start : start + BATCH_SIZE]
        features.update(zip(batch, encode([store.open(image_id) for image_id in batch]), strict=True))
    return features


def _in_store_order(image_ids: Sequence[str], store: ImageStore) -> list[str]:
    wanted = set(image_ids)
    return [image_id for image_id in store if image_id in wanted]


def _load(encoder: str, device: str, image_size: int | None) -> Callable:
    import torch
    from transformers.utils.logging import disable_progress_bar

    from vqa.modeling import grid_size, load_encoder
    from vqa.processing import image_processor

    disable_progress_bar()
    model = load_encoder(encoder, image_size).to(device)
    has_grid = hasattr(model.config, "patch_size") and hasattr(model.config, "image_size")
    patches = math.prod(grid_size(model.config)) if has_grid else None
    processor = image_processor(encoder, image_size)

    @torch.inference_mode()
    def encode(photos: list[Image.Image]) -> np.ndarray:
        pixel_values = processor(images=photos, return_tensors="pt").pixel_values
        return pool(model(pixel_values.to(device)).last_hidden_state, patches)

    return encode
