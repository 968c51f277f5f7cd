"""Making the reported probabilities mean what they say, on the val split."""

import logging
import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from vqa.evaluate.metrics import is_right
from vqa.inference.predictor import Prediction, VQAPredictor, choice_kind
from vqa.processing.processor import PAD
from vqa.train.joint_data import JointData

logger = logging.getLogger(__name__)
FEWEST = 50  # val questions, before anything is fitted on them
SURE_ACCURACY = 2 / 3  # "sure" answers are to be right at least this often


@torch.inference_mode()
def calibrate(data: JointData) -> None:
    """Fits a temperature for each kind of answers, and the threshold of "sure", on the val questions.

    Where there are fewer than `FEWEST`, the model keeps those that it started with; a kind with fewer gets 1. Counts in
    `data` how many are right.
    """
    model = data.model.eval()
    if len(data.val) < FEWEST:
        logger.warning(
            "%d questions are held out as val, fewer than %d: the probabilities of answers are not calibrated on them.",
            len(data.val),
            FEWEST,
        )
        data.val_right = sum(answer_val(data)[-1])
        return
    model.config.temperatures = None
    predictions, correct = answer_val(data)
    model.config.temperatures = fitted_temperatures(data, predictions, correct)
    predictions, correct = answer_val(data)
    model.config.sure_threshold = round(sure_threshold([one.confidence for one in predictions], correct), 4)
    data.val_right = sum(correct)


@torch.inference_mode()
def fitted_temperatures(
    data: JointData, predictions: Sequence[Prediction], correct: Sequence[bool]
) -> dict[str, float]:
    """The temperature of each kind of which there are `FEWEST` answers, from those to the val questions at 1."""
    by_kind: dict[str, list[int]] = {}
    for place, prediction in enumerate(predictions):
        by_kind.setdefault(kind_of(prediction), []).append(place)
    fitted = {}
    for kind, places in by_kind.items():
        if len(places) < FEWEST:
            continue
        right = torch.tensor([correct[place] for place in places])
        if kind == "open":
            ids = data.processor.pad_answers([data.answer_ids(predictions[place].answer) for place in places])
            fitted[kind] = fit_temperature(logits_of(data, [data.val[place] for place in places], ids), ids, right, PAD)
        else:
            shares = [[answer.probability for answer in predictions[place].top] for place in places]
            fitted[kind] = fit_choice_temperature(shares, right)
    return fitted


def kind_of(prediction: Prediction) -> str:
    """Which temperature the probability of an answer was divided by."""
    return choice_kind(prediction.choices) if prediction.choices else "open"


def logits_of(data: JointData, rows: Sequence[dict], answer_ids: torch.Tensor) -> torch.Tensor:
    """The logits (N, A, V) of the pieces of an answer to each question, teacher-forced."""
    logits = []
    for start in range(0, len(rows), 128):
        part = rows[start : start + 128]
        image_states = data.images[[row["image_id"] for row in part]]
        texts = data.texts[[row["question"] for row in part]]
        logits.append(data.model.heads(image_states, *texts, answer_ids[start : start + 128]).logits)
    return torch.cat(logits)


def answer_val(data: JointData) -> tuple[list[Prediction], list[bool]]:
    """The answers to each val question, and whether the first is right."""
    variant = data.model.config.variant
    predictor = VQAPredictor({variant: data.model}, {variant: data.processor})
    found = []
    for start in range(0, len(data.val), 128):
        rows = data.val[start : start + 128]
        states = data.images[[row["image_id"] for row in rows]]
        found += predictor.answer_states(states, [row["question"] for row in rows], variant)
    correct = [
        is_right(one.answer, row["answer"], row.get("answers") or (), row.get("accepted") or ())
        for one, row in zip(found, data.val, strict=True)
    ]
    return found, correct


def fit_temperature(logits: torch.Tensor, answer_ids: torch.Tensor, correct: torch.Tensor, pad: int) -> float:
    """The temperature at which the probability of a given answer says best whether it is right.

    `logits` (N, A, V) are teacher-forced on the answers that the model gives, `answer_ids` (N, A), of which `correct`
    (N,) are right. Maximises the likelihood of right and wrong as temperature scaling does (Guo et al. 2017), but of
    whole answers: the pieces of the true answers alone would be as likely as possible and the answers overconfident.
    """
    target = answer_ids[:, 1:]
    real = target != pad

    def confidences(temperature: float) -> torch.Tensor:
        log_probs = (logits[:, :-1] / temperature).log_softmax(-1)
        return (log_probs.gather(-1, target.unsqueeze(-1)).squeeze(-1) * real).sum(-1).exp()

    return _most_likely(confidences, correct)


def fit_choice_temperature(probabilities: Sequence[Sequence[float]], correct: torch.Tensor) -> float:
    """The same where one of a few answers is chosen: each question's `probabilities`, best first, at temperature 1."""
    log_probs = [torch.tensor(values, dtype=torch.float64).clamp_min(1e-30).log() for values in probabilities]

    def confidences(temperature: float) -> torch.Tensor:
        return torch.stack([(values / temperature).softmax(-1)[0] for values in log_probs])

    return _most_likely(confidences, correct)


def _most_likely(confidences: Callable[[float], torch.Tensor], correct: torch.Tensor) -> float:
    """The temperature at which `confidences` (N,) make right and wrong (N,) most likely.

    A golden-section search over the temperature's logarithm.
    """

    def loss(log_temperature: float) -> float:
        confidence = confidences(math.exp(log_temperature))
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
    for count, (confidence, hit) in enumerate(pairs, 1):
        hits += hit
        if hits / count >= accuracy:
            best = confidence
    return best
