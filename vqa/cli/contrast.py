"""Find, among the example photographs, questions that show what alignment changes."""

import argparse
from pathlib import Path

from vqa.cli.arguments import add_weights_arguments, load_predictor
from vqa.common.checksums import hash_files, list_again
from vqa.common.files import check_writable, write_json
from vqa.data.images import ImageStore
from vqa.data.questions import read_questions
from vqa.evaluate.accuracy import ask_all
from vqa.evaluate.contrast import ALIGNED, FILE, UNALIGNED, choose
from vqa.evaluate.records import commit, hash_weights
from vqa.inference.batches import BATCH_SIZE

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=Path, default=EXAMPLES, metavar="DIR", help="folder of photographs; default: the examples"
    )
    parser.add_argument(
        "--questions",
        type=Path,
        metavar="FILE.jsonl",
        help="questions with their answers; default: questions.jsonl in DIR",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.json", help=f"default: {FILE} in the weights")
    add_weights_arguments(parser)
    parser.set_defaults(variant=ALIGNED)


def run(args: argparse.Namespace) -> None:
    out = args.out or args.weights / FILE
    check_writable(out)
    questions = read_questions([args.questions or args.images / "questions.jsonl"])
    store, predictor = ImageStore([args.images]), load_predictor(args)
    if UNALIGNED not in predictor.variants:
        raise ValueError(f"{args.weights} has no variant {UNALIGNED!r} to compare {ALIGNED!r} with.")
    scored = {name: ask_all(predictor, store, questions, name, BATCH_SIZE) for name in (ALIGNED, UNALIGNED)}
    cases = choose(scored[ALIGNED], scored[UNALIGNED])
    for case in cases:
        answers = ", ".join(f"{name} “{case[name]['answer']}” {case[name]['probability']:.0%}" for name in scored)
        print(f"{case['kind']:<6} {case['example']}: {case['question']} {answers}")
    right = {name: sum(item.is_correct for item in items) for name, items in scored.items()}
    print("right: " + ", ".join(f"{name} {count:.0f} of {len(questions)}" for name, count in right.items()))
    made_from = {
        "commit": commit(),
        "weights": {name: hash_weights(args.weights, name) for name in scored},
        "questions": hash_files([args.questions or args.images / "questions.jsonl"]),
    }
    write_json(out, made_from | {"count": len(questions), "cases": cases})
    list_again(out)
