"""The pooled baseline: nothing but the two means reaches the answer."""

import pytest
import torch
from transformers import BertConfig, ViTConfig

from vqa.model.configuration import VQAConfig
from vqa.model.model import VQAModel
from vqa.model.pooling import PooledFusion

B, P, L, D = 3, 7, 5, 11


@pytest.fixture
def inputs(both_sides):
    return both_sides(B, P, L, D)


@pytest.fixture
def fusion():
    torch.manual_seed(1)
    return PooledFusion(D, 2, 0.0).eval()


def test_every_token_is_the_one_fused_vector_and_attention_is_uniform(fusion, inputs):
    image, text, (to_image,), (to_text,), _ = fusion(*inputs)
    assert image.shape == (B, P, D) and text.shape == (B, L, D)
    torch.testing.assert_close(image, text[:, :1].expand(-1, P, -1))
    torch.testing.assert_close(to_image, torch.full((B, 1, L, P), 1 / P))
    torch.testing.assert_close(to_text.sum(-1), torch.ones(B, 1, P))
    torch.testing.assert_close(to_text[1, 0, 0], torch.tensor([1 / 3] * 3 + [0.0] * 2))


def test_neither_padding_nor_the_order_of_tokens_changes_anything(fusion, inputs):
    image, text, mask = inputs
    fused = fusion(image, text, mask)[0]
    torch.testing.assert_close(fused[1:2], fusion(image[1:2], text[1:2, :3], mask[1:2, :3])[0])
    torch.testing.assert_close(fused, fusion(image.flip(1), text, mask)[0])
    assert not torch.allclose(fused, fusion(image + torch.randn(B, 1, D), text, mask)[0])


def test_a_model_with_it_answers_and_is_loaded_as_such(inputs, tmp_path):
    vision = ViTConfig(image_size=28, patch_size=14, hidden_size=22, num_hidden_layers=1, num_attention_heads=2)
    text = BertConfig(vocab_size=41, hidden_size=26, num_hidden_layers=1, num_attention_heads=2, intermediate_size=29)
    heads = {"hidden_size": 12, "num_heads": 2, "decoder_layers": 1, "answer_vocab_size": 31}
    model = VQAModel(VQAConfig(vision_config=vision, text_config=text, fusion="pooled", **heads)).eval()
    batch = torch.randn(B, 4, 22), torch.randn(B, L, 26), inputs[2], torch.randint(3, 31, (B, 4))
    output = model.heads(*batch)
    assert output.logits.shape == (B, 4, 31) and len(output.attn_text_to_image) == 1
    output.logits.sum().backward()
    assert all(p.grad is not None for p in model.heads.fusion.parameters())
    model.save_pretrained(tmp_path)
    loaded = VQAModel.from_pretrained(tmp_path).eval()
    assert isinstance(loaded.heads.fusion, PooledFusion) and torch.equal(loaded.heads(*batch).logits, output.logits)


def test_an_unknown_fusion_is_refused():
    with pytest.raises(ValueError, match="'coattention' or 'pooled'"):
        VQAConfig(fusion="concatenated")
