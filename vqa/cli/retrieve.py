"""Measure how well photographs and captions find each other."""

import argparse
from functools import partial
from pathlib import Path

from vqa.cli.arguments import add_data_arguments, add_model_arguments, load_predictor, positive, trained_on
from vqa.data.images import ImageStore
from vqa.data.questions import read_captions
from vqa.evaluate.records import EvalFile
from vqa.evaluate.retrieval import RANKS, embed, summarise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_arguments(parser, split="test")
    parser.add_argument(
        "--captions", nargs="+", required=True, type=Path, metavar="FILE.jsonl", help="rows: image_id, captions"
    )
    parser.add_argument("--out", type=Path, metavar="eval.json", help="write this file, or add to it")
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N photographs")
    add_model_arguments(parser)
    parser.set_defaults(seed=0)  # nothing is drawn


def run(args: argparse.Namespace) -> None:
    store = ImageStore(args.images)
    known = trained_on(args)
    rows = read_captions(args.captions, args.split, partial(known.among, store))[: args.limit]
    out = EvalFile(args.out) if args.out else None
    missing = next((row.image_id for row in rows if row.image_id not in store), None)
    if missing:
        raise ValueError(f"The photograph {missing!r} of the captions is not among the images.")
    images, texts, image_of = embed(load_predictor(args), store, rows, args.variant)
    report = summarise(images, texts, image_of)
    report["retrieval"] |= known.tell(store, {"captions": {row.image_id for row in rows}})["captions"]
    for direction in ("image_to_text", "text_to_image"):
        found = report["retrieval"][direction]
        recalls = "  ".join(f"R@{rank} {found[f'R@{rank}']:.1%}" for rank in RANKS)
        print(f"{direction.replace('_', ' ')}: {recalls}  ({found['count']} queries)")
    print("  ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in report["space"].items()))
    if out:
        out.write(report, args, [*args.images, *args.captions])
