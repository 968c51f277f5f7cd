"""`python -m vqa evaluate`: how often the answers are right, by source and type, and whether the confidence is true."""

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vqa import metrics
from vqa.arguments import (
    add_answers_argument,
    add_data_arguments,
    add_model_arguments,
    load_predictor,
    positive,
    read_answer_list,
)
from vqa.bulk import BATCH_SIZE, answer_questions, ask_with, look_with
from vqa.data.images import ImageStore
from vqa.evalfile import EvalFile
from vqa.questions import Question, read_questions
from vqa.wordnet import WordNet, WordNetError

DAQUAR = "daquar"
WUPS_THRESHOLDS = (0.9, 0.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_arguments(parser, split="test")
    parser.add_argument(
        "--questions",
        nargs="+",
        required=True,
        type=Path,
        metavar="FILE",
        help="JSONL, VQA v2's two JSON files, or a saved dataset",
    )
    parser.add_argument("--source", help="only this source's questions")
    parser.add_argument("--question-only", action="store_true", help="ask the mean image instead of the photographs")
    parser.add_argument("--limit", type=positive, metavar="N", help="only N questions, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of that draw and of bootstrap intervals (default 0)")
    parser.add_argument("--out", type=Path, metavar="eval.json", help="write, or complete, this file")
    parser.add_argument("--batch-size", type=positive, default=BATCH_SIZE, metavar="N", help="questions at a time")
    add_answers_argument(parser)
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    questions = read_questions(args.questions, args.split, args.source)
    if args.limit and args.limit < len(questions):
        questions = random.Random(args.seed).sample(questions, args.limit)
    wordnet = _wordnet_for(questions)
    answers = read_answer_list(args.answers)
    out = EvalFile(args.out) if args.out else None
    store = ImageStore(args.images)
    predictor = load_predictor(args)
    scored = ask_all(predictor, store, questions, args.features, args.batch_size, answers, args.question_only)
    report = summarise(scored, wordnet, args.seed)
    print(as_table(report["benchmarks"]))
    print(f"expected calibration error {report['ece']:.3f}")
    if out and args.question_only:
        out.add_question_only(report["benchmarks"], args.weights, args.features)
    elif out:
        out.write(report, args, [*args.images, *args.questions])


@dataclass(frozen=True)
class Scored:
    """A question with the model's answer."""

    question: Question
    answer: str
    confidence: float

    @cached_property
    def is_correct(self) -> float:
        """1 for a match: normalised as VQA does where human answers are given, else in case, spaces and underscores."""
        if self.question.answers:
            return float(metrics.normalise_vqa(self.answer) == metrics.normalise_vqa(self.question.answer))
        return metrics.exact_match(self.answer, self.question.answer)


def ask_all(
    predictor, store, questions: Sequence[Question], features: str, batch_size: int, answers=None, blind: bool = False
) -> list[Scored]:
    """The model's answers to all questions. Raises `ValueError` for one that cannot be asked: no figure without it."""
    from accelerate.utils import tqdm

    bar = tqdm(total=len(questions), desc="evaluating", unit="question")
    look = (lambda image_id: None) if blind else look_with(predictor, store)  # None is the mean image
    ask = ask_with(predictor, features, answers)
    scored = []
    for index, prediction in answer_questions(look, ask, store, questions, batch_size):
        if isinstance(prediction, ValueError):
            raise ValueError(f"{questions[index].question!r} about {questions[index].image_id}: {prediction}")
        scored.append(Scored(questions[index], prediction.answer, prediction.confidence))
        bar.update()
    bar.close()
    return scored


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
    }
    rated = [item for item in items if item.question.answers]
    if rated:
        soft = [metrics.soft_accuracy(item.answer, item.question.answers) for item in rated]
        result["soft_accuracy"] = _mean(soft, rated, seed)
    if source == DAQUAR:
        single = [item for item in items if metrics.is_single_word(item.question.answer)]
        for name, subset in (("single_word", single), ("all_answers", items)):
            result[name] = _accuracy(subset) | _wups(subset, wordnet, seed) if subset else None
    return result


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


def _wordnet_for(questions: Sequence[Question]) -> WordNet | None:
    """WordNet, where there are DAQUAR questions and it is installed."""
    if all(question.source != DAQUAR for question in questions):
        return None
    try:
        return WordNet()
    except WordNetError as error:
        print(f"DAQUAR is scored without WUPS. {error}", file=sys.stderr)
        return None


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
