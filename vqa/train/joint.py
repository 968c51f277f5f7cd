"""Training the heads: projections on captions (aligned only), then every task together."""

import logging
import random
from functools import partial
from pathlib import Path

import torch
from accelerate import Accelerator

from vqa.model.heads import VQAHeads, VQAOutput
from vqa.processing.processor import PAD
from vqa.train.calibration import calibrate
from vqa.train.contrastive import CaptionPairs, alignment_loss
from vqa.train.examples import Example
from vqa.train.joint_data import JointData, own_captions, prepare
from vqa.train.loop import fit
from vqa.train.losses import attention_loss, joint_loss, task_loss
from vqa.train.sampling import EpochStream
from vqa.train.settings import JointSettings

logger = logging.getLogger(__name__)
BATCH_SIZE = 32  # of questions, where `questions_per_batch` does not say it


def train_joint(
    settings: JointSettings, variant: str, question_only: bool, run: Path, made_from: dict[str, str] | None = None
) -> JointData:
    """Prepares the data, trains the heads (`train_heads`) and calibrates them.

    `made_from` are the fingerprints of what the run is made from: an interrupted run of others is refused.

    Of several processes the main one makes the caches, and is the only one to calibrate.
    """
    with Accelerator().main_process_first():
        data = prepare(settings, variant)
    train_heads(data, question_only, run, made_from)
    if not question_only and Accelerator().is_main_process:
        calibrate(data)
    return data


def train_heads(data: JointData, question_only: bool, run: Path, made_from: dict[str, str] | None = None) -> None:
    """The two stages: projections on captions (aligned only), then every task together.

    `question_only` replaces every photograph by the mean image, to see how far the questions alone lead.
    """
    settings, heads = data.settings, data.model.heads
    seed = settings.fit.seed
    torch.manual_seed(seed)
    streams = {"questions": streams_of(data.sources, settings.questions_per_batch, seed)}
    if data.captions and settings.captions_per_batch:
        streams["captions"] = [EpochStream(data.captions, settings.captions_per_batch, seed)]
    start_from_states(data)
    caption_texts = own_captions(data.caption_rows["train"])
    pairs = None
    contrastive = heads.config.variant == "aligned" and settings.align_weight > 0 and not question_only
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
        )
        pairs = pairs_of(batch_size=settings.align_batch)
        data.seconds += fit(
            heads.aligner,
            lambda step: pairs.batch(step, heads.aligner),
            lambda aligner, batch: {"loss": alignment_loss(aligner, batch)},
            settings.align,
            run / "align",
            "alignment",
            keeping(pairs),
            made_from,
        )
        pairs = pairs_of(batch_size=settings.pairs_per_batch)
    sizes = {name: sum(stream.batch_size for stream in group) for name, group in streams.items()}
    question_only_prob = 1.0 if question_only else settings.question_only_prob

    def batch_of(step: int) -> dict:
        rng = random.Random(f"{seed}/{step}")
        prob = {"questions": question_only_prob, "captions": 1.0 if question_only else 0.0}
        batch = {
            name: data.collate([example for stream in group for example in stream.batch(step)], rng, prob[name])
            for name, group in streams.items()
        }
        if pairs is not None:
            batch["pairs"] = pairs.batch(step, heads.aligner)
        return batch

    def losses_of(heads: VQAHeads, batch: dict) -> dict[str, torch.Tensor]:
        terms, others = {}, {}
        for name in sizes:
            inputs, shown = batch[name]
            output = heads(**inputs)
            terms[name] = task_loss(output.logits, inputs["answer_ids"], PAD, settings.label_smoothing)
            if name == "questions" and settings.attention_weight:
                others["attention"] = settings.attention_weight, attention_loss(attention_rows(output, inputs), shown)
        task = sum(size * terms[name] for name, size in sizes.items()) / sum(sizes.values())
        if "pairs" in batch:
            others["align"] = settings.align_weight, alignment_loss(heads.aligner, batch["pairs"])
        return joint_loss(task, others) | terms

    data.seconds += fit(
        heads, batch_of, losses_of, settings.fit, run / "joint", heads.config.variant, keeping(pairs), made_from
    )


def start_from_states(data: JointData) -> None:
    """Fixes what "no photograph" is, and starts fresh projections at the principal axes of their encoder's states."""
    rng = random.Random(data.settings.fit.seed)
    ids = sorted({e.image_id for s in data.sources.values() for e in s} | {e.image_id for e in data.captions})
    states = data.images[rng.sample(ids, min(1500, len(ids)))].flatten(0, 1)
    data.model.heads.mean_image_state.copy_(states.mean(0))
    if data.settings.start:
        return
    data.model.heads.aligner.image.start_at_principal_axes(states)
    questions = sorted({e.question for s in data.sources.values() for e in s})
    states, mask = data.texts[rng.sample(questions, min(4000, len(questions)))]
    data.model.heads.aligner.text.start_at_principal_axes(states[mask])


def streams_of(
    sources: dict[str, list[Example]], questions_per_batch: dict[str, int], seed: int
) -> list[EpochStream[Example]]:
    """A stream of examples for each source that has a share of the batch; sources without examples are left out.

    Raises `ValueError` for a share of a source that there is not, and where there is nothing to train on.
    """
    total = sum(map(len, sources.values()))
    questions_per_batch = questions_per_batch or {
        name: max(1, round(BATCH_SIZE * len(s) / total)) for name, s in sources.items() if s
    }
    unknown = [name for name in questions_per_batch if name not in sources]
    if unknown:
        raise ValueError(f"The data has no source {unknown[0]!r} to give a share to, only {', '.join(sources)}.")
    for name, examples in sources.items():
        if name in questions_per_batch and not examples:
            logger.warning("%s has a share of the batch and no examples: it is left out.", name)
        elif examples and not questions_per_batch.get(name):
            logger.warning("%s has %d examples and no share of the batch: it is left out.", name, len(examples))
    streams = [
        EpochStream(sources[name], share, seed)
        for name, share in questions_per_batch.items()
        if share and sources[name]
    ]
    if not streams:
        raise ValueError("There is nothing to train on: no question has a photograph, a training split and a share.")
    return streams


def keeping(pairs: CaptionPairs | None) -> Accelerator:
    """An accelerator whose checkpoints keep the wrong captions that were mined."""
    accelerator = Accelerator()
    if pairs is not None:
        accelerator.register_for_checkpointing(pairs)
    return accelerator


def attention_rows(output: VQAOutput, inputs: dict) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """What words read of the patches in each block, and pieces of the answer in each layer, for `attention_loss`."""
    patches = output.fused_image.shape[1]
    said = inputs["answer_ids"][:, 1:] != PAD
    return [(weights, inputs["text_mask"]) for weights in output.attn_text_to_image] + [
        (weights[:, :, :-1, :patches], said) for weights in output.attn_answer
    ]
