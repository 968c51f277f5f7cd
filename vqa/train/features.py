"""States of the frozen encoders for all photographs and texts of a training run."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from vqa.data.augment import MIRRORED, View, photo_view
from vqa.data.images import ImageStore
from vqa.model.hybrid_vit import HybridViTModel
from vqa.model.model import VQAModel
from vqa.processing.processor import MAX_QUESTION_TOKENS, VQAProcessor, image_processor_for
from vqa.train.cache import FeatureCache, fingerprint
from vqa.train.sampling import uniform

Batches = Iterable[tuple[np.ndarray, np.ndarray]]

BATCH = 64


def trunk_cache(
    encoder: HybridViTModel, store: ImageStore, view: str, ids: list[str], directory: str | Path
) -> FeatureCache:
    """Maps (c, 2h, 2w) of the trunk of a hybrid ViT's stem, the slow and never trained part of it."""
    processor = image_processor_for(encoder.config)

    def batches(to_do: list[str]) -> Batches:
        for photos, seen in _views(store, view, to_do):
            pixels = processor(images=photos, return_tensors="pt").pixel_values
            with torch.inference_mode():
                yield encoder.stem.trunk(pixels).numpy(), seen

    name = fingerprint(encoder.stem.trunk_layers, encoder.config.image_size, view)
    return FeatureCache.make(trunk_folder(directory, view), name, ids, batches, f"maps of the trunk, {view}")


def trunk_folder(directory: str | Path, view: str) -> Path:
    return Path(directory) / f"trunk-{view}"


def vit_cache(
    model: VQAModel, processor: VQAProcessor, store: ImageStore, view: str, ids: list[str], directory: str | Path
) -> FeatureCache:
    """States (P, W) of the image encoder, through its trunk's cache where a hybrid's training has left one."""
    encoder = model.vision_encoder
    from_trunk = isinstance(encoder, HybridViTModel) and trunk_folder(directory, view).is_dir()

    def batches(to_do: list[str]) -> Batches:
        if not from_trunk:
            for photos, seen in _views(store, view, to_do):
                with torch.inference_mode():
                    yield model.encode_image(processor.images(photos)).states.numpy(), seen
        else:
            trunk = trunk_cache(encoder, store, view, ids, directory)
            for start in range(0, len(to_do), BATCH):
                part = to_do[start : start + BATCH]
                with torch.inference_mode():
                    states = model.encode_image(trunk_map=trunk[part]).states
                yield states.numpy(), trunk.aux[[trunk.row[i] for i in part]]

    name = fingerprint(encoder, view)
    return FeatureCache.make(Path(directory) / f"vit-{view}", name, ids, batches, f"ViT states, {view}")


def _views(store: ImageStore, view: str, ids: list[str], size: int = 16) -> Iterable[tuple[list, np.ndarray]]:
    """Photographs in batches, plain or as a random view each, and which part of them is seen."""
    for start in range(0, len(ids), size):
        pairs = [photo_view(store.open(image_id), image_id, view) for image_id in ids[start : start + size]]
        yield [photo for photo, _ in pairs], np.array([seen for _, seen in pairs], dtype=np.float32)


class TextStates:
    """States of the text encoder, of as many tokens as each text has; `states[texts]` pads them."""

    def __init__(self, model: VQAModel, processor: VQAProcessor, texts: Iterable[str], directory: str | Path):
        """Computes, or takes from `directory`, the states of every text."""
        unique = sorted(set(texts), key=lambda text: (len(text), text))  # like lengths together waste no padding
        lengths = [
            len(ids) for ids in processor.tokenizer(unique, truncation=True, max_length=MAX_QUESTION_TOKENS).input_ids
        ]
        self._start = dict(zip(unique, np.cumsum([0, *lengths[:-1]]).tolist(), strict=True))
        self._length = dict(zip(unique, lengths, strict=True))

        def batches(to_do: list[str]) -> Iterable[tuple[np.ndarray, np.ndarray]]:
            for start in range(0, len(unique), BATCH):
                batch = unique[start : start + BATCH]
                if self._start[batch[0]] < sum(lengths) - len(to_do):
                    continue  # an interrupted run has done it
                ids, mask = processor.questions(batch)
                with torch.inference_mode():
                    states = model.encode_text(ids, mask)[mask].numpy()
                yield states, np.zeros((len(states), 0))

        # One row of the cache is one token, and a row's id is its number: the texts are in the name.
        rows = [str(i) for i in range(sum(lengths))]
        name = fingerprint(model.text_encoder, unique)
        cache = FeatureCache.make(directory, name, rows, batches, "text states")
        self._tokens = cache.features

    def __getitem__(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """`(B, L, W)` and its mask `(B, L)`."""
        rows = []
        for text in texts:
            start = self._start[text]
            rows.append(torch.from_numpy(self._tokens[start : start + self._length[text]].astype(np.float32)))
        lengths = torch.tensor([len(row) for row in rows])
        return pad_sequence(rows, batch_first=True), torch.arange(int(lengths.max())) < lengths[:, None]


class PhotoStates:
    """States (P, W) of photographs: plain, and where there is one, of a random view that may be mirrored."""

    def __init__(self, plain: FeatureCache, view: FeatureCache | None = None):
        self.plain, self.view = plain, view

    def __contains__(self, image_id: str) -> bool:
        return image_id in self.plain

    def plain_states(self, ids: Sequence[str]) -> torch.Tensor:
        """`(B, P, W)`."""
        return self.plain[list(ids)]

    def drawn_states(
        self, ids: Sequence[str], may_be_mirrored: Sequence[bool], rng: random.Random
    ) -> tuple[torch.Tensor, list[View]]:
        """`(B, P, W)` and what is seen: the plain photograph or its view, as likely, where mirroring does no harm."""
        states, views = [], []
        for image_id, mirrorable in zip(ids, may_be_mirrored, strict=True):
            cache = self.plain
            if self.view is not None and image_id in self.view and rng.random() < 0.5:
                mirrored = self.view.aux[self.view.row[image_id], MIRRORED]
                cache = self.view if mirrorable or not mirrored else self.plain
            states.append(cache[[image_id]])
            views.append(tuple(cache.aux[cache.row[image_id]].tolist()))
        return torch.cat(states), views


def drawn_patches(states: torch.Tensor, share: float, rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """A random `share` of each photograph's patches, in order, (B, P, W) to (B, K, W), and their indices (B, K)."""
    kept = max(1, round(share * states.shape[1]))
    patch_indices = uniform(states.shape[:2], rng).argsort(1)[:, :kept].sort(1).values
    return states.gather(1, patch_indices[..., None].expand(-1, -1, states.shape[-1])), patch_indices
