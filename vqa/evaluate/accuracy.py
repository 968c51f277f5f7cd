"""How often the answers are right, by source and type, and whether the confidence is true."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from vqa.data.questions import QuestionRow
from vqa.evaluate import metrics, paired
from vqa.evaluate.wordnet import WordNet, WordNetError
from vqa.inference.batches import answer_questions, ask_with, look_with, own_questions
from vqa.processing.text import is_single_word

DAQUAR = "daquar"
WUPS_THRESHOLDS = (0.9, 0.0)


@dataclass(frozen=True)
class Scored:
    """A question with the model's answer."""

    question: QuestionRow
    answer: str
    confidence: float

    @cached_property
    def is_correct(self) -> float:
        """1 for a match, by `metrics.is_right`."""
        asked = self.question
        return float(metrics.is_right(self.answer, asked.answer, asked.answers, asked.accepted))

    @cached_property
    def soft_accuracy(self) -> float | None:
        """By `metrics.soft_accuracy`; None where too few people answered."""
        return metrics.soft_accuracy(self.answer, self.question.answers)


def ask_all(
    predictor,
    store,
    questions: Sequence[QuestionRow],
    variant: str,
    batch_size: int,
    answers=None,
    question_only: bool = False,
) -> list[Scored]:
    """The model's answers to all questions, in their order.

    Several processes share the photographs, and each gets all answers. Raises `ValueError` for a question that cannot
    be asked: there is no figure without it.
    """
    from accelerate.utils import gather_object, tqdm

    own = own_questions(store, questions)
    bar = tqdm(total=len(own), desc="evaluating", unit="question")
    look = (lambda image_id: None) if question_only else look_with(predictor, store)  # None is the mean image
    ask = ask_with(predictor, variant, answers)
    scored: dict[int, Scored] = {}
    for place, prediction in answer_questions(look, ask, store, [questions[index] for index in own], batch_size):
        index = own[place]
        if isinstance(prediction, ValueError):
            raise ValueError(f"{questions[index].question!r} about {questions[index].image_id}: {prediction}")
        scored[index] = Scored(questions[index], prediction.answer, prediction.confidence)
        bar.update()
    bar.close()
    for others in gather_object([scored]):
        scored |= others
    return [scored[index] for index in range(len(questions))]


def summarise(scored: Sequence[Scored], wordnet: WordNet | None = None, seed: int = 0) -> dict:
    """The figures of `eval.json` that answers give: `benchmarks` by source, `ece` and `reliability` over all."""
    by_source = _group(scored, lambda item: item.question.source)
    bins = _reliability(scored)
    return {
        "benchmarks": {source: _benchmark(source, items, wordnet, seed) for source, items in sorted(by_source.items())},
        "ece": metrics.calibration_error(bins),
        "reliability": [asdict(bin) for bin in bins],
    }


def _benchmark(source: str, items: Sequence[Scored], wordnet: WordNet | None, seed: int) -> dict:
    by_type = _group(items, lambda item: item.question.kind)
    result = {
        **_accuracy(items),
        "by_type": {kind: _accuracy(of_kind) for kind, of_kind in sorted(by_type.items())},
        "ece": metrics.calibration_error(_reliability(items)),
        "paired": _paired(items),
    }
    rated = [item for item in items if item.soft_accuracy is not None]
    if rated:
        result["soft_accuracy"] = _mean([item.soft_accuracy for item in rated], rated, seed)
    if source == DAQUAR:
        single = [item for item in items if is_single_word(item.question.answer)]
        for name, subset in (("single_word", single), ("all_answers", items)):
            told = _accuracy(subset) | _wups(subset, wordnet, seed) | {"paired": _paired(subset)} if subset else None
            result[name] = told
    return result


def _paired(items: Sequence[Scored]) -> dict:
    return paired.note((item.question.image_id, item.question.question, bool(item.is_correct)) for item in items)


def _accuracy(items: Sequence[Scored]) -> dict:
    correct = sum(item.is_correct for item in items)
    interval = metrics.wilson_interval(correct, len(items))
    return {"accuracy": correct / len(items), "count": len(items), "interval": list(interval)}


def _wups(items: Sequence[Scored], wordnet: WordNet | None, seed: int) -> dict:
    if wordnet is None:
        return {}
    scores = {
        threshold: [metrics.wups(item.answer, item.question.answer, threshold, wordnet) for item in items]
        for threshold in WUPS_THRESHOLDS
    }
    return {f"wups_{threshold}": _mean(values, items, seed) for threshold, values in scores.items()}


def _mean(values: Sequence[float], items: Sequence[Scored], seed: int) -> dict:
    interval = metrics.bootstrap_interval(values, [item.question.image_id for item in items], seed)
    return {"mean": float(np.mean(values)), "count": len(values), "interval": list(interval)}


def _reliability(items: Sequence[Scored]) -> list[metrics.ReliabilityBin]:
    return metrics.reliability([item.confidence for item in items], [item.is_correct for item in items])


def _group(items: Sequence[Scored], key) -> dict[str, list[Scored]]:
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def wordnet_for(questions: Sequence[QuestionRow]) -> WordNet | None:
    """WordNet, where there are DAQUAR questions and it is installed."""
    if all(question.source != DAQUAR for question in questions):
        return None
    try:
        return WordNet()
    except WordNetError as error:
        print(f"DAQUAR is scored without WUPS. {error}", file=sys.stderr)
        return None


def as_rows(scored: Sequence[Scored]) -> list[dict]:
    """Each question with its truth, the model's answer and how it counts, as lines of a file."""
    rows = []
    for item in scored:
        asked = item.question
        row = {
            "image_id": asked.image_id,
            "question": asked.question,
            "source": asked.source,
            "type": asked.kind,
            "split": asked.split,
            "truth": asked.answer,
            "answer": item.answer,
            "confidence": round(item.confidence, 6),
            "correct": bool(item.is_correct),
        }
        rows.append(row if item.soft_accuracy is None else row | {"soft_accuracy": round(item.soft_accuracy, 6)})
    return rows


def as_table(benchmarks: dict) -> str:
    """The benchmarks as lines of text."""
    lines = [f"{'':<28}{'accuracy':>9}{'95 % interval':>17}{'questions':>11}"]

    def add(name: str, figures: dict, key: str = "accuracy") -> None:
        low, high = figures["interval"]
        lines.append(f"{name:<28}{figures[key]:>9.1%}{f'{low:.1%} – {high:.1%}':>17}{figures['count']:>11}")

    for source, figures in benchmarks.items():
        add(source, figures)
        for kind, part in figures["by_type"].items():
            add(f"  {kind}", part)
        if "soft_accuracy" in figures:
            add("  soft accuracy", figures["soft_accuracy"], "mean")
        single = figures.get("single_word") or {}
        if single:
            add("  single-word answers", single)
        for name in (name for name in single if name.startswith("wups")):
            add(f"    {name.replace('_', ' ').upper()}", single[name], "mean")
    return "\n".join(lines)
