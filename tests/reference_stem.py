"""EfficientNet-Lite written plainly, with its batch norms apart, as a reference for the stem and its conversion."""

import torch
import torch.nn.functional as F
from torch import nn

from vqa.model.hybrid_vit import HybridViTConfig
from vqa.train.convert import BATCH_NORM_EPS

# The strides are those of EfficientNet-Lite2, the widths are small primes.
TINY_STAGES = [[1, 5, 1, 1, 3], [2, 7, 2, 2, 3], [2, 7, 1, 2, 5], [3, 11, 2, 2, 3], [2, 13, 2, 2, 5], [2, 17, 1, 1, 3]]


def tiny_config(**changes) -> HybridViTConfig:
    settings = {
        "image_size": 96,
        "hidden_size": 22,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 29,
        "stem_width": 3,
        "stem_stages": TINY_STAGES,
        "stem_out_channels": 19,
    }
    return HybridViTConfig(**(settings | changes))


# ---- the reference: convolutions without bias, TensorFlow's padding spelled out, batch norms ----


def reference_padding(x: torch.Tensor, kernel: int, stride: int) -> torch.Tensor:
    """TensorFlow's "SAME" as its documentation gives it, one axis after the other."""
    amounts = []
    for size in (x.shape[3], x.shape[2]):
        total = max(kernel - stride if size % stride == 0 else kernel - size % stride, 0)
        amounts += [total // 2, total - total // 2]
    return F.pad(x, amounts)


class ReferenceConv(nn.Module):
    """Convolution and batch norm with statistics that matter."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(c_out, eps=BATCH_NORM_EPS)
        nn.init.uniform_(self.norm.weight, 0.5, 1.5)
        nn.init.uniform_(self.norm.bias, -0.5, 0.5)
        self.norm.running_mean.uniform_(-0.5, 0.5)
        self.norm.running_var.uniform_(0.5, 1.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(reference_padding(x, self.conv.kernel_size[0], self.conv.stride[0])))


class ReferenceStem(nn.Module):
    """The published network, with its names in `tensors()`."""

    def __init__(self, config: HybridViTConfig):
        super().__init__()
        self.first = ReferenceConv(3, config.stem_width, 3, 2)
        self.blocks = nn.ModuleList()
        self.residual, self.stages_end = [], []
        c_in = config.stem_width
        for expansion, c_out, count, stride, kernel in config.stem_stages:
            for i in range(count):
                s, c_mid = (stride if i == 0 else 1), c_in * expansion
                parts = nn.ModuleDict()
                if expansion != 1:
                    parts["expand"] = ReferenceConv(c_in, c_mid, 1)
                parts["depthwise"] = ReferenceConv(c_mid, c_mid, kernel, s, groups=c_mid)
                parts["project"] = ReferenceConv(c_mid, c_out, 1)
                self.blocks.append(parts)
                self.residual.append(s == 1 and c_in == c_out)
                c_in = c_out
            self.stages_end.append(len(self.blocks))
        self.last = ReferenceConv(c_in, config.stem_out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        input_height = x.shape[2]
        x = F.relu6(self.first(x))
        for parts, residual in zip(self.blocks, self.residual, strict=True):
            y = F.relu6(parts["expand"](x)) if "expand" in parts else x
            y = parts["project"](F.relu6(parts["depthwise"](y)))
            x = x + y if residual else y
            if x.shape[2] * 16 == input_height:
                fine = x  # the last map of stride 16 is what remains
        batch, channels, height, width = fine.shape
        folded = fine.reshape(batch, channels, height // 2, 2, width // 2, 2).permute(0, 1, 3, 5, 2, 4)
        return torch.cat([F.relu6(self.last(x)), folded.reshape(batch, channels * 4, height // 2, width // 2)], 1)

    def tensors(self, classes: int = 23) -> dict[str, torch.Tensor]:
        """The state dict as the package writes it."""
        layers = {("_conv_stem", "_bn0"): self.first, ("_conv_head", "_bn1"): self.last}
        for i, parts in enumerate(self.blocks):
            for name, norm in (("expand", 0), ("depthwise", 1), ("project", 2)):
                if name in parts:
                    layers[f"_blocks.{i}._{name}_conv", f"_blocks.{i}._bn{norm}"] = parts[name]
        state = {"_fc.weight": torch.randn(classes, self.last.conv.out_channels), "_fc.bias": torch.randn(classes)}
        for (conv, norm), layer in layers.items():
            state[f"{conv}.weight"] = layer.conv.weight.detach().clone()
            state |= {f"{norm}.{key}": value.clone() for key, value in layer.norm.state_dict().items()}
        return state
