"""`python -m vqa retrieve`: do photographs and their captions find each other in the shared space?

N photographs, M captions, D width.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vqa import space
from vqa.arguments import add_data_arguments, add_model_arguments, load_predictor, positive
from vqa.data.images import ImageStore
from vqa.evalfile import EvalFile
from vqa.metrics import wilson_interval
from vqa.questions import Captions, read_captions

BATCH_SIZE = 32
RANKS = (1, 5, 10)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_arguments(parser, split="test")
    parser.add_argument(
        "--captions", nargs="+", required=True, type=Path, metavar="FILE.jsonl", help="rows: image_id, captions"
    )
    parser.add_argument("--out", type=Path, metavar="eval.json", help="write, or complete, this file")
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N photographs")
    add_model_arguments(parser)
    parser.set_defaults(seed=0)  # nothing is drawn


def run(args: argparse.Namespace) -> None:
    rows = read_captions(args.captions, args.split)[: args.limit]
    out = EvalFile(args.out) if args.out else None
    store = ImageStore(args.images)
    missing = next((row.image_id for row in rows if row.image_id not in store), None)
    if missing:
        raise ValueError(f"The photograph {missing!r} of the captions is not among the images.")
    images, texts, image_of = embed(load_predictor(args), store, rows, args.features)
    report = summarise(images, texts, image_of)
    for direction in ("image_to_text", "text_to_image"):
        found = report["retrieval"][direction]
        recalls = "  ".join(f"R@{rank} {found[f'R@{rank}']:.1%}" for rank in RANKS)
        print(f"{direction.replace('_', ' ')}: {recalls}  ({found['count']} queries)")
    print("  ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in report["space"].items()))
    if out:
        out.write(report, args, [*args.images, *args.captions])


def embed(
    predictor, store: ImageStore, rows: Sequence[Captions], features: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings (N, D) of the photographs, (M, D) of all their captions, and (M,) each caption's photograph."""
    from accelerate.utils import tqdm

    order = {image_id: place for place, image_id in enumerate(store)}
    rows = sorted(rows, key=lambda row: order[row.image_id])
    captions = [caption for row in rows for caption in row.captions]
    image_of = np.repeat(np.arange(len(rows)), [len(row.captions) for row in rows])
    images, texts = [], []
    for start in tqdm(range(0, len(rows), BATCH_SIZE), desc="photographs", unit="batch"):
        photos = [predictor.encode(store.open(row.image_id)) for row in rows[start : start + BATCH_SIZE]]
        images.append(predictor.embed_photos(photos, features=features))
    for start in tqdm(range(0, len(captions), BATCH_SIZE), desc="captions", unit="batch"):
        texts.append(predictor.embed_texts(captions[start : start + BATCH_SIZE], features=features))
    return np.concatenate(images), np.concatenate(texts), image_of


def summarise(images: np.ndarray, texts: np.ndarray, image_of: np.ndarray) -> dict:
    """The parts `retrieval` and `space` of `eval.json`, of embeddings as `embed` returns them."""
    similarity = images @ texts.T  # (N, M)
    relevant = image_of[None, :] == np.arange(len(images))[:, None]
    return {
        "retrieval": {
            "photographs": len(images),
            "captions": len(texts),
            "image_to_text": _recalls(similarity, relevant),
            "text_to_image": _recalls(similarity.T, relevant.T),
        },
        "space": {
            "alignment": space.alignment(images[image_of], texts),
            "uniformity_images": space.uniformity(images),
            "uniformity_texts": space.uniformity(texts),
            "modality_gap": space.modality_gap(images, texts),
        },
    }


def _recalls(similarity: np.ndarray, relevant: np.ndarray) -> dict:
    count = len(similarity)
    recalls = space.recall_at_k(similarity, RANKS, relevant)
    intervals = {f"R@{rank}": list(wilson_interval(recall * count, count)) for rank, recall in recalls.items()}
    return {f"R@{rank}": recall for rank, recall in recalls.items()} | {"count": count, "intervals": intervals}
