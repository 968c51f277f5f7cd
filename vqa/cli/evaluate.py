"""Measure accuracy, calibration and intervals on files of questions.

With `accelerate launch -m vqa evaluate ...` several processes, GPUs or machines share the photographs.
"""

import argparse
import random
from functools import partial
from pathlib import Path

from vqa.cli.arguments import (
    add_answers_argument,
    add_data_arguments,
    add_model_arguments,
    load_predictor,
    positive,
    read_answer_list,
    trained_on,
    writable_answers,
)
from vqa.common.distributed import processes
from vqa.common.files import check_writable, write_lines
from vqa.data.images import ImageStore
from vqa.data.questions import read_questions
from vqa.evaluate.accuracy import as_rows, as_table, ask_all, summarise, wordnet_for
from vqa.evaluate.records import EvalFile
from vqa.inference.batches import BATCH_SIZE


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
    parser.add_argument("--question-only", action="store_true", help="replace every photograph by the mean image")
    parser.add_argument("--limit", type=positive, metavar="N", help="only N questions, drawn at random")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of that draw and of the bootstrap intervals (default 0)"
    )
    parser.add_argument("--out", type=Path, metavar="eval.json", help="write this file, or add to it")
    parser.add_argument(
        "--predictions", type=Path, metavar="FILE.jsonl", help="write every answer, one line a question"
    )
    parser.add_argument("--batch-size", type=positive, default=BATCH_SIZE, metavar="N", help="questions at a time")
    add_answers_argument(parser)
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    store = ImageStore(args.images)
    known = trained_on(args)
    questions = read_questions(args.questions, args.split, args.source, trained_on=partial(known.among, store))
    if args.limit and args.limit < len(questions):
        questions = random.Random(args.seed).sample(questions, args.limit)
    answers = read_answer_list(args.answers)
    out = EvalFile(args.out) if args.out else None
    if args.predictions:
        check_writable(args.predictions)
    predictor = load_predictor(args)
    wordnet = wordnet_for(questions)
    answers = writable_answers(predictor, args.variant, answers)
    scored = ask_all(predictor, store, questions, args.variant, args.batch_size, answers, args.question_only)
    if not processes().is_main_process:
        return
    report = summarise(scored, wordnet, args.seed)
    asked_about = {source: {q.image_id for q in questions if q.source == source} for source in report["benchmarks"]}
    for source, told in known.tell(store, asked_about).items():
        report["benchmarks"][source] |= told
    print(as_table(report["benchmarks"]))
    print(f"expected calibration error {report['ece']:.3f}")
    if args.predictions:
        write_lines(args.predictions, as_rows(scored))
    if out and args.question_only:
        out.add_question_only(report["benchmarks"], args)
    elif out:
        out.write(report, args, [*args.images, *args.questions])
