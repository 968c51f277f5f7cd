"""Encoders from their configuration, and at another size of photographs. Files are read in `vqa.model.checkpoint`."""

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from transformers import AutoModel, PreTrainedModel

from .hybrid_vit import HybridViTConfig, HybridViTModel

VIT_POSITIONS = "embeddings.position_embeddings"
IMAGE_OPTIONS = {"attn_implementation": "eager"}  # which returns its weights
TEXT_OPTIONS = {"attn_implementation": "sdpa", "add_pooling_layer": False}  # nothing reads more than the tokens


def new_encoder(config, **options) -> PreTrainedModel:
    """An encoder with fresh weights; the hybrid ViT needs no registration, so that a copied folder loads by itself."""
    if config.model_type == HybridViTConfig.model_type:
        return HybridViTModel._from_config(config, **options)
    return AutoModel.from_config(config, **options)


def at_image_size(encoder: PreTrainedModel, image_size: int | Sequence[int]) -> PreTrainedModel:
    """The same ViT for photographs of another size in pixels: more patches, or fewer.

    Its table of positions is interpolated, as Dosovitskiy et al. 2021 (section 3.2) do for fine-tuning. Raises
    `ValueError` for a size that is not a whole number of patches.
    """
    if image_size == encoder.config.image_size:
        return encoder
    config = copy.deepcopy(encoder.config)
    config.image_size = image_size
    sides, patches = pixels_and_patch(config)
    if any(side < patch or side % patch for side, patch in zip(sides, patches, strict=True)):
        raise ValueError(
            f"{image_size} pixels are not a whole number of this encoder's patches, of {config.patch_size}."
        )
    grids = grid_size(encoder.config), grid_size(config)
    with torch.device("meta"):
        other = new_encoder(config, **IMAGE_OPTIONS)
    weights = encoder.state_dict()
    name = next(name for name in weights if name.endswith(VIT_POSITIONS))
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


def pixels_and_patch(vision_config) -> tuple[tuple[int, int], tuple[int, int]]:
    """Height and width of the photographs that a ViT sees, and of a patch, in pixels."""
    image, patch = (
        tuple(side) if isinstance(side, (list, tuple)) else (side, side)
        for side in (vision_config.image_size, vision_config.patch_size)
    )
    return image, patch
