"""Encoders from their configuration, and at another size of photographs. Files are read in `vqa.model.checkpoint`."""

import copy
from collections.abc import Sequence
from inspect import signature

import torch
import torch.nn.functional as F
from transformers import MODEL_MAPPING, AutoModel, PreTrainedConfig, PreTrainedModel

from .hybrid_vit import HybridViTConfig, HybridViTModel

VIT_POSITIONS = "embeddings.position_embeddings"
IMAGE_ENCODERS = "ViT, DeiT, DINOv2, the vision towers of CLIP and SigLIP, and the hybrid ViT"
TEXT_ENCODERS = "BERT, RoBERTa, MPNet, DistilBERT, ModernBERT and their kin"


def new_encoder(config, **options) -> PreTrainedModel:
    """An encoder with fresh weights; the hybrid ViT needs no registration, so that a copied folder loads by itself."""
    if config.model_type == HybridViTConfig.model_type:
        return HybridViTModel._from_config(config, **options)
    return AutoModel.from_config(config, **options)


def is_text(config: PreTrainedConfig) -> bool:
    """Whether a configuration is that of an encoder which reads text."""
    return getattr(config, "vocab_size", None) is not None


def image_options(config: PreTrainedConfig) -> dict:
    """How an image encoder is built: with attention that returns its weights. Raises `ValueError` where none fits."""
    is_known = config.model_type == HybridViTConfig.model_type or type(config) in MODEL_MAPPING
    if is_text(config) or not is_known:
        raise ValueError(f"A {config.model_type} cannot be the image encoder. Supported: {IMAGE_ENCODERS}.")
    return {"attn_implementation": "eager"}


def text_options(config: PreTrainedConfig) -> dict:
    """How a text encoder is built: without a pooler, for nothing reads more than the tokens. Raises `ValueError`."""
    if not is_text(config) or type(config) not in MODEL_MAPPING or config.is_encoder_decoder:
        raise ValueError(f"A {config.model_type} cannot be the text encoder. Supported: {TEXT_ENCODERS}.")
    kind = MODEL_MAPPING[type(config)]
    options = {"attn_implementation": "sdpa"} if kind._supports_sdpa else {}
    return options | ({"add_pooling_layer": False} if "add_pooling_layer" in signature(kind).parameters else {})


def at_image_size(encoder: PreTrainedModel, image_size: int | Sequence[int]) -> PreTrainedModel:
    """The same ViT for photographs of another size in pixels: more patches, or fewer.

    Its table of positions is interpolated, as Dosovitskiy et al. 2021 (section 3.2) do for fine-tuning. Raises
    `ValueError` for a size that is not a whole number of patches.
    """
    config = copy.deepcopy(encoder.config)
    config.image_size = image_size
    sides, patches = pixels_and_patch(config)
    if sides == pixels_and_patch(encoder.config)[0]:
        return encoder
    if any(side < patch or side % patch for side, patch in zip(sides, patches, strict=True)):
        raise ValueError(
            f"{image_size} pixels are not a whole number of this encoder's patches, of {config.patch_size}."
        )
    grids = grid_size(encoder.config), grid_size(config)
    with torch.device("meta"):
        other = new_encoder(config, **image_options(config))
    weights = encoder.state_dict()
    name = next((name for name in weights if name.endswith(VIT_POSITIONS)), None)
    if name is None:
        raise ValueError(
            f"A {config.model_type} sees photographs at the size it was trained at, {encoder.config.image_size} "
            "pixels: only the positions of ViT, DeiT, DINOv2 and the hybrid ViT are interpolated."
        )
    table = weights[name][0]
    prefix = len(table) - grids[0][0] * grids[0][1]  # of the class token, which has no place
    weights[name] = torch.cat([table[:prefix], interpolated(table[prefix:], *grids)]).unsqueeze(0)
    other.load_state_dict(weights, assign=True)
    return other.eval()


def interpolated(positions: torch.Tensor, grid: tuple[int, int], new_grid: tuple[int, int]) -> torch.Tensor:
    """A table of positions (P, W) of one grid for another, bicubically."""
    table = positions.unflatten(0, grid).permute(2, 0, 1).unsqueeze(0)  # (1, W, h, w)
    return F.interpolate(table, new_grid, mode="bicubic").flatten(2).squeeze(0).T.contiguous()


def grid_size(vision_config) -> tuple[int, int]:
    """How many patches high and wide the ViT's grid is."""
    sides, patches = pixels_and_patch(vision_config)
    return sides[0] // patches[0], sides[1] // patches[1]


def width(config: PreTrainedConfig) -> int:
    """W, how wide an encoder's tokens are. Raises `ValueError` where they are not all of one width."""
    if getattr(config, "hidden_size", None) is None:
        raise ValueError(
            f"The tokens of a {config.model_type} have no one width. Supported: {IMAGE_ENCODERS}; {TEXT_ENCODERS}."
        )
    return config.hidden_size


def pixels_and_patch(vision_config) -> tuple[tuple[int, int], tuple[int, int]]:
    """Height and width of the photographs that a ViT sees, and of a patch, in pixels.

    Raises `ValueError` for an encoder that has no such patches.
    """
    sizes = [getattr(vision_config, name, None) for name in ("image_size", "patch_size")]
    if None in sizes:
        raise ValueError(
            f"A {vision_config.model_type} does not cut photographs into patches. Supported: {IMAGE_ENCODERS}."
        )
    image, patch = (tuple(side) if isinstance(side, (list, tuple)) else (side, side) for side in sizes)
    return image, patch
