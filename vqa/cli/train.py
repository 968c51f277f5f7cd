"""Train a model from a configuration.

From files of photographs, questions and captions to a checkpoint that the app serves.
"""

import argparse
import dataclasses
from datetime import timedelta
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs

from vqa.train.checkpoint import save
from vqa.train.encoder import train_encoder
from vqa.train.fingerprints import json_digest, made_from
from vqa.train.joint import train_joint
from vqa.train.settings import EncoderSettings, load_settings

OVERRIDES = {  # settings of a configuration that the command line can replace
    "images": "folders, Parquet files or saved datasets",
    "questions": "JSONL, VQA v2's pair of JSON files, or saved datasets",
    "captions": "JSONL or saved datasets",
    "out": "where the trained weights go",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, help="a file of configs/, or your own of the same form")
    parser.add_argument(
        "--variant", choices=("aligned", "unaligned"), default="aligned", help="which model to train (default aligned)"
    )
    for name, text in OVERRIDES.items():
        nargs = None if name == "out" else "+"
        parser.add_argument(
            f"--{name}", nargs=nargs, metavar="PATH", help=f"{text}; replaces the setting of the configuration"
        )
    parser.add_argument("--question-only", action="store_true", help="train without photographs, as a baseline")
    parser.add_argument(
        "--run",
        help="folder of the log and checkpoints; default: one in runs/, named by the settings and data",
    )


def run(args: argparse.Namespace) -> int:
    """Trains, or continues an interrupted run, and saves. Raises `ValueError` and `OSError` for bad input."""
    # Caches can take long, and the other processes wait for them.
    accelerator = Accelerator(kwargs_handlers=[InitProcessGroupKwargs(timeout=timedelta(days=1))])
    changes = {name: value for name in OVERRIDES if (value := getattr(args, name)) is not None}
    settings = load_settings(args.config, **changes)
    if isinstance(settings, EncoderSettings):
        train_encoder(settings, Path(args.run or f"runs/{Path(args.config).stem}-vision"))
        return 0
    name = f"{Path(args.config).stem}-{args.variant}{'-question-only' if args.question_only else ''}"
    origin = made_from(settings, args.variant)
    folder = Path(args.run or f"runs/{name}-{json_digest(origin)[:8]}")  # other data are another run
    data = train_joint(settings, args.variant, args.question_only, folder, origin)
    if args.question_only:
        data.settings = dataclasses.replace(settings, out=str(folder / "weights"))
    if accelerator.is_main_process:
        if data.val and data.val_right is not None:
            share = data.val_right / len(data.val)
            print(f"{data.val_right} of {len(data.val)} val questions are answered correctly ({share:.0%}).")
        print(f'Saved {save(data, origin)}. Ask it: python -m vqa ask PHOTO "QUESTION" --weights {data.settings.out}')
    accelerator.end_training()
    return 0
