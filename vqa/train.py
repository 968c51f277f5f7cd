"""`python -m vqa train`: from files of photographs, questions and captions to a checkpoint that the app serves."""

import argparse
import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs

from vqa.integrity import write_sums
from vqa.joint_data import JointData
from vqa.predictor import SPACE_FILE
from vqa.processing import clean_caption
from vqa.settings import EncoderSettings, load_settings
from vqa.train_alignment import embed_images, embed_texts
from vqa.train_encoder import train_encoder
from vqa.train_joint import train_joint

OVERRIDES = {  # what of a configuration can be said on the command line
    "images": "folders, Parquet files or saved datasets",
    "questions": "JSONL, VQA v2's pair of JSON files, or saved datasets",
    "captions": "JSONL or saved datasets",
    "out": "where the trained weights go",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, help="a file of configs/, or your own of the same form")
    parser.add_argument("--features", choices=("aligned", "unaligned"), default="aligned", help="what is fused")
    for name, text in OVERRIDES.items():
        nargs = None if name == "out" else "+"
        parser.add_argument(f"--{name}", nargs=nargs, metavar="PATH", help=f"{text}, in place of the configuration's")
    parser.add_argument("--question-only", action="store_true", help="train without photographs, as a baseline")
    parser.add_argument("--run", help="folder of the log and checkpoints; default: in runs/, by the configuration")


def run(args: argparse.Namespace) -> int:
    """Trains, or goes on with an interrupted run, and saves. Raises `ValueError` and `OSError` for bad input."""
    # Caches can take long, and the other processes wait for them.
    accelerator = Accelerator(kwargs_handlers=[InitProcessGroupKwargs(timeout=timedelta(days=1))])
    changes = {name: value for name in OVERRIDES if (value := getattr(args, name)) is not None}
    settings = load_settings(args.config, **changes)
    if isinstance(settings, EncoderSettings):
        train_encoder(settings, Path(args.run or f"runs/{Path(args.config).stem}-vision"))
        return 0
    name = f"{Path(args.config).stem}-{args.features}{'-question-only' if args.question_only else ''}"
    folder = Path(args.run or f"runs/{name}")
    data = train_joint(settings, args.features, args.question_only, folder)
    if args.question_only:
        data.settings = dataclasses.replace(settings, out=str(folder / "weights"))
    if accelerator.is_main_process:
        print(f"Saved {save(data)}.")
    accelerator.end_training()
    return 0


@torch.inference_mode()
def val_cosines(data: JointData, most: int = 1000) -> dict[str, list[float]]:
    """Cosines of val photographs with a caption of their own, and with the next photograph's."""
    rows = data.caption_rows["val"][:most]
    images = torch.cat([embed_images(data.model, data.images.plain_states([row["image_id"]])) for row in rows])
    texts = embed_texts(data.model, data.texts, [clean_caption(row["captions"][0]) for row in rows])
    matched = (images * texts).sum(-1)
    mismatched = (images * texts.roll(1, 0)).sum(-1)
    return {
        name: [round(v, 4) for v in sorted(values.tolist())]
        for name, values in (("matched", matched), ("mismatched", mismatched))
    }


def save(data: JointData) -> Path:
    """Writes the checkpoint's directory: heads, answers' vocabulary, val cosines, their sums and how it was made.

    Beside it lie the encoders, so that the whole can be served and moved.
    """
    settings, features = data.settings, data.model.config.features
    directory = Path(settings.out) / features
    directory.mkdir(parents=True, exist_ok=True)
    save_encoders(data)
    data.model.save_heads(directory, encoders="../encoders")
    data.processor.save_answers(directory)
    (directory / SPACE_FILE).unlink(missing_ok=True)
    if data.caption_rows["val"]:
        (directory / SPACE_FILE).write_text(json.dumps(val_cosines(data)) + "\n")
    record = {
        "features": features,
        "settings": dataclasses.asdict(settings),
        "examples": {name: len(s) for name, s in data.sources.items()} | {"captions": len(data.captions)},
        "trained_on": f"{torch.get_num_threads()} CPU thread(s)" if not torch.cuda.is_available() else "GPU",
        "seconds": round(data.seconds),
        "torch": torch.__version__,
    }
    (directory / "train.json").write_text(json.dumps(record, indent=1) + "\n")
    write_sums(directory)
    return directory


def save_encoders(data: JointData) -> None:
    """Saves the encoders in half precision, as they came, in `encoders/`, unless they came from there."""
    parts = {
        "vision": (data.settings.vision, data.model.vision_encoder, data.processor.image_processor),
        "text": (data.settings.text, data.model.text_encoder, data.processor.tokenizer),
    }
    for name, (source, encoder, processor) in parts.items():
        directory = Path(data.settings.out) / "encoders" / name
        if directory.resolve() != Path(source).resolve():
            encoder.half().save_pretrained(directory)
            encoder.float()
            processor.save_pretrained(directory)
            write_sums(directory)
