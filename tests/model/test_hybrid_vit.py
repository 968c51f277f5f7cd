"""`vqa.model.hybrid_vit`: shapes, order of patches, saving and gradients."""

import math

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from tests.reference_stem import TINY_STAGES, ReferenceStem, reference_padding, tiny_config
from vqa.model.checkpoint import load_encoder
from vqa.model.encoders import grid_size
from vqa.model.hybrid_vit import (
    EFFICIENTNET_LITE2,
    EfficientNetLiteStem,
    HybridViTConfig,
    HybridViTModel,
    SameConv2d,
)
from vqa.processing.processor import image_processor, image_processor_for
from vqa.train.convert import load_efficientnet_lite


@pytest.fixture(scope="module")
def reference() -> ReferenceStem:
    torch.manual_seed(1)
    return ReferenceStem(tiny_config()).eval()


@pytest.fixture(scope="module")
def encoder(reference, tmp_path_factory) -> HybridViTModel:
    """A tiny encoder whose stem lets signals through, which a freshly initialised one hardly does."""
    path = tmp_path_factory.mktemp("stem") / "stem.pth"
    torch.save(reference.tensors(), path)
    model = HybridViTModel(tiny_config()).eval()
    load_efficientnet_lite(model.stem, path)
    return model


# ---- convolutions ----


@pytest.mark.parametrize("size", [(11, 13), (12, 17), (8, 8), (1, 5)])
@pytest.mark.parametrize("kernel, stride", [(3, 1), (3, 2), (5, 1), (5, 2), (1, 1), (1, 2)])
def test_same_padding_against_explicit_padding(size, kernel, stride):
    torch.manual_seed(0)
    conv = SameConv2d(3, 7, kernel, stride)
    x = torch.randn(2, 3, *size)
    y = conv(x)
    assert y.shape[2:] == tuple(math.ceil(side / stride) for side in size)
    padded = reference_padding(x, kernel, stride)
    torch.testing.assert_close(y, F.conv2d(padded, conv.weight, conv.bias, stride))


def test_the_odd_pixel_of_padding_lies_at_the_end():
    conv = SameConv2d(1, 1, 3, 2)
    nn.init.ones_(conv.weight)
    nn.init.zeros_(conv.bias)
    # Four pixels a row: windows 0-2 and 2-4 (one beyond the end), so nothing is padded in front.
    rows = conv(torch.tensor([1.0, 10.0, 100.0, 1000.0]).expand(1, 1, 4, 4))
    torch.testing.assert_close(rows[0, 0, 0], torch.tensor([3 * 111.0, 3 * 1100.0]))


def test_the_shipped_stem_has_efficientnet_lite2s_size():
    with torch.device("meta"):
        stem = EfficientNetLiteStem(HybridViTConfig())
    assert [len(stage) for stage in stem.stages] == [1, 3, 3, 4, 4, 5, 1]
    assert stem.out_channels == 1280 + 4 * 120
    assert EFFICIENTNET_LITE2[stem.fine_stage][1] == 120
    # The paper's 6.1 million less the classifier (1281 x 1000) and batch norms of which two of four vectors are folded.
    assert 4.7e6 < sum(p.numel() for p in stem.parameters()) < 4.85e6


# ---- the encoder ----


def test_shapes(encoder):
    out = encoder(torch.randn(2, 3, 96, 96), output_attentions=False)
    assert out.last_hidden_state.shape == (2, 1 + 9, 22)
    assert encoder.vit.config.num_channels == 19 + 4 * 11
    assert (encoder.vit.config.image_size, encoder.vit.config.patch_size) == ((3, 3), 1)


@pytest.mark.parametrize("image_size", [(64, 128), [64, 128]])
def test_oblong_photographs_give_an_oblong_grid(image_size, tmp_path):
    config = tiny_config(image_size=image_size)
    torch.manual_seed(0)
    oblong = HybridViTModel(config).eval()
    pixels = torch.randn(2, 3, 64, 128)
    assert oblong(pixels).last_hidden_state.shape == (2, 1 + 2 * 4, 22)
    oblong.save_pretrained(tmp_path)
    image_processor_for(config).save_pretrained(tmp_path)
    loaded = load_encoder(tmp_path, image_size)
    assert grid_size(loaded.config) == (2, 4)
    torch.testing.assert_close(loaded(pixels).last_hidden_state, oblong(pixels).last_hidden_state)
    photo = Image.new("RGB", (90, 60), "white")
    assert image_processor(tmp_path)(images=[photo], return_tensors="pt").pixel_values.shape == (1, 3, 64, 128)
    square = load_encoder(tmp_path, 96)
    assert square(torch.randn(1, 3, 96, 96)).last_hidden_state.shape == (1, 1 + 9, 22)


@pytest.mark.parametrize("image_size", [100, 0, [64, 100], [64, 0]])
def test_a_grid_of_broken_cells_is_refused(image_size):
    with pytest.raises(ValueError, match="a multiple of 32, not"):
        HybridViTConfig(image_size=image_size)


def test_a_map_of_the_trunk_gives_what_the_pixels_give(encoder):
    pixels = torch.randn(3, 3, 96, 96)
    with torch.no_grad():
        from_pixels = encoder(pixels).last_hidden_state
        from_map = encoder(trunk_map=encoder.stem.trunk(pixels)).last_hidden_state
    torch.testing.assert_close(from_map, from_pixels, rtol=0, atol=0)
    assert from_pixels.std() > 0 and not torch.allclose(from_pixels[0], from_pixels[1])


def test_patches_follow_the_grid_row_by_row(encoder):
    """Token 1 + i·w + j is the cell in row i, column j: without its neighbours' attention, only it changes."""
    maps = torch.zeros(1, encoder.stem.out_channels, 3, 3)
    changed = maps.clone()
    changed[:, :, 1, 2] = 1.0
    with torch.no_grad():
        difference = encoder.vit.embeddings(changed) - encoder.vit.embeddings(maps)
    assert difference.abs().sum(-1)[0].nonzero().flatten().tolist() == [1 + 1 * 3 + 2]


def test_pixels_or_a_map_and_not_both(encoder):
    for inputs in ({}, {"pixel_values": torch.zeros(1, 3, 96, 96), "trunk_map": torch.zeros(1, 11, 6, 6)}):
        with pytest.raises(ValueError, match="either pixel_values or trunk_map"):
            encoder(**inputs)


def test_another_image_size_is_refused(encoder):
    with pytest.raises(ValueError):
        encoder(torch.randn(1, 3, 64, 96))


def test_the_stride_is_fixed():
    with pytest.raises(ValueError, match="stride, 32, not 16"):
        tiny_config(patch_size=16)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_attention_weights_and_the_attention_implementation(encoder, implementation):
    config = tiny_config()
    config._attn_implementation = implementation
    model = HybridViTModel(config).eval()
    model.load_state_dict(encoder.state_dict())
    assert model.vit.config._attn_implementation == implementation
    x = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(model(x).last_hidden_state, encoder(x).last_hidden_state, rtol=1e-4, atol=1e-5)
        if implementation == "eager":
            attentions = model(x, output_attentions=True).attentions
            assert len(attentions) == 2 and attentions[0].shape == (1, 2, 10, 10)
            torch.testing.assert_close(attentions[0].sum(-1), torch.ones(1, 2, 10))


def test_save_and_load_give_equal_outputs(encoder, tmp_path):
    encoder.save_pretrained(tmp_path)
    again = HybridViTModel.from_pretrained(tmp_path, dtype="float32").eval()
    assert again.config.stem_stages == TINY_STAGES and again.config.hidden_size == 22
    x = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(again(x).last_hidden_state, encoder(x).last_hidden_state, rtol=0, atol=0)


def test_every_parameter_gets_a_gradient(encoder):
    torch.manual_seed(0)
    model = HybridViTModel(tiny_config()).train()
    model.load_state_dict(encoder.state_dict())
    model(torch.randn(2, 3, 96, 96)).last_hidden_state.square().mean().backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []
