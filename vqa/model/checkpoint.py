"""Reading and writing a model: heads over shared encoders, as in `weights/`, and encoders by directory or hub id."""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils import CONFIG_NAME

from vqa.common.checksums import CONFIG_KEY, check_encoders, check_sums, encoders_digest, has_encoders
from vqa.model.configuration import VQAConfig
from vqa.model.encoders import at_image_size, grid_size, image_options, interpolated, is_text, text_options
from vqa.model.model import VQAModel
from vqa.processing.processor import tower
from vqa.processing.sources import model_source

PATCH_POSITIONS = "fusion.patch_positions"
WEIGHTS_FILE = "model.safetensors"
NO_MATTER = {"_name_or_path", "architectures", "dtype", "transformers_version"}  # to what an encoder computes


def from_encoders(vision: str | Path, text: str | Path, image_size: int | None = None, **config) -> VQAModel:
    """A model with fresh heads over pretrained encoders, each a local directory or a hub id."""
    vision_encoder, text_encoder = load_encoder(vision, image_size), load_encoder(text)
    model = VQAModel(VQAConfig(vision_config=vision_encoder.config, text_config=text_encoder.config, **config))
    model.vision_encoder, model.text_encoder = vision_encoder, text_encoder
    return model.eval()


def save_heads(model: VQAModel, directory: str | Path, encoders: str) -> None:
    """Saves the heads in half precision; `encoders`, relative to `directory`, holds the encoders.

    The configuration names the digest of these where they are already there. Raises `OSError` where the directory
    cannot be written to.
    """
    folder = Path(directory) / encoders
    model.config.encoders = encoders
    model.config.encoders_digest = encoders_digest(folder) if has_encoders(folder) else None
    Path(directory).mkdir(parents=True, exist_ok=True)
    model.config.to_json_file(Path(directory) / CONFIG_NAME)  # without the code that a complete folder carries
    path = Path(directory) / WEIGHTS_FILE
    try:
        save_file(
            {name: weight.half().contiguous() for name, weight in model.heads.state_dict().items()},
            path,
            metadata={"format": "pt"},
        )
    except SafetensorError as error:
        raise OSError(f"{path} cannot be written: {error}.") from error


def load_heads(directory: str | Path, vision_encoder: nn.Module, text_encoder: nn.Module, **changes) -> VQAModel:
    """A checkpoint made by `save_heads` over encoders that are already loaded; they are shared, not copied.

    `changes` are of its configuration; with another `vision_config`, the patches' positions are interpolated to its
    grid. Raises `ValueError` where a file is not what the directory's SHA256SUMS lists, where the weights are not
    exactly the heads that the configuration describes, or where the encoder's grid is another.
    """
    directory = model_source(Path(directory))
    check_sums(directory)
    config = VQAConfig.from_pretrained(directory, **changes)
    saved_grid = grid_size(VQAConfig.from_pretrained(directory).vision_config)
    grid = grid_size(config.vision_config)
    if grid_size(vision_encoder.config) != grid:
        raise ValueError(f"{directory} needs photographs on a grid of {grid}, not {grid_size(vision_encoder.config)}.")
    for name, encoder in (("vision", vision_encoder), ("text", text_encoder)):
        _check_config(directory, name, encoder.config, getattr(config, f"{name}_config"))
    try:
        weights = load_file(directory / WEIGHTS_FILE)
    except SafetensorError as error:
        raise ValueError(f"{directory / WEIGHTS_FILE} is damaged: {error}.") from error
    with torch.device("meta"):
        model = VQAModel(config)
    model.vision_encoder, model.text_encoder = vision_encoder, text_encoder
    if grid != saved_grid and PATCH_POSITIONS in weights:
        weights[PATCH_POSITIONS] = interpolated(weights[PATCH_POSITIONS].float(), saved_grid, grid)
    expected = {name: tuple(weight.shape) for name, weight in model.heads.state_dict().items()}
    found = {name: tuple(weight.shape) for name, weight in weights.items()}
    if found != expected:
        wrong = sorted(expected.items() ^ found.items())
        raise ValueError(f"{directory / WEIGHTS_FILE} does not fit its config.json, for instance {wrong[0]}.")
    model.heads.load_state_dict({name: weight.float() for name, weight in weights.items()}, assign=True)
    return model.eval()


def _check_config(directory: Path, name: str, found: PreTrainedConfig, expected: PreTrainedConfig) -> None:
    """Raises `ValueError` where an encoder is configured otherwise than the one that the heads were trained over."""
    found, expected = found.to_dict(), expected.to_dict()
    other = sorted(key for key in (found.keys() & expected.keys()) - NO_MATTER if found[key] != expected[key])
    if other:
        raise ValueError(
            f"{directory} was trained over another {name} encoder: {other[0]} was {expected[other[0]]!r}, and is "
            f"{found[other[0]]!r} now. Put the encoder back, or train these heads again."
        )


def load_shared(directory: str | Path, **changes) -> VQAModel:
    """As `load_heads`, over encoders of its own, loaded from where the checkpoint's configuration says."""
    config = VQAConfig.from_pretrained(directory, **changes)
    encoders = Path(directory) / config.encoders
    check_encoders(directory, config.encoders_digest, encoders)
    vision_encoder = load_encoder(encoders / "vision", config.vision_config.image_size)
    return load_heads(directory, vision_encoder, load_encoder(encoders / "text"), **changes)


def load_encoder(source: str | Path, image_size: int | Sequence[int] | None = None) -> PreTrainedModel:
    """An encoder in float32, of images with attention, which may see them at another size than it was trained at.

    Of a checkpoint with two towers, such as CLIP's, it is the one that sees. Raises `FileNotFoundError` or `OSError`
    where none is, and `ValueError` for one that does not fit, or is not what its folder's SHA256SUMS lists.
    """
    source = model_source(source, "encoder")
    if isinstance(source, Path):
        check_sums(source)
    config = tower(AutoConfig.from_pretrained(source), "vision_config")
    vars(config).pop(CONFIG_KEY, None)  # of the files it was read with: a copy has others
    options = text_options(config) if is_text(config) else image_options(config)
    encoder = AutoModel.from_pretrained(source, config=config, dtype="float32", **options).eval()
    return encoder if image_size is None else at_image_size(encoder, image_size)
