"""Describe a photograph in a sentence."""

import argparse
import json
from pathlib import Path

from vqa.cli.arguments import add_model_arguments, load_predictor
from vqa.processing.photos import open_photo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    photo = open_photo(args.photo)
    prediction = load_predictor(args).caption(photo, args.variant)
    print(json.dumps(prediction.to_dict(), ensure_ascii=False) if args.json else prediction.answer)
