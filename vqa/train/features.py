"""Features of the encoders for all photographs and texts of a training run, computed once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn.utils.rnn import pad_sequence

from vqa.data.images import ImageStore
from vqa.model.hybrid_vit import HybridViTModel
from vqa.model.model import VQAModel
from vqa.processing.processor import VQAProcessor, image_processor_for
from vqa.train.cache import FeatureCache, digest_of, fingerprint

TEXTS_AT_ONCE = 64
TRUNK, VIT = "trunk", "vit"  # folders of caches
PHOTOS_AT_ONCE = 2  # a convolution of few photographs stays in the processor's cache: half the time of sixteen


class PhotoFeatures:
    """Features of photographs by their ids; `features[ids]` is a float32 tensor (len(ids), ...)."""

    def __init__(self, cache: FeatureCache, digests: dict[str, str]):
        """`digests` are those of the photographs' bytes, by id: what the rows of the cache go by."""
        self.cache, self.digests = cache, digests

    def __contains__(self, image_id: str) -> bool:
        return image_id in self.digests

    def __getitem__(self, ids: Sequence[str]) -> torch.Tensor:
        return self.cache[[self.digests[image_id] for image_id in ids]]


def photo_features(
    store: ImageStore,
    ids: Iterable[str],
    compute: Callable[[list[Image.Image]], torch.Tensor],
    name: str,
    directory: str | Path,
    description: str,
) -> PhotoFeatures:
    """What `compute` makes of photographs, from the cache in `directory` where the same bytes were computed before.

    `name` is the fingerprint of what computes. Raises `PhotoError` with the id of a photograph that cannot be opened,
    and `CacheError`.
    """
    digests = {image_id: digest_of(store.read(image_id)) for image_id in ids}
    image_ids = {digest: image_id for image_id, digest in digests.items()}

    def batches(to_do: list[str]) -> Iterable[np.ndarray]:
        for start in range(0, len(to_do), PHOTOS_AT_ONCE):
            photos = [store.open(image_ids[digest]) for digest in to_do[start : start + PHOTOS_AT_ONCE]]
            with torch.inference_mode():
                yield compute(photos).numpy()

    return PhotoFeatures(FeatureCache.make(directory, name, list(image_ids), batches, description), digests)


def trunk_cache(encoder: HybridViTModel, store: ImageStore, ids: Iterable[str], directory: str | Path) -> PhotoFeatures:
    """Maps (c, 2h, 2w) of the trunk of a hybrid ViT's stem, the slow and never trained part of it."""
    processor = image_processor_for(encoder.config)

    def compute(photos: list[Image.Image]) -> torch.Tensor:
        return encoder.stem.trunk(processor(images=photos, return_tensors="pt").pixel_values)

    name = fingerprint(encoder.stem.trunk_layers, encoder.config.image_size)
    return photo_features(store, ids, compute, name, Path(directory) / TRUNK, "maps of the trunk")


def vit_cache(
    model: VQAModel, processor: VQAProcessor, store: ImageStore, ids: Iterable[str], directory: str | Path
) -> PhotoFeatures:
    """States (P, W) of the image encoder, from the maps of its trunk where the same folder holds them."""
    encoder, directory, ids = model.vision_encoder, Path(directory), list(ids)
    name = fingerprint(encoder)
    if isinstance(encoder, HybridViTModel) and (directory / TRUNK).is_dir():
        trunk = trunk_cache(encoder, store, ids, directory)

        def batches(digests: list[str]) -> Iterable[np.ndarray]:
            for start in range(0, len(digests), PHOTOS_AT_ONCE):
                maps = trunk.cache[digests[start : start + PHOTOS_AT_ONCE]]
                with torch.inference_mode():
                    yield model.encode_image(trunk_map=maps).states.numpy()

        cache = FeatureCache.make(directory / VIT, name, list(trunk.digests.values()), batches, "states of the ViT")
        return PhotoFeatures(cache, trunk.digests)

    def compute(photos: list[Image.Image]) -> torch.Tensor:
        return model.encode_image(processor.images(photos)).states

    return photo_features(store, ids, compute, name, directory / VIT, "states of the ViT")


class TextStates:
    """States of the text encoder, of as many tokens as each text has; `states[texts]` pads them.

    Texts of one length share a cache, whose rows (L, W) go by the digests of the texts.
    """

    def __init__(self, model: VQAModel, processor: VQAProcessor, texts: Iterable[str], directory: str | Path):
        """Computes, or takes from `directory`, the states of every text."""
        unique = sorted(set(texts))
        self._length = {}
        for start in range(0, len(unique), 1024):
            part = unique[start : start + 1024]
            self._length.update(zip(part, processor.questions(part)[1].sum(1).tolist(), strict=True))
        by_length = defaultdict(dict)
        for text in unique:
            by_length[self._length[text]][digest_of(text.encode())] = text
        name = fingerprint(model.text_encoder)
        self._caches = {}
        for length, own in sorted(by_length.items()):

            def batches(digests: list[str], own: dict[str, str] = own) -> Iterable[np.ndarray]:
                for start in range(0, len(digests), TEXTS_AT_ONCE):
                    ids, mask = processor.questions([own[d] for d in digests[start : start + TEXTS_AT_ONCE]])
                    with torch.inference_mode():
                        yield model.encode_text(ids, mask).numpy()

            folder = Path(directory) / f"{length:03d}"
            self._caches[length] = FeatureCache.make(folder, name, list(own), batches, f"texts of {length} tokens")

    def __getitem__(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """`(B, L, W)` and its mask `(B, L)`."""
        rows = [self._caches[self._length[text]][[digest_of(text.encode())]][0] for text in texts]
        lengths = torch.tensor([len(row) for row in rows])
        return pad_sequence(rows, batch_first=True), torch.arange(int(lengths.max())) < lengths[:, None]
