"""Do photographs and their captions find each other in the shared space?

N photographs, M captions, D width.
"""

from collections.abc import Sequence

import numpy as np

from vqa.data.images import ImageStore
from vqa.data.questions import Captions
from vqa.evaluate import space
from vqa.evaluate.metrics import wilson_interval
from vqa.processing.text import MAX_QUESTION_CHARACTERS

BATCH_SIZE = 32
RANKS = (1, 5, 10)


def embed(
    predictor, store: ImageStore, rows: Sequence[Captions], variant: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings (N, D) of the photographs, (M, D) of all their captions, and (M,) each caption's photograph.

    Raises `ValueError` for a caption that is too long.
    """
    from accelerate.utils import tqdm

    order = {image_id: place for place, image_id in enumerate(store)}
    rows = sorted(rows, key=lambda row: order[row.image_id])
    captions = [_checked(caption, row.image_id) for row in rows for caption in row.captions]
    image_of = np.repeat(np.arange(len(rows)), [len(row.captions) for row in rows])
    images, texts = [], []
    for start in tqdm(range(0, len(rows), BATCH_SIZE), desc="photographs", unit="batch"):
        photos = [predictor.encode(store.open(row.image_id)) for row in rows[start : start + BATCH_SIZE]]
        images.append(predictor.embed_photos(photos, variant=variant))
    for start in tqdm(range(0, len(captions), BATCH_SIZE), desc="captions", unit="batch"):
        texts.append(predictor.embed_texts(captions[start : start + BATCH_SIZE], variant=variant))
    return np.concatenate(images), np.concatenate(texts), image_of


def _checked(caption: str, image_id: str) -> str:
    if len(caption) > MAX_QUESTION_CHARACTERS:
        raise ValueError(
            f"A caption of the photograph {image_id!r} has {len(caption)} characters; at most "
            f"{MAX_QUESTION_CHARACTERS} are read."
        )
    return caption


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
