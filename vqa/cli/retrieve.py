"""Measure how well photographs and captions find each other.

With `--questions` also whether a photograph lies nearest to the name of what is in it (zero-shot).
"""

import argparse
from functools import partial
from pathlib import Path

from vqa.cli.arguments import (
    add_captions_arguments,
    add_model_arguments,
    load_predictor,
    positive,
    read_captioned,
    trained_on,
    writable_answers,
)
from vqa.data.images import ImageStore
from vqa.data.questions import read_questions
from vqa.data.rows import split_name
from vqa.data.trained_on import TrainedOn
from vqa.evaluate import zero_shot
from vqa.evaluate.probe import SOURCE, Examples, choose_examples
from vqa.evaluate.records import EvalFile
from vqa.evaluate.retrieval import RANKS, embed, summarise
from vqa.processing.text import normalise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_captions_arguments(parser)
    parser.add_argument(
        "--questions",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE.jsonl",
        help=f"also answer {SOURCE}'s questions about objects by cosine alone; train rows give the answers",
    )
    parser.add_argument(
        "--classes",
        type=positive,
        default=40,
        metavar="N",
        help="among how many of the most frequent answers (default 40)",
    )
    add_model_arguments(parser)
    parser.set_defaults(seed=0)  # nothing is drawn


def run(args: argparse.Namespace) -> None:
    store = ImageStore(args.images)
    known = trained_on(args)
    rows = read_captioned(args, store, known)
    examples = read_objects(args, store, known) if args.questions else None
    out = EvalFile(args.out) if args.out else None
    predictor = load_predictor(args)
    images, texts, image_of = embed(predictor, store, rows, args.variant)
    report = summarise(images, texts, image_of)
    report["retrieval"] |= known.tell(store, {"captions": {row.image_id for row in rows}})["captions"]
    for direction in ("image_to_text", "text_to_image"):
        found = report["retrieval"][direction]
        recalls = "  ".join(f"R@{rank} {found[f'R@{rank}']:.1%}" for rank in RANKS)
        print(f"{direction.replace('_', ' ')}: {recalls}  ({found['count']} queries)")
    print("  ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in report["space"].items()))
    if examples:
        answers = writable_answers(predictor, args.variant, examples.answers)
        asked = [question for question in examples.held_out if normalise(question.answer) in answers]
        found = zero_shot.classify(predictor, store, asked, answers, args.variant)
        report["zero_shot"] = by_cosine = zero_shot.summarise(asked, found, answers)
        by_cosine |= known.tell(store, {SOURCE: {question.image_id for question in asked}})[SOURCE]
        shares = (by_cosine["cosine"]["accuracy"], by_cosine["closed_search"]["accuracy"], by_cosine["chance"])
        print(
            f"{len(asked)} questions about objects, {len(answers)} answers: "
            "nearest by cosine {:.1%}, closed search {:.1%}, chance {:.1%}".format(*shares)
        )
    if out:
        out.write(report, args, [*args.images, *args.captions, *args.questions])


def read_objects(args: argparse.Namespace, store: ImageStore, known: TrainedOn) -> Examples:
    """The questions to be answered by cosine, and those of the training split, whose answers are the possible ones.

    Raises `ValueError`.
    """
    questions = read_questions(args.questions, source=SOURCE, trained_on=partial(known.among, store))
    examples = choose_examples(questions, args.classes, split_name(args.split))
    asked = list(dict.fromkeys(question.image_id for question in examples.held_out))[: args.limit]
    return Examples(examples.train, [question for question in examples.held_out if question.image_id in asked])
