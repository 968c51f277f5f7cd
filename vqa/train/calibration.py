"""Making the reported probabilities mean what they say, on the val split."""

import logging
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from vqa.evaluate.metrics import is_right
from vqa.inference.predictor import VQAPredictor
from vqa.processing.processor import PAD
from vqa.train.joint_data import JointData

logger = logging.getLogger(__name__)
FEWEST = 50  # val questions, before anything is fitted on them
SURE_ACCURACY = 2 / 3  # "sure" answers are to be right at least this often


@torch.inference_mode()
def calibrate(data: JointData) -> None:
    """Fits the temperature and the threshold of "sure" on the val questions, and counts in `data` how many are right.

    Where there are fewer than `FEWEST`, the model keeps those that it started with.
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
    model.config.temperature = 1.0
    answers, _, correct = answer_val(data)
    ids = data.processor.pad_answers([data.answer_ids(answer) for answer in answers])
    logits = []
    for start in range(0, len(data.val), 128):
        rows = data.val[start : start + 128]
        image_states = data.images[[row["image_id"] for row in rows]]
        texts = data.texts[[row["question"] for row in rows]]
        logits.append(model.heads(image_states, *texts, ids[start : start + 128]).logits)
    model.config.temperature = fit_temperature(torch.cat(logits), ids, torch.tensor(correct), PAD)
    _, confidences, correct = answer_val(data)
    model.config.sure_threshold = round(sure_threshold(confidences, correct), 4)
    data.val_right = sum(correct)


def answer_val(data: JointData) -> tuple[list[str], list[float], list[bool]]:
    """The answer to each val question, how probable it is said to be, and whether it is right."""
    variant = data.model.config.variant
    predictor = VQAPredictor({variant: data.model}, {variant: data.processor})
    found = []
    for start in range(0, len(data.val), 128):
        rows = data.val[start : start + 128]
        states = data.images[[row["image_id"] for row in rows]]
        found += predictor.answer_states(states, [row["question"] for row in rows], variant, top_k=1)
    correct = [
        is_right(one.answer, row["answer"], row.get("answers") or (), row.get("accepted") or ())
        for one, row in zip(found, data.val, strict=True)
    ]
    return [one.answer for one in found], [one.confidence for one in found], correct


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
    for count, (confidence, hit) in enumerate(pairs, 1):
        hits += hit
        if hits / count >= accuracy:
            best = confidence
    return best
