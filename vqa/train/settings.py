"""What a configuration file of `configs/` says, by its stage."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from vqa.model.configuration import VQAConfig
from vqa.train.loop import FitSettings


@dataclass(frozen=True)
class EncoderSettings:
    """The files `configs/encoder.json` and `configs/tuned.json`.

    `start` is a folder of encoders to go on from: the ViT and the top of its stem are trained on, once the heads that
    teach them have learned for as long as `heads` says. Without it, a fresh ViT is trained over a stem as it came.
    """

    images: list[str]
    questions: list[str]
    captions: list[str]
    boxes: list[str]
    cache: str
    out: str
    fit: dict
    start: str | None = None
    heads: dict = field(default_factory=lambda: {"steps": 0, "learning_rate": 1e-3})
    batch_size: int = 64
    least_word_count: int = 12
    box_weight: float = 1.0
    teacher_weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class JointSettings:
    """The file `configs/joint.json`, or one of your own, for which `configs/own.json` is enough.

    `questions_per_batch` is how many examples of each source a batch holds; empty, all sources share it as they share
    the data. `start` is a folder of weights whose heads of the same variant, with their answers' vocabulary, are
    trained on, in place of fresh ones as `model` and `answer_pieces` describe them, and `model` then changes what has
    no weights, like dropout; with `average_with`, further such folders, it is the mean of all their heads (model soups,
    Wortsman et al. 2022). `attention_weight` is μ of `vqa.train.losses`: how much it counts that attention falls on the
    boxes of what is asked about. A step trains on random patches of each photograph, `patch_keep_fraction` of them,
    which takes less time (FLIP, Li et al. 2023), and on `word_keep_fraction` of what follows a question's first token.
    `image_size` is how many pixels a side photographs are seen at, if not as many as before: by the heads that it
    starts from, or else by the image encoder.
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
    questions_per_batch: dict[str, int] = field(default_factory=dict)
    captions_per_batch: int = 8
    align: dict = field(default_factory=lambda: {"steps": 0, "learning_rate": 1e-3})
    align_batch: int = 256
    align_weight: float = 0.2
    attention_weight: float = 0.0
    pairs_per_batch: int = 16
    hard_negatives: int = 2
    mine_every: int = 300
    question_only_prob: float = 0.08
    patch_drop_prob: float = 0.5
    patch_keep_fraction: float = 1.0
    word_keep_fraction: float = 1.0
    label_smoothing: float = 0.05
    fit: dict

    def start_folders(self, variant: str) -> list[Path]:
        return [Path(folder) / variant for folder in (self.start, *self.average_with)]

    def seen_at(self, variant: str) -> int | None:
        """Pixels a side, None for as many as the image encoder was trained at."""
        if self.image_size is not None or not self.start:
            return self.image_size
        return VQAConfig.from_pretrained(self.start_folders(variant)[0]).vision_config.image_size


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
