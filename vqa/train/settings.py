"""What a configuration file of `configs/` says, by its stage."""

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

from vqa.model.configuration import VQAConfig
from vqa.processing.sources import model_source
from vqa.train.loop import FitSettings

SET_BY_TRAINING = {
    "vision_config",
    "text_config",
    "variant",
    "encoders",
    "encoders_digest",
    "answer_vocab_size",
}  # of `VQAConfig`
MODEL_SETTINGS = {name: hint for name, hint in VQAConfig.__annotations__.items() if name not in SET_BY_TRAINING}


class _Schedules:
    """Settings whose schedules may be given as what a configuration file says of them."""

    def __post_init__(self):
        for name, hint in get_type_hints(type(self)).items():
            if hint is FitSettings and isinstance(value := getattr(self, name), dict):
                object.__setattr__(self, name, FitSettings(**value))


@dataclass(frozen=True, kw_only=True)
class EncoderSettings(_Schedules):
    """The file `configs/encoder.json`: both encoders are tuned once, neutrally."""

    images: list[str]  # Parquet files, folders or saved datasets of photographs
    questions: list[str]  # files of questions with answers
    captions: list[str]  # files of photographs' captions
    boxes: list[str]  # files of boxes around things
    labels: list[str] = field(default_factory=list)  # rows `image_id, labelled, labels`: names of what is there
    vision: str | None = None  # a folder or hub id to start from; else EfficientNet-Lite2's package, with a fresh ViT
    text: str | None = None  # a folder or hub id to start from; else all-MiniLM-L6-v2's package
    cache: str  # folder of features
    out: str  # folder for the two encoders
    image_size: int = 320  # pixels a side that photographs are seen at
    text_layers: int = 3  # upper layers of the text encoder that are tuned
    photos_per_batch: int = 32  # each with its words, boxes and questions
    questions_per_photo: int = 4  # at most, a step
    source_weights: dict[str, float] = field(default_factory=dict)  # chance to be drawn, beside a photograph's others
    least_word_count: int = 12  # rarer words are no target
    least_answer_count: int = 8  # rarer answers are no target
    answerer_blocks: int = 3  # of the question answerer that teaches, then goes
    answerer_width: int = 256  # of its states
    answer_weight: float = 1.0  # of the loss's three terms
    word_weight: float = 1.0
    box_weight: float = 5.0
    fit: FitSettings


@dataclass(frozen=True, kw_only=True)
class JointSettings(_Schedules):
    """The file `configs/joint.json`, or one of your own, for which `configs/own.json` is enough."""

    images: list[str]  # Parquet files, folders or saved datasets of photographs
    questions: list[str]  # files of questions with answers
    captions: list[str] = field(default_factory=list)  # files of photographs' captions
    boxes: list[str] = field(default_factory=list)  # files of boxes around things
    labels: list[str] = field(default_factory=list)  # rows `image_id, labelled, labels`: names of what is there
    vision: str  # a folder or hub id of the image encoder
    text: str  # a folder or hub id of the text encoder
    image_size: int | None = None  # pixels a side; else as the heads to start from, or the encoder, saw photographs
    start: str | None = None  # a folder of weights whose heads of the same variant are trained on, with their answers
    cache: str  # folder of features
    out: str  # folder for the weights
    model: dict = field(default_factory=dict)  # of `VQAConfig`; beside `start`, of what has no weights, like dropout
    answer_pieces: int = 4000  # size of the answers' vocabulary
    questions_per_batch: dict[str, int] = field(default_factory=dict)  # by source; empty, as many as the data has
    captions_per_batch: int = 8  # that the decoder learns to write
    align: FitSettings = FitSettings(steps=0, learning_rate=1e-3)  # of contrastive training on captions alone
    align_batch: int = 256  # its pairs of a photograph and a caption
    align_weight: float = 0.2  # λ of the joint loss
    pairs_per_batch: int = 16  # pairs of the joint loss
    hard_negatives: int = 2  # wrong captions for each photograph of a pair
    mine_every: int = 300  # steps after which they are looked for anew
    attention_weight: float = 0.0  # μ: how much it counts that attention falls on the boxes of what is asked about
    question_only_prob: float = 0.08  # how often a question has the mean image in place of its photograph
    patch_drop_prob: float = 0.5  # how often a photograph lacks up to half of its patches
    label_smoothing: float = 0.05  # of answers' pieces
    fit: FitSettings

    def start_folder(self, variant: str) -> Path:
        return Path(self.start) / variant

    def seen_at(self, variant: str) -> int | None:
        """Pixels a side, None for as many as the image encoder was trained at."""
        if self.image_size is not None or not self.start:
            return self.image_size
        return VQAConfig.from_pretrained(model_source(self.start_folder(variant))).vision_config.image_size


def load_settings(path: str | Path, **changes):
    """The settings of a configuration file, with `changes`.

    A file that says `"extends": "data.json"` takes from that file, beside it, every setting that it lacks itself.
    Raises `ValueError`, which names the file, for what is no JSON object, and for a key that is missing, unknown or has
    a value of another type, and `OSError` where the file cannot be read.
    """
    fields = _read_extended(Path(path)) | changes
    kinds = {"encoder": EncoderSettings, "joint": JointSettings}
    stage = fields.pop("stage", None)
    if stage not in list(kinds):
        raise ValueError(f'{path}: "stage" is one of {", ".join(kinds)}, not {stage!r}.')
    try:
        _check_fields(get_type_hints(kinds[stage]), fields)
        _check_fields(MODEL_SETTINGS, fields.get("model", {}), "model.")
        return kinds[stage](**fields)
    except TypeError as error:
        raise ValueError(f"{path}: {str(error).split('__init__() ')[-1]}.") from error


def _read_extended(path: Path, extending: tuple[Path, ...] = ()) -> dict:
    if path in extending:
        raise ValueError(f"{path} extends itself.")
    fields = _read_object(path)
    base = fields.pop("extends", None)
    if base is None:
        return fields
    if not isinstance(base, str):
        raise ValueError(f'{path}: "extends" is the name of a file, not {json.dumps(base)}.')
    return _read_extended(path.parent / base, (*extending, path)) | fields


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


def _check_fields(known: dict[str, object], fields: dict, place: str = "") -> None:
    """Raises `TypeError` for a field that is not `known`, or a value that is not of its type there."""
    for name, value in fields.items():
        if name not in known:
            meant = "".join(f" (did you mean {place}{near}?)" for near in get_close_matches(name, known, n=1))
            raise TypeError(f"there is no setting {place}{name}{meant}")
        if known[name] is FitSettings and isinstance(value, dict):
            _check_fields(get_type_hints(FitSettings), value, f"{name}.")
        elif not _is_a(value, known[name]):
            raise TypeError(f"{place}{name} is {_described(known[name])}, not {json.dumps(value)}")


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
    if kind is FitSettings:
        return "an object"
    if kind is list:
        return f"a list, and each item {_described(parts[0])}"
    if kind is dict:
        return f"an object{f', and each value {_described(parts[1])}' if parts else ''}"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}[kind]
