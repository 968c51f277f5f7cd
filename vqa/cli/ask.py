"""Answer a question about a photograph."""

import argparse
import json
import sys
from pathlib import Path

from vqa.cli.arguments import add_answers_argument, add_model_arguments, load_predictor, positive, read_answer_list
from vqa.common.english import is_english
from vqa.processing.photos import open_photo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("question", metavar="QUESTION")
    parser.add_argument("--top-k", type=positive, default=5, metavar="K", help="answers to list (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_answers_argument(parser)
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    photo = open_photo(args.photo)  # before the model is loaded: a wrong path is told at once
    answers = read_answer_list(args.answers)
    prediction = load_predictor(args).ask(photo, args.question, args.variant, args.top_k, answers)
    if not is_english(args.question):
        print("The model reads English only: what it answers here means nothing.", file=sys.stderr)
    print(json.dumps(prediction.to_dict(), ensure_ascii=False) if args.json else as_text(prediction))


def as_text(prediction) -> str:
    """A `Prediction` as lines for a reader: the answer, a warning where it is a guess, and the other candidates."""
    lines = [f"{prediction.answer} ({prediction.confidence:.0%})"]
    if not prediction.sure:
        lines.append("This is a guess: the model is not sure.")
    lines += [f"  {answer.probability:4.0%} {answer.text}" for answer in prediction.top[1:]]
    return "\n".join(lines)
