"""Tuning both encoders on our data, once and neutrally: nothing here compares a photograph with a caption.

The image encoder (the ViT and the top of its stem, over a frozen trunk) and the upper layers of the text encoder learn
together from three things:

- the words people said about a photograph, from the mean patch, as one softmax whose target is spread over all of
  them (Joulin et al. 2016, "Learning Visual Features from Large Weakly Supervised Data");
- which class's box covers which patch, from each patch;
- questions and their answers, through a small question answerer that is thrown away (Jiang et al. 2020, "In Defense of
  Grid Features", train such features end to end).

N photographs of a batch, B questions about them; the rest of the dimension key is in `vqa.model.configuration`.
"""

import dataclasses
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, BertModel, PreTrainedTokenizerBase

from vqa.common.checksums import write_sums
from vqa.common.files import write_json
from vqa.data.images import ImageStore
from vqa.data.labels import COCO_CLASSES, box_grid, content_words, frequent_words, words_by_image
from vqa.data.rows import answered_row, box_row, caption_row, cut_splits, label_row, of_split, read_rows
from vqa.data.trained_on import TrainedOn
from vqa.evaluate.metrics import normalise_vqa
from vqa.model.checkpoint import load_encoder
from vqa.model.coattention import WordBlock
from vqa.model.encoders import grid_size
from vqa.model.hybrid_vit import HybridViTConfig, HybridViTModel
from vqa.processing.processor import image_processor_for
from vqa.train.cache import digest_of, fingerprint
from vqa.train.convert import efficientnet_lite2_checkpoint, load_efficientnet_lite, minilm_directory
from vqa.train.features import trunk_cache
from vqa.train.loop import fit
from vqa.train.sampling import EpochStream
from vqa.train.settings import EncoderSettings

RARE = -4.0  # the logit of a class that lies in one cell of fifty: how box logits start (Lin et al. 2017)


@dataclass(frozen=True)
class Target:
    """A question, and how much of the target each answer of the vocabulary has; they sum to 1."""

    question: str
    answers: dict[int, float]
    weight: float  # how likely it is drawn, beside its photograph's others


class QuestionAnswerer(nn.Module):
    """Words read patches in a few blocks, and their mean is classified; it teaches the encoders, then goes."""

    def __init__(self, image_width: int, text_width: int, num_answers: int, settings: EncoderSettings):
        super().__init__()
        width = settings.answerer_width
        self.image = nn.Sequential(nn.Linear(image_width, width), nn.LayerNorm(width))
        self.text = nn.Sequential(nn.Linear(text_width, width), nn.LayerNorm(width))
        self.blocks = nn.ModuleList(WordBlock(width, width // 32, 4, 0.1) for _ in range(settings.answerer_blocks))
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(0.2))
        self.answers = nn.Linear(2 * width, num_answers)

    def forward(
        self, patches: torch.Tensor, words: torch.Tensor, text_mask: torch.Tensor, photo: torch.Tensor
    ) -> torch.Tensor:
        """Patches (N, P, W), words (B, L, W), their mask and each question's photograph (B,) to logits (B, answers)."""
        image, text = self.image(patches), self.text(words)
        for block in self.blocks:
            text, _, _ = block(text, text_mask, [part[photo] for part in block.read_image(image)])
        weight = text_mask[..., None].to(text.dtype)
        return self.answers(self.classify((self.norm(text) * weight).sum(1) / weight.sum(1)))


class EncoderTeacher(nn.Module):
    """Both encoders with the heads that teach them."""

    def __init__(
        self,
        vision: HybridViTModel,
        text: BertModel,
        num_words: int,
        num_answers: int,
        settings: EncoderSettings,
    ):
        super().__init__()
        width = vision.config.hidden_size
        self.vision, self.text = vision, text
        self.words = nn.Linear(width, num_words)
        self.boxes = nn.Linear(width, len(COCO_CLASSES))
        nn.init.constant_(self.boxes.bias, RARE)
        self.answerer = QuestionAnswerer(width, text.config.hidden_size, num_answers, settings)

    def forward(
        self, trunk_map: torch.Tensor, input_ids: torch.Tensor, text_mask: torch.Tensor, photo: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of words (N, words), boxes (N, P, 80) and answers (B, answers)."""
        patches = self.vision(trunk_map=trunk_map).last_hidden_state[:, 1:]
        said = self.text(input_ids, attention_mask=text_mask.long()).last_hidden_state
        return self.words(patches.mean(1)), self.boxes(patches), self.answerer(patches, said, text_mask, photo)


def losses(model: EncoderTeacher, batch: dict, settings: EncoderSettings) -> dict[str, torch.Tensor]:
    """The named terms of the encoders' loss; `"loss"` is their weighted sum."""
    words, boxes, answers = model(batch["trunk_map"], batch["input_ids"], batch["text_mask"], batch["photo"])
    loss_words = -(batch["words"] * F.log_softmax(words, -1)).sum(-1).mean()
    known = batch["box_known"].expand_as(boxes)  # (N, P, 80): of the classes that were boxed at all in this photograph
    loss_boxes = F.binary_cross_entropy_with_logits(boxes, batch["boxes"], reduction="none")
    loss_boxes = (loss_boxes * known).sum() / (known.sum() + 1)
    loss_answers = -(batch["answers"] * F.log_softmax(answers, -1)).sum(-1).mean()
    loss = settings.answer_weight * loss_answers + settings.word_weight * loss_words + settings.box_weight * loss_boxes
    right = batch["answers"].gather(1, answers.argmax(1, keepdim=True)).mean()
    return {"loss": loss, "words": loss_words, "boxes": loss_boxes, "answers": loss_answers, "right": right}


class EncoderData:
    """All that the run reads: photographs' trunk maps, the words and boxes said of each, and its questions."""

    def __init__(self, settings: EncoderSettings, vision: HybridViTModel, tokenizer):
        """Reads the files and makes the cache. Raises `ValueError`."""
        self.settings, self.tokenizer = settings, tokenizer
        files = ((settings.questions, answered_row), (settings.captions, caption_row), (settings.boxes, box_row))
        groups = [read_rows(names, check) for names, check in files]
        cut_splits(*groups)
        questions, captions, boxes = (of_split(rows, "train") for rows in groups)
        labels = [row for row in read_rows(settings.labels, label_row) if row.get("labelled")]
        self.said = words_by_image(questions, captions, boxes)
        for row in labels:
            self.said.setdefault(row["image_id"], set()).update(*map(content_words, row["labels"]))
        self.words = {word: i for i, word in enumerate(frequent_words(self.said, settings.least_word_count))}
        self.boxed = {row["image_id"]: row for row in boxes}
        self.answers, self.targets = question_targets(questions, settings)
        store = ImageStore(settings.images)
        wanted = {i for i in self.said if self.said[i] & self.words.keys()} | self.targets.keys()
        ids = [i for i in store if i in wanted]
        self.trained_on = TrainedOn.of_photographs(store, ids)
        self.trunk = trunk_cache(vision, store, ids, settings.cache)
        self.stream = EpochStream(sorted(ids), settings.photos_per_batch, settings.fit.seed)
        self.grid = grid_size(vision.config)
        self.made_from = {
            "photographs": digest_of("".join(sorted(self.trunk.digests.values())).encode()),
            "rows": digest_of(json.dumps([questions, captions, boxes, labels], sort_keys=True).encode()),
        }

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """The maps (N, c, 2h, 2w) of a step's photographs, B questions about them, and what is true of both."""
        ids, rng = self.stream.batch(step), random.Random(f"{self.settings.fit.seed}/{step}")
        drawn = [(n, t) for n, i in enumerate(ids) for t in self._draw(self.targets.get(i, []), rng)]
        tokens = [torch.tensor(self.tokenizer(t.question).input_ids) for _, t in drawn]
        text_mask = pad_sequence([torch.ones_like(t) for t in tokens], batch_first=True).bool()
        answers = torch.zeros(len(drawn), len(self.answers))
        for row, (_, target) in zip(answers, drawn, strict=True):
            row[list(target.answers)] = torch.tensor(list(target.answers.values()))
        known = torch.zeros(len(ids), 1, len(COCO_CLASSES))
        for row, image_id in zip(known, ids, strict=True):
            classes = self.boxed.get(image_id, {}).get("classes")
            row[0, COCO_CLASSES.index("person") if classes == "person" else slice(None)] = float(classes is not None)
        return {
            "trunk_map": self.trunk[ids],
            "words": torch.stack([self._words(self.said.get(i, set())) for i in ids]),
            "boxes": torch.stack([box_grid(self.boxed.get(i, {}).get("boxes", []), self.grid) for i in ids]),
            "box_known": known,
            "photo": torch.tensor([n for n, _ in drawn]),
            "input_ids": pad_sequence(tokens, batch_first=True),
            "text_mask": text_mask,
            "answers": answers,
        }

    def _draw(self, targets: list[Target], rng: random.Random) -> list[Target]:
        """Questions of one photograph without repetition, the weightier ones more often (Efraimidis, Spirakis 2006)."""
        keyed = sorted(targets, key=lambda target: -(rng.random() ** (1 / target.weight)))
        return keyed[: self.settings.questions_per_photo]

    def _words(self, said: set[str]) -> torch.Tensor:
        target = torch.zeros(len(self.words))
        target[[self.words[word] for word in said if word in self.words]] = 1
        return target / target.sum().clamp(min=1)


def question_targets(rows: Iterable[dict], settings: EncoderSettings) -> tuple[list[str], dict[str, list[Target]]]:
    """The answers given at least `least_answer_count` times, and each photograph's questions that have one.

    Where ten people answered, an answer's share of the target follows the official soft accuracy, min(count / 3, 1).
    """
    rows = [row for row in rows if settings.source_weights.get(row["source"], 1.0)]
    counts = Counter(normalise_vqa(row["answer"]) for row in rows)
    answers = [answer for answer, count in counts.most_common() if count >= settings.least_answer_count and answer]
    number = {answer: i for i, answer in enumerate(answers)}
    targets = defaultdict(list)
    for row in rows:
        said = Counter(normalise_vqa(answer) for answer in row.get("answers") or [row["answer"]])
        soft = {number[a]: min(count / 3, 1.0) if len(said) > 1 else 1.0 for a, count in said.items() if a in number}
        if soft:
            shares = {answer: share / sum(soft.values()) for answer, share in soft.items()}
            weight = settings.source_weights.get(row["source"], 1.0)
            targets[row["image_id"]].append(Target(row["question"], shares, weight))
    return answers, dict(targets)


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


def train_encoder(settings: EncoderSettings, run: Path) -> float:
    """Makes the trunk's cache, tunes both encoders and saves them in `settings.out`, for `AutoModel`.

    The folder `run` gets log and checkpoints. Returns the seconds that the steps took. Raises `ValueError`.
    """
    accelerator = Accelerator()
    if accelerator.num_processes > 1:
        raise ValueError("The encoders are trained in one process: run it without `accelerate launch`.")
    torch.manual_seed(settings.fit.seed)
    vision, text, tokenizer = starting_encoders(settings)
    data = EncoderData(settings, vision, tokenizer)
    made_from = data.made_from | {"vision": fingerprint(vision.stem), "text": fingerprint(text)}
    if settings.vision is None:  # a fresh ViT
        sample = random.Random(settings.fit.seed).sample(data.stream.items, min(600, len(data.stream.items)))
        with torch.no_grad():
            maps = torch.cat([vision.stem.top(data.trunk[[image_id]]) for image_id in sample])
        start_at_principal_components(vision, maps)
    model = EncoderTeacher(vision, text, len(data.words), len(data.answers), settings)
    vision.stem.requires_grad_(False)
    vision.stem.top_layers.requires_grad_(True)
    text.requires_grad_(False)
    text.encoder.layer[len(text.encoder.layer) - settings.text_layers :].requires_grad_(True)
    losses_of = partial(losses, settings=settings)
    seconds = fit(model, data.batch, losses_of, settings.fit, run, "encoders", accelerator, made_from)
    save_encoders(vision, text, tokenizer, data.trained_on, Path(settings.out))
    record = {
        "settings": dataclasses.asdict(settings),
        "made_from": made_from,
        "examples": {"photographs": len(data.stream.items), "questions": sum(map(len, data.targets.values()))},
        "words": len(data.words),
        "answers": len(data.answers),
        "seconds": round(seconds),
        "trained_on": f"{torch.get_num_threads()} CPU thread(s)" if not torch.cuda.is_available() else "GPU",
        "torch": torch.__version__,
    }
    write_json(Path(settings.out) / "train.json", record)
    return seconds


def starting_encoders(settings: EncoderSettings) -> tuple[HybridViTModel, BertModel, PreTrainedTokenizerBase]:
    """The encoders that are tuned: as two packages carry them, with a fresh ViT, or those that `settings` names."""
    if settings.vision is None:
        vision = HybridViTModel(HybridViTConfig(image_size=settings.image_size)).eval()
        load_efficientnet_lite(vision.stem, efficientnet_lite2_checkpoint())
    else:
        vision = load_encoder(settings.vision, settings.image_size)
    source = settings.text or minilm_directory()
    return vision, load_encoder(source), AutoTokenizer.from_pretrained(source)


def save_encoders(
    vision: HybridViTModel, text: BertModel, tokenizer: PreTrainedTokenizerBase, trained_on: TrainedOn, out: Path
) -> None:
    """Saves both encoders in half precision, each with its preprocessing, what it was trained on, and checksums."""
    for name, encoder, processor in (
        ("vision", vision, image_processor_for(vision.config)),
        ("text", text, tokenizer),
    ):
        encoder.half().save_pretrained(out / name)
        encoder.float()
        processor.save_pretrained(out / name)
        trained_on.write(out / name)
        write_sums(out / name)
