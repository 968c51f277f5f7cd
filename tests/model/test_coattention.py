"""Co-attention against PyTorch's own attention, and the properties that make it residual."""

import pytest
import torch
import torch.nn.functional as F

from vqa.model.coattention import (
    CoAttention,
    MultiHeadAttention,
    PatchBlock,
    WordBlock,
)

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


@pytest.fixture
def fusion():
    return CoAttention(D, H, 1, 3, 2, 0.0, P).eval()


def test_padding_changes_nothing(inputs, fusion):
    image, text, mask = inputs
    padded = fusion(image, text, mask)
    alone = fusion(image[1:2], text[1:2, :3], mask[1:2, :3])
    torch.testing.assert_close(padded[0][1:2], alone[0])
    torch.testing.assert_close(padded[1][1:2, :3], alone[1])


def test_permuting_the_batch_permutes_the_output(inputs, fusion):
    image, text, mask = inputs
    order = [2, 0, 1]
    for straight, permuted in zip(
        fusion(image, text, mask)[:2], fusion(image[order], text[order], mask[order])[:2], strict=True
    ):
        torch.testing.assert_close(straight[order], permuted)


def silence(*layers: torch.nn.Linear) -> None:
    for layer in layers:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)


def test_zeroed_sublayers_of_words_and_patches_leave_their_residual_streams_untouched(inputs):
    image, text, mask = inputs
    words, patches = WordBlock(D, H, 2, 0.0), PatchBlock(D, H, 2, 0.0)
    silence(words.among_words.out, words.text_to_image.out, words.match, words.feed.project)
    silence(patches.image_to_text.out, patches.feed.project)
    torch.testing.assert_close(words(text, mask, words.read_image(image))[0], text)
    torch.testing.assert_close(patches(image, text, mask)[0], image)


def test_a_word_block_is_self_attention_then_reading_with_the_product_then_feed_forward(inputs):
    image, text, mask = inputs
    block = WordBlock(D, H, 2, 0.0)

    def attend(attention, queries, memory, where=None):
        heads = (attention.split(attention.query(queries)), *attention.keys_values(memory))
        return attention.out(F.scaled_dot_product_attention(*heads, attn_mask=where).transpose(1, 2).flatten(2))

    normed = block.norm_self(text)
    after = text + attend(block.among_words, normed, normed, mask[:, None, None, :])
    normed = block.norm_text(after)
    read = attend(block.text_to_image, normed, block.norm_image(image))
    after = after + read + F.linear(normed * block.norm_read(read), block.match.weight, block.match.bias)
    fused, weights, among = block(text, mask, block.read_image(image))
    torch.testing.assert_close(fused, after + block.feed(after))
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, H, L))
    torch.testing.assert_close(among.sum(-1), torch.ones(B, H, L))
    assert among[1, ..., 3:].max() == 0  # padding


def test_words_read_patches_that_have_read_the_words(inputs):
    image, text, mask = inputs
    fusion = CoAttention(D, H, 1, 1, 2, 0.0, P)
    placed = fusion.norm_image(image) + fusion.patch_positions
    patches, to_text = fusion.patch_blocks[0](placed, fusion.norm_text(text), mask)
    words, to_image, among = fusion.word_blocks[0](
        fusion.norm_text(text), mask, fusion.word_blocks[0].read_image(patches)
    )
    for ours, expected in zip(
        fusion(image, text, mask), (patches, words, (to_image,), (to_text,), (among,)), strict=True
    ):
        torch.testing.assert_close(ours, expected)


def test_every_block_returns_its_weights(inputs):
    _, _, to_image, to_text, among = CoAttention(D, H, 2, 5, 2, 0.0, P)(*inputs)
    assert [tuple(w.shape) for w in among] == [(B, H, L, L)] * 5
    assert [tuple(w.shape) for w in to_image] == [(B, H, L, P)] * 5
    assert [tuple(w.shape) for w in to_text] == [(B, H, P, L)] * 2
    for weights in (*to_image, *to_text):
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    assert max(weights[1, ..., 3:].max() for weights in to_text) == 0  # padding
