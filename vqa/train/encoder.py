"""Teaching the hybrid ViT what is in a photograph, over the frozen trunk of its stem.

Three things are learned at once from the patches the ViT puts out, none of which looks at the text encoder, so
that the shared encoders know nothing of alignment:

- the words people said about the photograph, from the mean patch, as one softmax whose target is spread over all
  of them (Joulin et al. 2016, "Learning Visual Features from Large Weakly Supervised Data");
- which class's box covers which patch, from each patch;
- what EfficientNet's own classifier says, from the mean patch (Hinton et al. 2015), so that no name is lost.
"""

import random
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from transformers import AutoTokenizer, BertModel

from vqa.common.checksums import write_sums
from vqa.common.distributed import all_rows
from vqa.data.images import ImageStore
from vqa.data.labels import COCO_CLASSES, box_grid, frequent_words, words_by_image
from vqa.data.rows import answered_row, box_row, caption_row, cut_splits, of_split, read_rows
from vqa.model.checkpoint import load_encoder
from vqa.model.hybrid_vit import EfficientNetLiteStem, HybridViTConfig, HybridViTModel
from vqa.processing.processor import image_processor_for
from vqa.train.convert import efficientnet_lite2_checkpoint, load_efficientnet_lite, minilm_directory
from vqa.train.features import trunk_cache
from vqa.train.loop import FitSettings, fit
from vqa.train.sampling import EpochStream
from vqa.train.settings import EncoderSettings

NUM_IMAGENET_CLASSES = 1000


class WordTeacher(nn.Module):
    """The hybrid ViT over a ready map of its stem's trunk, with the three heads that teach it."""

    def __init__(self, encoder: HybridViTModel, num_words: int):
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.words = nn.Linear(width, num_words)
        self.boxes = nn.Linear(width, len(COCO_CLASSES))
        self.imagenet = nn.Linear(width, NUM_IMAGENET_CLASSES)

    def forward(self, trunk_map: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of words (B, words), boxes (B, P, 80) and ImageNet's classes (B, 1000)."""
        patches = self.encoder(trunk_map=trunk_map).last_hidden_state[:, 1:]
        pooled = patches.mean(1)
        return self.words(pooled), self.boxes(patches), self.imagenet(pooled)


class ImageNetTeacher:
    """EfficientNet-Lite2 with its classifier, as it came."""

    def __init__(self):
        self.stem = EfficientNetLiteStem(HybridViTConfig()).eval()
        self.classifier = load_efficientnet_lite(self.stem, efficientnet_lite2_checkpoint())

    @torch.no_grad()
    def __call__(self, trunk_map: torch.Tensor) -> torch.Tensor:
        """Probabilities (B, 1000) of ImageNet's classes."""
        last = self.stem.top(trunk_map)[:, : self.stem.conv_out.out_channels]
        return F.softmax(F.linear(last.mean((2, 3)), **self.classifier), -1)


def losses(model: WordTeacher, batch: dict, settings: EncoderSettings) -> dict[str, torch.Tensor]:
    """The named terms of the encoder's loss, over the rows of all processes; `"loss"` is their weighted sum."""
    words, boxes, imagenet = model(batch["trunk_map"])
    loss_words = -(batch["words"] * F.log_softmax(words, -1)).sum(-1)
    known = batch["box_known"]  # (B, 1, 80): the classes that were boxed at all in this photograph
    loss_boxes = F.binary_cross_entropy_with_logits(boxes, batch["boxes"], reduction="none")
    loss_teacher = F.kl_div(F.log_softmax(imagenet, -1), batch["imagenet"], reduction="none").sum(-1)
    rows = (loss_words, (loss_boxes * known).sum((1, 2)), known.expand_as(boxes).sum((1, 2)), loss_teacher)
    loss_words, loss_boxes, boxed, loss_teacher = all_rows(torch.stack(rows, 1)).unbind(1)  # (B,) each
    loss_words, loss_boxes, loss_teacher = loss_words.mean(), loss_boxes.sum() / (boxed.sum() + 1), loss_teacher.mean()
    loss = loss_words + settings.box_weight * loss_boxes + settings.teacher_weight * loss_teacher
    return {"loss": loss, "words": loss_words, "boxes": loss_boxes, "teacher": loss_teacher}


def start_at_principal_components(encoder: HybridViTModel, maps: torch.Tensor) -> None:
    """Sets the patch embedding to the leading principal components of stem maps (N, C, h, w).

    The channels of the two stages differ in scale, so each stage is first brought to unit variance. The ViT so
    starts from what the stem knows rather than from a random mixture of it.
    """
    x = maps.permute(0, 2, 3, 1).flatten(0, 2)
    split = encoder.config.stem_out_channels
    scale = torch.cat(
        [
            part.std().expand(part.shape[1])
            for part in (x[:, :split] - x[:, :split].mean(0), x[:, split:] - x[:, split:].mean(0))
        ]
    )
    mean = x.mean(0)
    x = (x - mean) / scale
    _, vectors = torch.linalg.eigh(x.T @ x / len(x))
    projection = encoder.vit.embeddings.patch_embeddings.projection
    leading = vectors[:, -projection.out_channels :].flip(1)
    weight = (leading / (x @ leading).std() / scale[:, None]).T
    with torch.no_grad():
        projection.weight.copy_(weight[:, :, None, None])
        projection.bias.copy_(-weight @ mean)


def train_encoder(settings: EncoderSettings, run: Path) -> None:
    """Makes the trunk's caches, trains the ViT and saves it and the text encoder in `settings.out`, for `AutoModel`.

    The folder `run` gets logs and checkpoints.
    """
    accelerator = Accelerator()
    torch.manual_seed(settings.fit.get("seed", 0))
    teacher = ImageNetTeacher()
    if settings.start:
        encoder = load_encoder(Path(settings.start) / "vision")
    else:
        encoder = HybridViTModel(HybridViTConfig()).eval()
        encoder.stem.load_state_dict(teacher.stem.state_dict())
    read = ((settings.questions, answered_row), (settings.captions, caption_row), (settings.boxes, box_row))
    groups = [read_rows(files, check) for files, check in read]
    cut_splits(*groups)
    questions, captions, boxes = (of_split(rows, "train") for rows in groups)
    words = words_by_image(questions, captions, boxes)
    vocabulary = frequent_words(words, settings.least_word_count)
    position = {word: i for i, word in enumerate(vocabulary)}
    boxed = {row["image_id"]: row for row in boxes}

    store = ImageStore(settings.images)
    caches = {}
    for view in ("plain", "crop"):
        ids = [i for i in store if view == "plain" or i in words]
        with accelerator.main_process_first():  # the others open what it makes
            caches[view] = trunk_cache(encoder, store, view, ids, settings.cache)
    ids = sorted(i for i in words if i in caches["crop"] and words[i] & position.keys())
    stream = EpochStream(ids, settings.batch_size, settings.fit.get("seed", 0))
    grid = (encoder.config.image_size // encoder.config.patch_size,) * 2

    def batch_of(step: int) -> dict:
        chosen = stream.batch(step)
        rng = random.Random(step)
        maps, targets, grids, known = [], [], [], []
        for image_id in chosen:
            cache = caches[rng.choice(("plain", "crop"))]
            maps.append(cache[[image_id]])
            target = torch.zeros(len(vocabulary))
            target[[position[word] for word in words[image_id] if word in position]] = 1
            targets.append(target / target.sum())
            row = boxed.get(image_id, {"boxes": [], "classes": None})
            grids.append(box_grid(row["boxes"], cache.aux[cache.row[image_id]].tolist(), grid))
            mask = torch.full((1, len(COCO_CLASSES)), float(row["classes"] == "all"))
            mask[0, COCO_CLASSES.index("person")] = float(row["classes"] is not None)
            known.append(mask)
        trunk_map = torch.cat(maps)
        return {
            "trunk_map": trunk_map,
            "imagenet": teacher(trunk_map),
            "words": torch.stack(targets),
            "boxes": torch.stack(grids),
            "box_known": torch.stack(known),
        }

    model = WordTeacher(encoder, len(vocabulary))
    loss = partial(losses, settings=settings)
    encoder.requires_grad_(False)
    if settings.start:
        heads = FitSettings(**settings.heads)
        fit(model, batch_of, loss, heads, run / "heads", "heads", accelerator)
        encoder.stem.top_layers.requires_grad_(True)
    else:
        sample = random.Random(0).sample(ids, min(1000, len(ids)))
        with torch.no_grad():
            start_at_principal_components(encoder, encoder.stem.top(caches["plain"][sample]))
    encoder.vit.requires_grad_(True)
    fit(model, batch_of, loss, FitSettings(**settings.fit), run / "encoder", "encoder", Accelerator())
    if not accelerator.is_main_process:
        return
    out = Path(settings.out)
    encoder.half().save_pretrained(out / "vision")
    image_processor_for(encoder.config).save_pretrained(out / "vision")
    text = Path(settings.start) / "text" if settings.start else minilm_directory()
    BertModel.from_pretrained(text, dtype="float16").save_pretrained(out / "text")
    AutoTokenizer.from_pretrained(text).save_pretrained(out / "text")
    write_sums(out / "vision")
    write_sums(out / "text")
