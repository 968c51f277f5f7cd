"""Measure how well photographs and captions find each other."""

import argparse

from vqa.cli.arguments import (
    add_captions_arguments,
    add_model_arguments,
    load_predictor,
    read_captioned,
    trained_on,
)
from vqa.data.images import ImageStore
from vqa.evaluate.records import EvalFile
from vqa.evaluate.retrieval import RANKS, embed, summarise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_captions_arguments(parser)
    add_model_arguments(parser)
    parser.set_defaults(seed=0)  # nothing is drawn


def run(args: argparse.Namespace) -> None:
    store = ImageStore(args.images)
    known = trained_on(args)
    rows = read_captioned(args, store, known)
    out = EvalFile(args.out) if args.out else None
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
