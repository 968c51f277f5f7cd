"""What a configuration file of `configs/` says, by its stage."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

from vqa.model.configuration import VQAConfig
from vqa.train.loop import FitSettings

SET_BY_TRAINING = {"vision_config", "text_config", "variant", "encoders", "answer_vocab_size"}  # of `VQAConfig`


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
    """The settings of a configuration file, with `changes`.

    Raises `ValueError`, which names the file, for what is no JSON object, and for a key that is missing, unknown or
    has a value of another type, and `OSError` where the file cannot be read.
    """
    fields = _read_object(Path(path)) | changes
    kinds = {"encoder": EncoderSettings, "joint": JointSettings}
    stage = fields.pop("stage", None)
    if stage not in list(kinds):
        raise ValueError(f'{path}: "stage" is one of {", ".join(kinds)}, not {stage!r}.')
    try:
        _check_types(kinds[stage], fields)
        _check_model(fields.get("model", {}))
        for schedule in {"fit", "align", "heads"} & fields.keys():
            _check_types(FitSettings, fields[schedule], f"{schedule}.")
            FitSettings(**fields[schedule])
        return kinds[stage](**fields)
    except TypeError as error:
        raise ValueError(f"{path}: {str(error).split('__init__() ')[-1]}.") from error


def _read_object(path: Path) -> dict:
    try:
        fields = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON: {error.msg}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text.") from error
    if not isinstance(fields, dict):
        raise ValueError(f"{path} is not a configuration, a JSON object of settings by their names.")
    return fields


def _check_types(settings: type, fields: dict, place: str = "") -> None:
    """Raises `TypeError` for a value that is not of its field's type; what is missing or unknown is found later."""
    for name, hint in get_type_hints(settings).items():
        if name in fields and not _is_a(fields[name], hint):
            raise TypeError(f"{place}{name} is {_described(hint)}, not {json.dumps(fields[name])}")


def _check_model(fields: dict) -> None:
    """The same of `VQAConfig`, which itself takes any key."""
    known = {name: hint for name, hint in VQAConfig.__annotations__.items() if name not in SET_BY_TRAINING}
    for name, value in fields.items():
        if name not in known:
            raise TypeError(f"model.{name} is not a setting of the model")
        if not _is_a(value, known[name]):
            raise TypeError(f"model.{name} is {_described(known[name])}, not {json.dumps(value)}")


def _is_a(value: object, hint: object) -> bool:
    if isinstance(hint, UnionType):
        return any(_is_a(value, part) for part in get_args(hint))
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is list:
        return isinstance(value, list) and all(_is_a(item, parts[0]) for item in value)
    if kind is dict and parts:
        return isinstance(value, dict) and all(_is_a(item, parts[1]) for item in value.values())
    return isinstance(value, kind)


def _described(hint: object) -> str:
    """A type in the words of JSON."""
    if isinstance(hint, UnionType):
        return " or ".join(map(_described, get_args(hint)))
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if kind is list:
        return f"a list, and each item {_described(parts[0])}"
    if kind is dict:
        return f"an object{f', and each value {_described(parts[1])}' if parts else ''}"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}[kind]
