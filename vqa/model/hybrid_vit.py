"""A hybrid Vision Transformer: a convolutional stem's feature map instead of pixel patches.

Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", section 3.1: the patch embedding is applied, with
patch size 1, to the feature map of a convolutional network. Here the network is EfficientNet-Lite2 (Tan and
Le 2019; its "Lite" form has no squeeze-and-excitation and ReLU6 throughout), which makes the whole encoder
small enough for a laptop. Two of its stages are read: the last one (stride 32), and the stride-16 stage, whose
2x2 neighbourhoods are folded into channels so that both lie on one grid.

B batch, C channels, h and w the side lengths of the grid, P = h*w patches, W the width of the ViT.
"""

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel, ViTConfig, ViTModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

STEM_STRIDE = 32  # pixels a grid cell is wide; fixed by the five stride-2 convolutions of the stem
# EfficientNet-Lite2, one row a stage: (expansion, output channels, blocks, stride of the first block, kernel)
EFFICIENTNET_LITE2 = [
    [1, 16, 1, 1, 3],
    [6, 24, 3, 2, 3],
    [6, 48, 3, 2, 5],
    [6, 88, 4, 2, 3],
    [6, 120, 4, 1, 5],
    [6, 208, 5, 2, 5],
    [6, 352, 1, 1, 3],
]


class HybridViTConfig(ViTConfig):
    """A `ViTConfig` whose patches are the cells of a convolutional stem's feature map.

    `image_size` is in pixels, of a square or as height and width, and `patch_size` is the stem's stride, so the grid
    has `image_size // patch_size` cells a side, as with any ViT.
    """

    model_type = "hybrid_vit"

    image_size: int | list[int] | tuple[int, ...] = 256
    patch_size: int = STEM_STRIDE
    hidden_size: int = 384
    num_hidden_layers: int = 4
    num_attention_heads: int = 6
    intermediate_size: int = 1024
    stem_width: int = 32
    stem_stages: list | None = None
    stem_out_channels: int = 1280

    def __post_init__(self, **kwargs):
        self.stem_stages = self.stem_stages or EFFICIENTNET_LITE2
        if self.patch_size != STEM_STRIDE:
            raise ValueError(f"A hybrid ViT's patch_size is its stem's stride, {STEM_STRIDE}, not {self.patch_size}.")
        if any(side < STEM_STRIDE or side % STEM_STRIDE for side in self.sides):
            raise ValueError(f"A hybrid ViT's image_size is a multiple of {STEM_STRIDE}, not {self.image_size}.")
        super().__post_init__(**kwargs)

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width in pixels."""
        size = self.image_size
        return (size, size) if isinstance(size, int) else tuple(size)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: ceil(size / stride) outputs, the odd pixel at the end."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padding = []
        for size in (x.shape[-1], x.shape[-2]):  # F.pad takes the last axis first
            total = max((-(-size // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - size, 0)
            padding += [total // 2, total - total // 2]
        return super().forward(F.pad(x, padding) if any(padding) else x)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project (Sandler et al. 2018), with the batch norms folded into the weights."""

    def __init__(self, c_in: int, c_out: int, expansion: int, stride: int, kernel: int):
        super().__init__()
        c_mid = c_in * expansion
        self.expand = nn.Conv2d(c_in, c_mid, 1) if expansion != 1 else None
        self.depthwise = SameConv2d(c_mid, c_mid, kernel, stride, groups=c_mid)
        self.project = nn.Conv2d(c_mid, c_out, 1)
        self.is_residual = stride == 1 and c_in == c_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.is_residual else y


class EfficientNetLiteStem(nn.Module):
    """EfficientNet-Lite without its classifier.

    `(B, 3, H, W)` to `(B, C, H/32, W/32)`, where C counts the last map's channels and four times those of the
    stride-16 stage, which ends the `trunk`; the `top` is what comes after.
    """

    def __init__(self, config: HybridViTConfig):
        super().__init__()
        self.conv_in = SameConv2d(3, config.stem_width, 3, stride=2)
        self.stages = nn.ModuleList()
        c_in = config.stem_width
        for expansion, c_out, blocks, stride, kernel in config.stem_stages:
            self.stages.append(
                nn.Sequential(
                    *(
                        InvertedResidual(c_in if i == 0 else c_out, c_out, expansion, stride if i == 0 else 1, kernel)
                        for i in range(blocks)
                    )
                )
            )
            c_in = c_out
        self.conv_out = nn.Conv2d(c_in, config.stem_out_channels, 1)
        strides = [stride for _, _, _, stride, _ in config.stem_stages]
        # The stride-16 stage is the one before the last halving.
        self.fine_stage = max(i for i, stride in enumerate(strides) if stride == 2) - 1
        self.out_channels = config.stem_out_channels + 4 * config.stem_stages[self.fine_stage][1]

    @property
    def trunk_layers(self) -> nn.ModuleList:
        return nn.ModuleList([self.conv_in, *self.stages[: self.fine_stage + 1]])

    @property
    def top_layers(self) -> nn.ModuleList:
        return nn.ModuleList([*self.stages[self.fine_stage + 1 :], self.conv_out])

    def trunk(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """`(B, 3, H, W)` to `(B, c, H/16, W/16)`."""
        # In this order of memory a CPU takes half the time for a batch of photographs.
        conv_in, *stages = self.trunk_layers
        x = F.relu6(conv_in(pixel_values.contiguous(memory_format=torch.channels_last)))
        for stage in stages:
            x = stage(x)
        return x

    def top(self, trunk_map: torch.Tensor) -> torch.Tensor:
        """`(B, c, H/16, W/16)` to `(B, C, H/32, W/32)`."""
        x = trunk_map.contiguous(memory_format=torch.channels_last)
        for layer in self.top_layers:
            x = layer(x)
        return torch.cat([F.relu6(x), F.pixel_unshuffle(trunk_map, 2)], dim=1)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.top(self.trunk(pixel_values))


class HybridViTModel(PreTrainedModel):
    """`ViTModel` of patch size 1 over the map of an `EfficientNetLiteStem`."""

    config_class = HybridViTConfig
    main_input_name = "pixel_values"
    input_modalities = ("image",)
    _supports_sdpa = True

    def __init__(self, config: HybridViTConfig):
        super().__init__(config)
        self.stem = EfficientNetLiteStem(config)
        vit_fields = ViTConfig().to_diff_dict().keys() | set(ViTConfig.__annotations__)
        vit_config = ViTConfig(**{k: v for k, v in config.to_dict().items() if k in vit_fields and k != "model_type"})
        vit_config.num_channels = self.stem.out_channels
        vit_config.image_size = tuple(side // STEM_STRIDE for side in config.sides)
        vit_config.patch_size = 1
        vit_config._attn_implementation = config._attn_implementation
        self.vit = ViTModel(vit_config, add_pooling_layer=False)
        self.post_init()

    def forward(
        self, pixel_values: torch.Tensor | None = None, trunk_map: torch.Tensor | None = None, **kwargs
    ) -> BaseModelOutputWithPooling:
        """Encodes `pixel_values` (B, 3, H, W), or a map (B, c, 2h, 2w) of the stem's trunk, to (B, 1+P, W)."""
        if (pixel_values is None) == (trunk_map is None):
            raise ValueError("Pass either pixel_values or trunk_map.")
        if trunk_map is None:
            trunk_map = self.stem.trunk(pixel_values)
        return self.vit(self.stem.top(trunk_map), **kwargs)
