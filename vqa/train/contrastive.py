"""Contrastive pre-training of the projections on captions, with mined hard negatives."""

import random
from collections.abc import Sequence

import torch

from vqa.common.distributed import all_rows
from vqa.model.alignment import ProjectionAligner, contrastive_loss, false_negatives, pool
from vqa.train.features import PhotoFeatures, TextStates
from vqa.train.sampling import EpochStream

Pair = tuple[str, str]  # image id, caption


class CaptionPairs:
    """Photographs and their captions as contrastive batches; wrong captions are mined anew every `mine_every` steps.

    Hard negatives (VSE++, Faghri et al. 2018) of a photograph are drawn from the `pool_size` captions that the
    model itself finds nearest to it and that are not its own; a caption with the same words as one of its own is
    no negative either. What was mined is part of a run's state: it depends on the weights of an earlier step.
    """

    def __init__(
        self,
        captions: dict[str, list[str]],
        images: PhotoFeatures,
        texts: TextStates,
        batch_size: int,
        hard_negatives: int,
        mine_every: int,
        seed: int,
        pool_size: int = 20,
    ):
        self.captions, self.images, self.texts = captions, images, texts
        self.mine_every, self.seed = mine_every, seed
        pairs = [(image_id, caption) for image_id in sorted(captions) for caption in captions[image_id]]
        self.stream: EpochStream[Pair] = EpochStream(pairs, batch_size, seed)
        self._image_number = {image_id: i for i, image_id in enumerate(sorted(captions))}
        self._distinct = sorted({caption for _, caption in pairs})
        self._caption_number = {caption: i for i, caption in enumerate(self._distinct)}
        # Where captions are few, what is left of them is the pool: a photograph's own are never wrong.
        self.pool_size = min(pool_size, len(self._distinct) - max(len(set(own)) for own in captions.values()))
        self.hard_negatives = hard_negatives if self.pool_size else 0
        self._mined: dict = {"round": -1, "nearest": torch.empty(0, dtype=torch.long)}

    def state_dict(self) -> dict:
        return self._mined

    def load_state_dict(self, state: dict) -> None:
        self._mined = state

    @torch.no_grad()
    def mine(self, aligner: ProjectionAligner, chunk: int = 256) -> torch.Tensor:
        """The numbers of each photograph's nearest wrong captions in the shared space as it is now (images, pool)."""
        was_training = aligner.training
        aligner.eval()
        captions, ids, nearest = self._distinct, list(self._image_number), []
        text_embed = torch.cat(
            [embed_texts(aligner, self.texts, captions[i : i + chunk]) for i in range(0, len(captions), chunk)]
        )
        for start in range(0, len(ids), chunk):
            part = ids[start : start + chunk]
            cosine = embed_images(aligner, self.images[part]) @ text_embed.T
            for image_id, row in zip(part, cosine, strict=True):
                row[[self._caption_number[caption] for caption in self.captions[image_id]]] = -2.0
            nearest.append(cosine.topk(self.pool_size).indices.cpu())
        aligner.train(was_training)
        return torch.cat(nearest)

    def batch(self, step: int, aligner: ProjectionAligner) -> dict:
        """A step's states, masks and false negatives, and K wrong captions for each photograph."""
        if self.hard_negatives and self._mined["round"] != step // self.mine_every:
            self._mined = {"round": step // self.mine_every, "nearest": self.mine(aligner)}
        rng = random.Random(f"{self.seed}/{step}")
        ids, captions = zip(*self.stream.batch(step), strict=True)
        text_states, text_mask = self.texts[captions]
        batch = {
            "image_states": self.images[ids],
            "text_states": text_states,
            "text_mask": text_mask,
            "image_number": torch.tensor([self._image_number[i] for i in ids]),
            "caption_number": torch.tensor([self._caption_number[c] for c in captions]),
        }
        if self.hard_negatives:
            nearest = self._mined["nearest"][batch["image_number"]].tolist()
            wrong = [self._distinct[i] for row in nearest for i in rng.choices(row, k=self.hard_negatives)]
            for name, value in zip(("hard_states", "hard_mask"), self.texts[wrong], strict=True):
                batch[name] = value.unflatten(0, (len(ids), -1))  # (B, K, L, W) and (B, K, L)
        return batch


def embed_images(aligner: ProjectionAligner, states: torch.Tensor) -> torch.Tensor:
    return pool(aligner.image(states.to(aligner.logit_scale.device)))


def embed_texts(aligner: ProjectionAligner, texts: TextStates, batch: Sequence[str]) -> torch.Tensor:
    states, mask = (value.to(aligner.logit_scale.device) for value in texts[batch])
    return pool(aligner.text(states), mask)


def alignment_loss(aligner: ProjectionAligner, batch: dict) -> torch.Tensor:
    """InfoNCE of a batch of `CaptionPairs`, over the rows of all processes."""
    hard = None
    if "hard_states" in batch:
        hard = pool(aligner.text(batch["hard_states"].flatten(0, 1)), batch["hard_mask"].flatten(0, 1))
        hard = all_rows(hard.unflatten(0, batch["hard_mask"].shape[:2]))
    return contrastive_loss(
        all_rows(embed_images(aligner, batch["image_states"])),
        all_rows(pool(aligner.text(batch["text_states"]), batch["text_mask"])),
        aligner.logit_scale,
        false_negatives(all_rows(batch["image_number"]), all_rows(batch["caption_number"])),
        hard,
    )
