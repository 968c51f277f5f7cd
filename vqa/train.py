"""`python -m vqa train`: from files of photographs, questions and captions to a checkpoint that the app serves."""

import argparse
import dataclasses
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs

from vqa.alignment import pool
from vqa.calibrate import fit_temperature, sure_threshold
from vqa.configuration import VQAConfig
from vqa.data.augment import MIRRORED, View
from vqa.data.caption_questions import from_captions
from vqa.data.examples import (
    Example,
    asked,
    balanced,
    boxed,
    captioned,
    clean_answer,
    clean_caption,
    counted,
    existing,
    matching,
    mirrored_text,
    verified,
)
from vqa.data.features import ImageStates, TextStates, drawn_patches, vit_cache
from vqa.data.images import ImageStore
from vqa.data.labels import box_grid, words_by_image
from vqa.data.relations import turned
from vqa.data.rows import answered_row, box_row, caption_row, read_rows, settle_splits, split_rows
from vqa.data.sampling import EpochStream, uniform
from vqa.fit import FitSettings, fit
from vqa.integrity import write_sums
from vqa.losses import attention_loss, joint_loss, task_loss
from vqa.modeling import ENCODERS, VQAModel, VQAOutput, load_encoder
from vqa.predictor import SPACE_FILE, VQAPredictor
from vqa.processing import PAD, VQAProcessor, train_answer_pieces
from vqa.train_alignment import CaptionPairs, alignment_loss, embed_images, embed_texts
from vqa.train_encoder import EncoderSettings, train_encoder

logger = logging.getLogger(__name__)
MATCHING = "caption-match"  # the source that needs mined captions
BATCH_SIZE = 32  # of questions, where `shares` does not say it
OVERRIDES = {  # what of a configuration can be said on the command line
    "images": "folders, Parquet files or saved datasets",
    "questions": "JSONL, VQA v2's pair of JSON files, or saved datasets",
    "captions": "JSONL or saved datasets",
    "out": "where the trained weights go",
}


@dataclass(frozen=True, kw_only=True)
class JointSettings:
    """The file `configs/joint.json`, or one of your own, for which `configs/own.json` is enough.

    `shares` is how many examples of each source a batch holds; empty, all sources share it as they share the data.
    `start` is a folder of weights whose heads of the same features, with their answers' vocabulary, are trained on, in
    place of fresh ones as `model` and `answer_pieces` describe them, and `model` then changes what has no weights, like
    dropout; with `average_with`, further such folders, it is the mean of all their heads (model soups, Wortsman et al.
    2022). `attention_weight` is μ of `vqa.losses`: how much it counts that attention falls on the boxes of what is
    asked about. A step trains on random patches of each photograph, a share `kept_patches` of them, which takes less
    time (FLIP, Li et al. 2023), and on a share `kept_words` of what follows a question's first token. `image_size` is
    how many pixels a side photographs are seen at, if not as many as before: by the heads that it starts from, or else
    by the image encoder.
    """

    images: list[str]
    questions: list[str]
    captions: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    vision: str
    text: str
    image_size: int | None = None
    start: str | None = None
    average_with: list[str] = field(default_factory=list)
    cache: str
    out: str
    model: dict = field(default_factory=dict)
    answer_pieces: int = 4000
    shares: dict[str, int] = field(default_factory=dict)
    caption_share: int = 8
    align: dict = field(default_factory=lambda: {"steps": 0, "learning_rate": 1e-3})
    align_batch: int = 256
    align_weight: float = 0.2
    attention_weight: float = 0.0
    pair_share: int = 16
    hard_negatives: int = 2
    mine_every: int = 300
    blind_share: float = 0.08
    patchy_share: float = 0.5
    kept_patches: float = 1.0
    kept_words: float = 1.0
    label_smoothing: float = 0.05
    fit: dict

    def start_folders(self, features: str) -> list[Path]:
        return [Path(folder) / features for folder in (self.start, *self.average_with)]

    def seen_at(self, features: str) -> int | None:
        """Pixels a side, None for as many as the image encoder was trained at."""
        if self.image_size is not None or not self.start:
            return self.image_size
        return VQAConfig.from_pretrained(self.start_folders(features)[0]).vision_config.image_size


def load_settings(path: str | Path, **changes):
    """The settings of a configuration file, with `changes`. Raises `ValueError` for a key missing or unknown."""
    fields = json.loads(Path(path).read_text()) | changes
    kinds = {"encoder": EncoderSettings, "joint": JointSettings}
    stage = fields.pop("stage", None)
    if stage not in kinds:
        raise ValueError(f'{path}: "stage" is one of {", ".join(kinds)}, not {stage!r}.')
    try:
        for schedule in {"fit", "align", "heads"} & fields.keys():
            FitSettings(**fields[schedule])
        return kinds[stage](**fields)
    except TypeError as error:
        raise ValueError(f"{path}: {str(error).split('__init__() ')[-1]}.") from error


@dataclass
class JointData:
    """All that a joint run reads, with features of both encoders at hand."""

    settings: JointSettings
    model: VQAModel
    processor: VQAProcessor
    sources: dict[str, list[Example]]
    statements: list[Example]  # captions, true or false of a photograph
    captions: list[Example]
    caption_rows: dict[str, list[dict]]  # by split
    val: list[dict]
    images: ImageStates
    texts: TextStates
    boxes: dict[str, list]  # of training photographs, all there are of a class
    seconds: float = 0.0  # that training took
    _answers: dict[str, list[int]] = field(default_factory=dict)

    def answer_ids(self, answer: str) -> list[int]:
        if answer not in self._answers:
            self._answers[answer] = self.processor.encode_answer(answer)[: self.model.config.max_answer_pieces]
        return self._answers[answer]

    def collate(self, examples: Sequence[Example], rng: random.Random, blind_share: float) -> tuple[dict, torch.Tensor]:
        """States, mask, pieces and patches' places of a batch, and which patches show what is asked about, (B, P).

        A `blind_share` of the photographs is the mean image. A `patchy_share` of them lacks up to half of its patches,
        so that photographs with hidden patches, by which maps are tested, are nothing new to the model.
        """
        mirrored = [e.mirrored for e in examples]
        image_states, views = self.images.drawn_states(
            [e.image_id for e in examples], [e is not None for e in mirrored], rng
        )
        examples = [other if view[MIRRORED] else e for e, other, view in zip(examples, mirrored, views, strict=True)]
        hidden = [rng.uniform(0, 0.5) if rng.random() < self.settings.patchy_share else 0.0 for _ in examples]
        hidden = torch.tensor([1.0 if rng.random() < blind_share else share for share in hidden])
        hidden = uniform(image_states.shape[:2], rng) < hidden[:, None]
        image_states[hidden] = self.model.mean_image_state.cpu()
        shown = torch.stack([self.patches_asked_about(*pair) for pair in zip(examples, views, strict=True)]) & ~hidden
        image_states, places = drawn_patches(image_states, self.settings.kept_patches, rng)
        text_states, text_mask = self.texts[[e.question for e in examples]]
        text_mask[:, 1:] &= uniform(text_mask.shape, rng)[:, 1:] < self.settings.kept_words
        answers = self.processor.pad_answers([self.answer_ids(rng.choice(e.answers)) for e in examples])
        inputs = {
            "image_states": image_states,
            "text_states": text_states,
            "text_mask": text_mask,
            "answer_ids": answers,
            "places": places,
        }
        return inputs, shown.gather(1, places)

    def patches_asked_about(self, example: Example, view: View) -> torch.Tensor:
        """(P,) bool: the patches of a view in a box of what is asked about; none where no such box is known."""
        boxes = [box for box in self.boxes.get(example.image_id, ()) if box[0] == example.about]
        return box_grid(boxes, view, self.model.grid_size).any(1)


def prepare(settings: JointSettings, features: str) -> JointData:
    """Reads the data, trains the answers' vocabulary and makes or opens the caches. Raises `ValueError`."""
    rows = read_rows(settings.questions, answered_row)
    caption_rows = read_rows(settings.captions, caption_row)
    boxes = read_rows(settings.boxes, box_row)
    settle_splits(rows, caption_rows, boxes)
    boxes = split_rows(boxes, "train")
    questions, train_captions = split_rows(rows, "train"), split_rows(caption_rows, "train")
    seed = settings.fit.get("seed", 0)
    torch.manual_seed(seed)

    store = ImageStore(settings.images)
    if not any(row["image_id"] in store for row in rows):
        names = f": they ask about {rows[0]['image_id']!r}, and there is {next(iter(store))!r}" if rows else ""
        raise ValueError(f"None of the {len(rows)} questions is about one of the {len(store)} images{names}.")
    sources = {name: balanced(s, seed) for name, s in asked(questions).items()}
    words = words_by_image(questions, train_captions, boxes)
    sources["existence"] = existing(train_captions, boxes, questions, words, seed)
    sources["verified"] = verified(questions, words, seed)
    sources["from-captions"] = from_captions(train_captions, questions, seed)
    sources["turned"] = turned(questions)
    sources["boxed"] = boxed(boxes, seed)
    sources["count"] = counted(boxes)
    captions = captioned(train_captions)
    answers = [e.answers[i % len(e.answers)] for s in sources.values() for i, e in enumerate(s)]
    if settings.start:
        pieces, *others = [
            (folder / VQAProcessor.ANSWERS_FILE).read_bytes() for folder in settings.start_folders(features)
        ]
        if any(other != pieces for other in others):
            raise ValueError("The heads to average do not share their answers' vocabulary.")
    else:
        pieces = train_answer_pieces([*answers, *(e.answers[0] for e in captions)], settings.answer_pieces)
    processor = VQAProcessor.from_parts(settings.vision, settings.text, pieces, settings.seen_at(features))
    model = new_model(settings, features, processor.answer_vocab_size)

    val = [row for row in split_rows(rows, "val") if row["image_id"] in store]
    by_split = {
        "train": [row for row in train_captions if row["image_id"] in store],
        "val": [row for row in split_rows(caption_rows, "val") if row["image_id"] in store],
    }
    statements = [clean_caption(c) for part in by_split.values() for row in part for c in row["captions"]]
    asked_texts = [e.question for s in [*sources.values(), captions] for e in s] + [row["question"] for row in val]
    asked_texts += statements
    asked_texts += [other for text in set(asked_texts) if (other := mirrored_text(text))]
    texts = TextStates(model, processor, asked_texts, Path(settings.cache) / "text")
    trained_on = [i for i in store if i in words]
    images = ImageStates(
        vit_cache(model, processor, store, "plain", list(store), settings.cache),
        vit_cache(model, processor, store, "crop", trained_on, settings.cache) if trained_on else None,
    )
    sources = {name: [e for e in s if e.image_id in images] for name, s in sources.items()}
    captions = [e for e in captions if e.image_id in images]
    statements = matching(by_split["train"], nearest_captions(own_captions(by_split["train"]), texts), seed)
    whole = {row["image_id"]: [b for b in row["boxes"] if row["classes"] in ("all", b[0])] for row in boxes}
    return JointData(settings, model, processor, sources, statements, captions, by_split, val, images, texts, whole)


def own_captions(rows: list[dict]) -> dict[str, list[str]]:
    """The clean captions of each photograph."""
    return {row["image_id"]: [clean_caption(caption) for caption in row["captions"]] for row in rows}


def new_model(settings: JointSettings, features: str, answer_vocab_size: int) -> VQAModel:
    """Fresh heads, or those to start from, over the pretrained encoders. Raises `ValueError` where they do not fit."""
    image_size = settings.seen_at(features)
    if settings.start:
        encoders = load_encoder(settings.vision, image_size), load_encoder(settings.text)
        changes = settings.model | {"vision_config": encoders[0].config}
        heads = [VQAModel.from_heads(f, *encoders, **changes) for f in settings.start_folders(features)]
        model = mean_of(heads)
    else:
        model = VQAModel.from_encoders(
            settings.vision,
            settings.text,
            image_size,
            features=features,
            answer_vocab_size=answer_vocab_size,
            **settings.model,
        )
    model.freeze()
    return model


def mean_of(models: list[VQAModel]) -> VQAModel:
    """The first of models that share their encoders, with the mean of all heads. Raises `ValueError` for others."""
    heads = [{k: v for k, v in m.named_parameters() if not k.startswith(ENCODERS)} for m in models]
    first, *others = [{name: weight.shape for name, weight in h.items()} for h in heads]
    if any(other != first for other in others):
        raise ValueError("The heads to average are not of one shape.")
    with torch.no_grad():
        for name, mean in heads[0].items():
            mean.copy_(torch.stack([h[name] for h in heads]).mean(0))
    return models[0]


def start_from_states(data: JointData) -> None:
    """Fixes what "no photograph" is, and starts fresh projections at the principal axes of their encoder's states."""
    rng = random.Random(data.settings.fit.get("seed", 0))
    ids = sorted({e.image_id for s in data.sources.values() for e in s} | {e.image_id for e in data.captions})
    states = data.images.plain_states(rng.sample(ids, min(1500, len(ids)))).flatten(0, 1)
    data.model.mean_image_state.copy_(states.mean(0))
    if data.settings.start:
        return
    data.model.aligner.image.start_at_principal_axes(states)
    questions = sorted({e.question for s in data.sources.values() for e in s})
    states, mask = data.texts[rng.sample(questions, min(4000, len(questions)))]
    data.model.aligner.text.start_at_principal_axes(states[mask])


def streams_of(sources: dict[str, list[Example]], shares: dict[str, int], seed: int) -> list[EpochStream[Example]]:
    """A stream of examples for each source that has a share of the batch; sources without examples are left out.

    Raises `ValueError` for a share of a source that there is not, and where there is nothing to train on.
    """
    total = sum(map(len, sources.values()))
    shares = shares or {name: max(1, round(BATCH_SIZE * len(s) / total)) for name, s in sources.items() if s}
    unknown = [name for name in shares if name not in sources]
    if unknown:
        raise ValueError(f"The data has no source {unknown[0]!r} to give a share to, only {', '.join(sources)}.")
    for name, examples in sources.items():
        if name in shares and not examples:
            logger.warning("%s has a share of the batch and no examples: it is left out.", name)
        elif examples and not shares.get(name):
            logger.warning("%s has %d examples and no share of the batch: it is left out.", name, len(examples))
    streams = [EpochStream(sources[name], share, seed) for name, share in shares.items() if share and sources[name]]
    if not streams:
        raise ValueError("There is nothing to train on: no question has a photograph, a training split and a share.")
    return streams


def train_joint(settings: JointSettings, features: str, question_only: bool, run: Path) -> JointData:
    """Prepares the data, trains the heads (`train_heads`) and calibrates them.

    Of several processes the main one makes the caches, and is the only one to calibrate.
    """
    with Accelerator().main_process_first():
        data = prepare(settings, features)
    train_heads(data, question_only, run)
    if not question_only and Accelerator().is_main_process:
        calibrate(data)
    return data


def train_heads(data: JointData, question_only: bool, run: Path) -> None:
    """The two stages: projections on captions (aligned only), then every task together.

    `question_only` replaces every photograph by the mean image, to see how far the questions alone lead.
    """
    settings, model = data.settings, data.model
    seed = settings.fit.get("seed", 0)
    torch.manual_seed(seed)
    sources = data.sources | {MATCHING: data.statements}
    streams = {"questions": streams_of(sources, settings.shares, seed)}
    if data.captions and settings.caption_share:
        streams["captions"] = [EpochStream(data.captions, settings.caption_share, seed)]
    start_from_states(data)
    caption_texts = own_captions(data.caption_rows["train"])
    pairs = None
    contrastive = model.config.features == "aligned" and settings.align_weight > 0 and not question_only
    if contrastive and not caption_texts:
        logger.warning("There are no captions to align photographs with: the answers alone train the projections.")
    elif contrastive:
        pairs_of = partial(
            CaptionPairs,
            caption_texts,
            data.images,
            data.texts,
            hard_negatives=settings.hard_negatives,
            mine_every=settings.mine_every,
            seed=seed,
            kept_patches=settings.kept_patches,
        )
        pairs = pairs_of(batch_size=settings.align_batch)
        data.seconds += fit(
            model.aligner,
            lambda step: pairs.batch(step, model),
            lambda _, batch: {"loss": alignment_loss(model, batch)},
            FitSettings(**settings.align),
            run / "align",
            "alignment",
            keeping(pairs),
        )
        pairs = pairs_of(batch_size=settings.pair_share)
    sizes = {name: sum(stream.batch_size for stream in group) for name, group in streams.items()}
    blind_share = 1.0 if question_only else settings.blind_share

    def batch_of(step: int) -> dict:
        rng = random.Random(f"{seed}/{step}")
        blind = {"questions": blind_share, "captions": 1.0 if question_only else 0.0}
        batch = {
            name: data.collate([example for stream in group for example in stream.batch(step)], rng, blind[name])
            for name, group in streams.items()
        }
        if pairs is not None:
            batch["pairs"] = pairs.batch(step, model)
        return batch

    def losses_of(model: VQAModel, batch: dict) -> dict[str, torch.Tensor]:
        terms, others = {}, {}
        for name in sizes:
            inputs, shown = batch[name]
            output = model(**inputs)
            terms[name] = task_loss(output.logits, inputs["answer_ids"], PAD, settings.label_smoothing)
            if name == "questions" and settings.attention_weight:
                others["attention"] = settings.attention_weight, attention_loss(readings(output, inputs), shown)
        task = sum(size * terms[name] for name, size in sizes.items()) / sum(sizes.values())
        if "pairs" in batch:
            others["align"] = settings.align_weight, alignment_loss(model, batch["pairs"])
        return joint_loss(task, others) | terms

    model.vision_encoder, model.text_encoder, encoders = (
        torch.nn.Identity(),
        torch.nn.Identity(),
        (model.vision_encoder, model.text_encoder),
    )  # their states are cached: keep them out of checkpoints and averages
    schedule, accelerator = FitSettings(**settings.fit), keeping(pairs)
    data.seconds += fit(model, batch_of, losses_of, schedule, run / "joint", model.config.features, accelerator)
    model.vision_encoder, model.text_encoder = encoders


def keeping(pairs: CaptionPairs | None) -> Accelerator:
    """An accelerator whose checkpoints keep the wrong captions that were mined."""
    accelerator = Accelerator()
    if pairs is not None:
        accelerator.register_for_checkpointing(pairs)
    return accelerator


def readings(output: VQAOutput, inputs: dict) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """What words read of the patches in each block, and pieces of the answer in each layer, for `attention_loss`."""
    patches = output.fused_image.shape[1]
    said = inputs["answer_ids"][:, 1:] != PAD
    return [(weights, inputs["text_mask"]) for weights in output.attn_text_to_image] + [
        (weights[:, :, :-1, :patches], said) for weights in output.attn_answer
    ]


def nearest_captions(captions: dict[str, list[str]], texts: TextStates, first: int = 5, last: int = 25) -> dict:
    """For each photograph, other photographs' captions that read most like its own first one.

    By the frozen text encoder alone, so that aligned and unaligned models get the same; the very nearest are left
    out, being true too often.
    """
    if not captions:
        return {}
    owners = [(image_id, caption) for image_id, own in captions.items() for caption in own]
    embeds = []
    for start in range(0, len(owners), 512):
        states, mask = texts[[caption for _, caption in owners[start : start + 512]]]
        embeds.append(pool(states, mask))
    embeds = torch.cat(embeds)
    place = {image_id: i for i, (image_id, _) in reversed(list(enumerate(owners)))}
    nearest = {}
    for image_id, own in captions.items():
        ranked = (embeds @ embeds[place[image_id]]).topk(min(last + len(own), len(owners))).indices.tolist()
        others = [owners[i][1] for i in ranked if owners[i][0] != image_id]
        nearest[image_id] = others[first:last] or others
    return nearest


@torch.inference_mode()
def calibrate(data: JointData) -> None:
    """Fits the temperature and the threshold of "sure" on the val questions, where there are any."""
    if not data.val:
        logger.warning("No question is held out as val: the probabilities of answers are not calibrated.")
        return
    model = data.model.eval()
    model.config.temperature = 1.0
    answers, _, correct = answer_val(data)
    ids = data.processor.pad_answers([data.answer_ids(answer) for answer in answers])
    logits = []
    for start in range(0, len(data.val), 128):
        rows = data.val[start : start + 128]
        image_states = data.images.plain_states([row["image_id"] for row in rows])
        texts = data.texts[[row["question"] for row in rows]]
        logits.append(model(image_states, *texts, ids[start : start + 128]).logits)
    model.config.temperature = fit_temperature(torch.cat(logits), ids, torch.tensor(correct), PAD)
    _, confidences, correct = answer_val(data)
    model.config.sure_threshold = round(sure_threshold(confidences, correct), 4)
    logger.info(
        "val: %.1f %% of %d right, temperature %.3f, sure from %.3f on",
        100 * np.mean(correct),
        len(correct),
        model.config.temperature,
        model.config.sure_threshold,
    )


def answer_val(data: JointData) -> tuple[list[str], list[float], list[bool]]:
    """The answer to each val question, how probable it is said to be, and whether it is right."""
    features = data.model.config.features
    predictor = VQAPredictor({features: data.model}, {features: data.processor})
    found = []
    for start in range(0, len(data.val), 128):
        rows = data.val[start : start + 128]
        states = data.images.plain_states([row["image_id"] for row in rows])
        found += predictor.answer_states(states, [row["question"] for row in rows], features, top_k=1)
    correct = [one.answer == clean_answer(row["answer"]) for one, row in zip(found, data.val, strict=True)]
    return [one.answer for one in found], [one.confidence for one in found], correct


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
