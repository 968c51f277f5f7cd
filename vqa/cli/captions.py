"""Measure how near the model's captions are to people's."""

import argparse
from pathlib import Path

from vqa.cli.arguments import (
    add_captions_arguments,
    add_model_arguments,
    load_predictor,
    read_captioned,
    trained_on,
)
from vqa.common.extras import check_extra
from vqa.common.files import check_writable, write_lines
from vqa.data.images import ImageStore
from vqa.evaluate.captions import NEEDED_BY, PACKAGE, as_rows, describe, summarise
from vqa.evaluate.records import EvalFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_captions_arguments(parser)
    parser.add_argument(
        "--predictions", type=Path, metavar="FILE.jsonl", help="write every caption, one line a photograph"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the bootstrap intervals (default 0)")
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    check_extra(PACKAGE, NEEDED_BY)
    store = ImageStore(args.images)
    known = trained_on(args)
    rows = read_captioned(args, store, known)
    out = EvalFile(args.out) if args.out else None
    if args.predictions:
        check_writable(args.predictions)
    rows, said = describe(load_predictor(args), store, rows, args.variant)
    report = summarise(rows, said, args.seed)
    report |= known.tell(store, {"captions": {row.image_id for row in rows}})["captions"]
    for name in ("bleu_4", "cider"):
        low, high = report[name]["interval"]
        print(f"{name.replace('_', '-')} {report[name]['value']:.3f} [{low:.3f}, {high:.3f}]")
    print(f"{report['count']} captions, {report['repeated']} of them say something twice around “and”")
    if args.predictions:
        write_lines(args.predictions, as_rows(rows, said))
    if out:
        out.write({"captions": report}, args, [*args.images, *args.captions])
