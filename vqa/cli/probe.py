"""Measure what an image encoder knows, with a linear probe.

A ridge regression from a photograph's pooled features to the answers of COCO-QA's questions about objects, over the
most frequent answers. It asks only whether the names of things can be read off the features by a straight line.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vqa.cli.arguments import WEIGHTS, add_images_argument, positive
from vqa.common.extras import check_extra
from vqa.data.images import ImageStore
from vqa.data.questions import read_questions
from vqa.evaluate.probe import SOURCE, choose_examples, probe

PIXELS = "pixels"
PIXEL_SIDE = 32
BATCH_SIZE = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "encoders",
        nargs="*",
        default=[str(WEIGHTS / "encoders" / "vision")],
        metavar="ENCODER",
        help="a directory or hub id of an image encoder, a feature cache's folder, or "
        f"`{PIXELS}` for raw pixels (default: the shipped encoder)",
    )
    add_images_argument(parser)
    parser.add_argument("--questions", nargs="+", required=True, type=Path, metavar="FILE.jsonl")
    parser.add_argument(
        "--holdout",
        choices=("val", "test", "train"),
        default="val",
        help="score on val (default), test, or with `train` on a fifth of the training photographs, not fitted on",
    )
    parser.add_argument(
        "--classes", type=positive, default=40, metavar="N", help="how many of the most frequent answers (default 40)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the folds (default 0)")
    parser.add_argument(
        "--image-size",
        type=positive,
        metavar="PIXELS",
        help="side of the photographs; default: as the encoder was trained",
    )
    parser.add_argument("--device", default="cpu")


def run(args: argparse.Namespace) -> None:
    check_extra("sklearn", "The probe")
    store = ImageStore(args.images)
    questions = read_questions(args.questions, source=SOURCE, images=store)
    examples = choose_examples(questions, args.classes, args.holdout, args.seed)
    print(
        f"{args.classes} answers, fitted on {len(examples.train)} questions, scored on {len(examples.held_out)} "
        f"({args.holdout}); the most frequent answer gets {examples.majority():.1%}"
    )
    for name in args.encoders:
        features = features_of(name, store, examples.image_ids, args.device, args.image_size)
        score = probe(features, examples, args.seed)
        low, high = score.interval
        width = len(next(iter(features.values())))
        print(f"{name}: {score.accuracy:.1%} ({low:.1%} – {high:.1%}), {width} features, alpha {score.alpha:g}")


def features_of(
    encoder: str, store: ImageStore, image_ids: Sequence[str], device: str = "cpu", image_size: int | None = None
) -> dict[str, np.ndarray]:
    """Pooled features (F,) by image id of a candidate, named as on the command line."""
    if encoder == PIXELS:
        return {image_id: pixels(store.open(image_id)) for image_id in _in_store_order(image_ids, store)}
    if any(Path(encoder).glob("*/cache.json")):
        return _cached_features(encoder, store, image_ids)
    return _encoded_features(_load(encoder, device, image_size), store, image_ids)


def pixels(image: Image.Image) -> np.ndarray:
    """A photograph's raw pixels at low resolution."""
    return np.asarray(image.resize((PIXEL_SIDE, PIXEL_SIDE), Image.Resampling.BICUBIC), dtype=np.float32).ravel()


def pool(states, patches: int | None = None) -> np.ndarray:
    """Vectors (B, F), the mean over a map (B, C, h, w) or over tokens (B, S, W), of which the last are `patches`."""
    mean = states.flatten(2).mean(2) if states.ndim == 4 else states[:, -(patches or states.shape[1]) :].mean(1)
    return mean.float().cpu().numpy()


def _cached_features(directory: str, store: ImageStore, image_ids: Sequence[str]) -> dict[str, np.ndarray]:
    from vqa.train.cache import FeatureCache, digest_of

    cache = FeatureCache(directory)
    digests = {image_id: digest_of(store.read(image_id)) for image_id in _in_store_order(image_ids, store)}
    missing = [image_id for image_id, digest in digests.items() if digest not in cache]
    if missing:
        raise ValueError(f"{directory} lacks {len(missing)} of the photographs, for instance {missing[0]}.")
    return {image_id: pool(cache[[digest]])[0] for image_id, digest in digests.items()}


def _encoded_features(encode: Callable, store: ImageStore, image_ids: Sequence[str]) -> dict[str, np.ndarray]:
    from accelerate.utils import tqdm

    ordered = _in_store_order(image_ids, store)
    features = {}
    for start in tqdm(range(0, len(ordered), BATCH_SIZE), desc="encoding", unit="batch"):
        batch = ordered[start : start + BATCH_SIZE]
        features.update(zip(batch, encode([store.open(image_id) for image_id in batch]), strict=True))
    return features


def _in_store_order(image_ids: Sequence[str], store: ImageStore) -> list[str]:
    wanted = set(image_ids)
    return [image_id for image_id in store if image_id in wanted]


def _load(encoder: str, device: str, image_size: int | None) -> Callable:
    import torch
    from transformers.utils.logging import disable_progress_bar

    from vqa.model.checkpoint import load_encoder
    from vqa.model.encoders import grid_size
    from vqa.processing.processor import image_processor

    disable_progress_bar()
    model = load_encoder(encoder, image_size).to(device)
    has_grid = hasattr(model.config, "patch_size") and hasattr(model.config, "image_size")
    patches = math.prod(grid_size(model.config)) if has_grid else None
    processor = image_processor(encoder, image_size)

    @torch.inference_mode()
    def encode(photos: list[Image.Image]) -> np.ndarray:
        pixel_values = processor(images=photos, return_tensors="pt").pixel_values
        return pool(model(pixel_values.to(device)).last_hidden_state, patches)

    return encode
