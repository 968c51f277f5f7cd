"""Co-attention against PyTorch's own attention, and the properties that make it residual."""

import pytest
import torch
import torch.nn.functional as F

from vqa.model.coattention import CoAttention, CoAttentionBlock, MultiHeadAttention

B, P, L, D, H = 3, 7, 5, 12, 2


@pytest.fixture
def inputs(both_sides):
    return both_sides(B, P, L, D)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_equals_scaled_dot_product_attention(inputs, masked):
    image, text, mask = inputs
    attention = MultiHeadAttention(D, H).double()
    x, memory = image.double().requires_grad_(), text.double().requires_grad_()
    where = mask[:, None, None, :] if masked else None
    ours, weights = attention(x, attention.keys_values(memory), where)
    heads = (attention.split(attention.query(x)), *attention.keys_values(memory))
    theirs = attention.out(F.scaled_dot_product_attention(*heads, attn_mask=where).transpose(1, 2).flatten(2))
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(
        torch.autograd.grad(ours.square().sum(), [x, memory]),
        torch.autograd.grad(theirs.square().sum(), [x, memory]),
        strict=True,
    ):
        torch.testing.assert_close(mine, other)
    assert weights.shape == (B, H, P, L)
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, H, P, dtype=torch.float64))
    if masked:
        assert weights[1, :, :, 3:].max() == 0


def test_padding_changes_nothing(inputs):
    image, text, mask = inputs
    fusion = CoAttention(D, H, 2, 2, 0.0, P).eval()
    padded = fusion(image, text, mask)
    alone = fusion(image[1:2], text[1:2, :3], mask[1:2, :3])
    torch.testing.assert_close(padded[0][1:2], alone[0])
    torch.testing.assert_close(padded[1][1:2, :3], alone[1])


def test_permuting_the_batch_permutes_the_output(inputs):
    image, text, mask = inputs
    fusion, order = CoAttention(D, H, 2, 2, 0.0, P).eval(), [2, 0, 1]
    for straight, permuted in zip(
        fusion(image, text, mask)[:2], fusion(image[order], text[order], mask[order])[:2], strict=True
    ):
        torch.testing.assert_close(straight[order], permuted)


def test_a_patch_keeps_its_place_in_any_order(inputs):
    image, text, mask = inputs
    fusion, order = CoAttention(D, H, 2, 2, 0.0, P).eval(), torch.stack([torch.randperm(P) for _ in range(B)])
    straight = fusion(image, text, mask)
    shuffled = fusion(image.gather(1, order[..., None].expand_as(image)), text, mask, order)
    torch.testing.assert_close(straight[0].gather(1, order[..., None].expand_as(image)), shuffled[0])
    torch.testing.assert_close(straight[1], shuffled[1])


def test_zeroed_sublayers_leave_the_residual_stream_untouched(inputs):
    image, text, mask = inputs
    block = CoAttentionBlock(D, H, 2, 0.0)
    for layer in (
        block.text_to_image.out,
        block.image_to_text.out,
        block.match,
        block.feed_text.project,
        block.feed_image.project,
    ):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    image_out, text_out, _, _ = block(image, text, mask)
    torch.testing.assert_close(image_out, image)
    torch.testing.assert_close(text_out, text)


def test_words_receive_what_they_read_and_their_product_with_it(inputs):
    image, text, mask = inputs
    block = CoAttentionBlock(D, H, 2, 0.0)
    _, text_out, weights, _ = block(image, text, mask)
    normed = block.norm_text(text)
    values = block.text_to_image.value(block.norm_image(image)).unflatten(-1, (H, -1))
    read = block.text_to_image.out(torch.einsum("bhlp,bphd->blhd", weights, values).flatten(2))
    agreement = F.linear(normed * block.norm_read(read), block.match.weight, block.match.bias)
    fused = text + read + agreement
    torch.testing.assert_close(text_out, fused + block.feed_text(fused))


def test_both_directions_return_weights_of_every_block(inputs):
    _, _, to_image, to_text = CoAttention(D, H, 3, 2, 0.0, P)(*inputs)
    assert [tuple(w.shape) for w in to_image] == [(B, H, L, P)] * 3
    assert [tuple(w.shape) for w in to_text] == [(B, H, P, L)] * 3
    for weights in (*to_image, *to_text):
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
