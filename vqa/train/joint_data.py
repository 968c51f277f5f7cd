"""All that a joint run reads, as batches of the frozen encoders' states, and the heads that it trains."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from vqa.data.images import ImageStore
from vqa.data.labels import box_grid
from vqa.data.rows import (
    answered_row,
    box_row,
    caption_row,
    cut_splits,
    label_row,
    of_split,
    read_rows,
    with_photographs,
)
from vqa.data.trained_on import TrainedOn
from vqa.model.checkpoint import from_encoders, load_encoder, load_heads
from vqa.model.model import VQAModel
from vqa.processing.processor import VQAProcessor, train_answer_pieces
from vqa.processing.text import clean_caption
from vqa.train.examples import Example, asked, balanced, captioned
from vqa.train.features import PhotoFeatures, TextStates, vit_cache
from vqa.train.makers.sources import made_questions
from vqa.train.sampling import uniform
from vqa.train.settings import JointSettings

logger = logging.getLogger(__name__)


@dataclass
class JointData:
    """All that a joint run reads, with features of both encoders at hand."""

    settings: JointSettings
    model: VQAModel
    processor: VQAProcessor
    sources: dict[str, list[Example]]
    captions: list[Example]
    caption_rows: dict[str, list[dict]]  # by split
    val: list[dict]
    images: PhotoFeatures
    texts: TextStates
    boxes: dict[str, list]  # of training photographs, all there are of a class
    trained_on: TrainedOn
    seconds: float = 0.0  # that training took
    val_right: int | None = None  # how many of the val questions are answered rightly after it, where measured
    _answers: dict[str, list[int]] = field(default_factory=dict)

    def answer_ids(self, answer: str) -> list[int]:
        if answer not in self._answers:
            self._answers[answer] = self.processor.encode_answer(answer)[: self.model.config.max_answer_pieces]
        return self._answers[answer]

    def with_share(self, share: float, seed: int) -> "JointData":
        """The same data with the questions about a share of the photographs that the batches' sources ask about.

        Whole photographs are drawn, one at least, and a smaller share of the same seed is part of a larger one. All
        captions stay.
        """
        names = self.settings.questions_per_batch or self.sources
        asked_about = sorted({e.image_id for name in names for e in self.sources.get(name, ())})
        random.Random(f"share/{seed}").shuffle(asked_about)
        drawn = set(asked_about[: max(1, round(share * len(asked_about)))])
        sources = {name: [e for e in own if e.image_id in drawn] for name, own in self.sources.items()}
        return replace(self, sources=sources)

    def collate(
        self, examples: Sequence[Example], rng: random.Random, question_only_prob: float
    ) -> tuple[dict, torch.Tensor]:
        """States, mask and pieces of a batch, and which patches show what is asked about, (B, P).

        A photograph is the mean image with `question_only_prob`, and lacks up to half of its patches with
        `patch_drop_prob`, so that photographs with hidden patches, by which maps are tested, are nothing new.
        """
        image_states = self.images[[e.image_id for e in examples]]
        hidden = [rng.uniform(0, 0.5) if rng.random() < self.settings.patch_drop_prob else 0.0 for _ in examples]
        hidden = torch.tensor([1.0 if rng.random() < question_only_prob else share for share in hidden])
        hidden = uniform(image_states.shape[:2], rng) < hidden[:, None]
        image_states[hidden] = self.model.heads.mean_image_state.cpu()
        shown = torch.stack([self.patches_asked_about(example) for example in examples]) & ~hidden
        text_states, text_mask = self.texts[[e.question for e in examples]]
        answers = self.processor.pad_answers([self.answer_ids(rng.choice(e.answers)) for e in examples])
        inputs = {
            "image_states": image_states,
            "text_states": text_states,
            "text_mask": text_mask,
            "answer_ids": answers,
        }
        return inputs, shown

    def patches_asked_about(self, example: Example) -> torch.Tensor:
        """(P,) bool: the patches in a box of what is asked about; none where no such box is known."""
        boxes = [box for box in self.boxes.get(example.image_id, ()) if box[0] == example.about]
        return box_grid(boxes, self.model.grid_size).any(1)


def prepare(settings: JointSettings, variant: str, splits: Sequence[str] = ("train", "val")) -> JointData:
    """Reads the data, trains the answers' vocabulary and makes or opens the caches. Raises `ValueError`.

    Of photographs only those are looked at that rows of these `splits` are about.
    """
    rows, caption_rows, boxes, store = read_data(settings)
    boxes = of_split(boxes, "train")
    questions, train_captions = of_split(rows, "train"), of_split(caption_rows, "train")
    seed = settings.fit.seed
    torch.manual_seed(seed)

    sources = {name: balanced(s, seed) for name, s in asked(questions).items()}
    trained_on = {row["image_id"] for row in (*questions, *train_captions, *boxes)}
    labels = [row for row in read_rows(settings.labels, label_row) if row["image_id"] in trained_on]
    sources |= made_questions(questions, train_captions, boxes, labels, seed)
    captions = captioned(train_captions)
    answers = [e.answers[i % len(e.answers)] for s in sources.values() for i, e in enumerate(s)]
    if settings.start:
        pieces = (settings.start_folder(variant) / VQAProcessor.ANSWERS_FILE).read_bytes()
    else:
        pieces = train_answer_pieces([*answers, *(e.answers[0] for e in captions)], settings.answer_pieces)
    processor = VQAProcessor.from_parts(settings.vision, settings.text, pieces, settings.seen_at(variant))
    model = new_model(settings, variant, processor.answer_vocab_size)
    _warn_of_long_answers(set(answers), processor, model.config.max_answer_pieces)

    val = of_split(rows, "val")
    by_split = {"train": train_captions, "val": of_split(caption_rows, "val")}
    asked_texts = [e.question for s in [*sources.values(), captions] for e in s] + [row["question"] for row in val]
    said = [clean_caption(c) for part in by_split.values() for row in part for c in row["captions"]]
    texts = TextStates(model, processor, asked_texts + said, Path(settings.cache) / "text")
    needed = trained_on | {row["image_id"] for row in (*rows, *caption_rows) if row["split"] in splits}
    in_order = [image_id for image_id in store if image_id in needed]
    images = vit_cache(model, processor, store, in_order, settings.cache)
    whole = {row["image_id"]: [b for b in row["boxes"] if row["classes"] in ("all", b[0])] for row in boxes}
    known = TrainedOn.of_photographs(store, (i for i in in_order if i in trained_on)) | earlier(settings, variant)
    return JointData(settings, model, processor, sources, captions, by_split, val, images, texts, whole, known)


def _warn_of_long_answers(answers: set[str], processor: VQAProcessor, most: int) -> None:
    long = sorted(answer for answer in answers if len(processor.encode_answer(answer)) > most)
    if long:
        logger.warning(
            "%d answers have more than %d pieces and are learned without their end, for instance %r.",
            len(long),
            most,
            long[0],
        )


def read_data(settings: JointSettings) -> tuple[list[dict], list[dict], list[dict], ImageStore]:
    """Rows of questions, captions and boxes, each with its split and its photograph, and the photographs.

    Raises `ValueError` where nothing is asked about a photograph that is there.
    """
    rows = read_rows(settings.questions, answered_row)
    captions = read_rows(settings.captions, caption_row)
    boxes = read_rows(settings.boxes, box_row)
    cut_splits(rows, captions, boxes)
    store = ImageStore(settings.images)
    if not any(row["image_id"] in store for row in rows):
        names = f": they ask about {rows[0]['image_id']!r}, and there is {next(iter(store))!r}" if rows else ""
        raise ValueError(f"None of the {len(rows)} questions is about one of the {len(store)} images{names}.")
    kinds = (rows, "questions"), (captions, "photographs with captions"), (boxes, "photographs with boxes")
    return *(with_photographs(group, store, kind) for group, kind in kinds), store


def earlier(settings: JointSettings, variant: str) -> TrainedOn:
    """What the encoders, and the heads that are trained on, were trained on before."""
    heads = [settings.start_folder(variant)] if settings.start else []
    return TrainedOn.read(settings.vision, settings.text, *heads)


def own_captions(rows: list[dict]) -> dict[str, list[str]]:
    """The clean captions of each photograph."""
    return {row["image_id"]: [clean_caption(caption) for caption in row["captions"]] for row in rows}


def new_model(settings: JointSettings, variant: str, answer_vocab_size: int) -> VQAModel:
    """Fresh heads, or those to start from, over the pretrained encoders. Raises `ValueError` where they do not fit."""
    image_size = settings.seen_at(variant)
    if settings.start:
        encoders = load_encoder(settings.vision, image_size), load_encoder(settings.text)
        changes = settings.model | {"vision_config": encoders[0].config}
        try:
            model = load_heads(settings.start_folder(variant), *encoders, **changes)
        except ValueError as error:
            hint = "If `vision` or `text` is another encoder, leave `start` out: fresh heads are then trained over it."
            raise ValueError(f"The heads in `start` cannot be trained further. {error} {hint}") from error
    else:
        model = from_encoders(
            settings.vision,
            settings.text,
            image_size,
            variant=variant,
            answer_vocab_size=answer_vocab_size,
            **settings.model,
        )
    model.freeze()
    return model
