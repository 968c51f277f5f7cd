"""Writing a trained model as a directory that can be served."""

import dataclasses
import json
from pathlib import Path

import torch

from vqa.common.checksums import write_sums
from vqa.data.trained_on import TrainedOn
from vqa.inference.hub import SPACE_FILE
from vqa.model.checkpoint import save_heads
from vqa.processing.text import clean_caption
from vqa.train.contrastive import embed_images, embed_texts
from vqa.train.joint_data import JointData


@torch.inference_mode()
def val_cosines(data: JointData, most: int = 1000) -> dict[str, list[float]]:
    """Cosines of val photographs with a caption of their own, and with the next photograph's."""
    rows = data.caption_rows["val"][:most]
    images = torch.cat([embed_images(data.model.heads.aligner, data.images[[row["image_id"]]]) for row in rows])
    texts = embed_texts(data.model.heads.aligner, data.texts, [clean_caption(row["captions"][0]) for row in rows])
    matched = (images * texts).sum(-1)
    mismatched = (images * texts.roll(1, 0)).sum(-1)
    return {
        name: [round(v, 4) for v in sorted(values.tolist())]
        for name, values in (("matched", matched), ("mismatched", mismatched))
    }


def save(data: JointData, made_from: dict[str, str]) -> Path:
    """Writes the checkpoint's directory: heads, answers' vocabulary, val cosines, their sums and how it was made.

    `made_from` are the fingerprints of what the run was made from, for `train.json`.

    Beside it lie the encoders, so that the whole can be served and moved.
    """
    settings, variant = data.settings, data.model.config.variant
    directory = Path(settings.out) / variant
    directory.mkdir(parents=True, exist_ok=True)
    save_encoders(data)
    save_heads(data.model, directory, encoders="../encoders")
    data.processor.save_answers(directory)
    (directory / SPACE_FILE).unlink(missing_ok=True)
    if data.caption_rows["val"]:
        (directory / SPACE_FILE).write_text(json.dumps(val_cosines(data)) + "\n")
    record = {
        "variant": variant,
        "settings": dataclasses.asdict(settings),
        "made_from": made_from,
        "examples": {name: len(s) for name, s in data.sources.items()} | {"captions": len(data.captions)},
        "trained_on": f"{torch.get_num_threads()} CPU thread(s)" if not torch.cuda.is_available() else "GPU",
        "seconds": round(data.seconds),
        "val": {"questions": len(data.val), "right": data.val_right},
        "torch": torch.__version__,
    }
    (directory / "train.json").write_text(json.dumps(record, indent=1) + "\n")
    data.trained_on.write(directory)
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
            if (before := TrainedOn.read(source)).is_known:
                before.write(directory)
            write_sums(directory)
