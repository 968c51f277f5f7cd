"""Residual multi-head co-attention: words read patches while patches read words (Lu et al. 2016, 2019)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn


class Fused(NamedTuple):
    """What a fusion gives: both sides' tokens, and the attention of its blocks, one tensor each."""

    image: torch.Tensor  # (B, P, D)
    text: torch.Tensor  # (B, L, D)
    text_to_image: tuple[torch.Tensor, ...]  # (B, H, L, P)
    image_to_text: tuple[torch.Tensor, ...]  # (B, H, P, L)
    text_to_text: tuple[torch.Tensor, ...] = ()  # (B, H, L, L), where words attend to each other


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention (Vaswani et al. 2017) that always returns its weights.

    Queries `(B, Q, D)` read keys and values from `(B, K, D)`; gives `(B, Q, D)` and weights `(B, H, Q, K)`, whose
    rows sum to 1. `mask` broadcasts to `(B, H, Q, K)`, True = may be read.
    """

    def __init__(self, hidden_size: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, hidden_size)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """`(B, T, D)` to `(B, H, T, D/H)`."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def keys_values(self, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What can be computed before the queries are known."""
        return self.split(self.key(memory)), self.split(self.value(memory))

    def forward(
        self,
        x: torch.Tensor,
        keys_values: tuple[torch.Tensor, torch.Tensor],
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = keys_values
        query = self.split(self.query(x))
        scores = query @ keys.transpose(-1, -2) * query.shape[-1] ** -0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        return self.out((weights @ values).transpose(1, 2).flatten(2)), weights


class FeedForward(nn.Module):
    """Pre-norm feed-forward sublayer with a gated unit (GEGLU, Shazeer 2020); the caller adds the residual."""

    def __init__(self, hidden_size: int, ratio: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(hidden_size)
        self.expand = nn.Linear(hidden_size, 2 * ratio * hidden_size)
        self.project = nn.Linear(ratio * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value, gate = self.expand(self.norm(x)).chunk(2, dim=-1)
        return self.dropout(self.project(value * F.gelu(gate)))


class WordBlock(nn.Module):
    """Words attend to each other, then read the patches, then a feed-forward, each with a residual (Yu et al. 2019).

    A word also receives its product with what it read, feature by feature (Kim et al. 2017, "Hadamard Product for
    Low-rank Bilinear Pooling"): whether the two agree, as "is there a dog?" asks, is hard to learn from their sum.
    """

    def __init__(self, hidden_size: int, num_heads: int, ratio: int, dropout: float):
        super().__init__()
        self.norm_self, self.norm_text, self.norm_image, self.norm_read = (nn.LayerNorm(hidden_size) for _ in range(4))
        self.among_words = MultiHeadAttention(hidden_size, num_heads)
        self.text_to_image = MultiHeadAttention(hidden_size, num_heads)
        self.match = nn.Linear(hidden_size, hidden_size)
        self.feed = FeedForward(hidden_size, ratio, dropout)
        self.dropout = nn.Dropout(dropout)

    def read_image(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values (B, H, P, D/H) of patches (B, P, D): all that a block needs of them."""
        return self.text_to_image.keys_values(self.norm_image(image))

    def forward(
        self, text: torch.Tensor, text_mask: torch.Tensor, image: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """text (B, L, D), its mask (B, L) and `read_image`'s keys and values to text.

        And the weights (B, H, L, P) with which words read patches, and (B, H, L, L) with which they read each other.
        """
        normed = self.norm_self(text)
        words = self.among_words.keys_values(normed)
        among, among_weights = self.among_words(normed, words, text_mask[:, None, None, :])
        text = text + self.dropout(among)
        normed = self.norm_text(text)
        read, weights = self.text_to_image(normed, image)
        text = text + self.dropout(read + self.match(normed * self.norm_read(read)))
        return text + self.feed(text), weights, among_weights


class PatchBlock(nn.Module):
    """Patches read words, then a feed-forward, each with a residual: patches learn what is asked about."""

    def __init__(self, hidden_size: int, num_heads: int, ratio: int, dropout: float):
        super().__init__()
        self.norm_image, self.norm_text = nn.LayerNorm(hidden_size), nn.LayerNorm(hidden_size)
        self.image_to_text = MultiHeadAttention(hidden_size, num_heads)
        self.feed = FeedForward(hidden_size, ratio, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, image: torch.Tensor, text: torch.Tensor, text_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """image (B, P, D), text (B, L, D), mask (B, L) to image, and weights (B, H, P, L)."""
        words = self.image_to_text.keys_values(self.norm_text(text))
        read, weights = self.image_to_text(self.norm_image(image), words, text_mask[:, None, None, :])
        image = image + self.dropout(read)
        return image + self.feed(image), weights


class CoAttention(nn.Module):
    """Residual multi-head co-attention, deep where tokens are few.

    Patches read the words in `patch_blocks` blocks, whose feed-forward is as wide as they are; then words attend to
    each other and read the patches in `word_blocks` blocks (the encoder-decoder form of MCAN, Yu et al. 2019). A dozen
    words can afford depth; what patches do among themselves belongs into the ViT, which sees a photograph once.
    """

    def __init__(
        self,
        hidden_size: int,
        num_heads: int,
        patch_blocks: int,
        word_blocks: int,
        ratio: int,
        dropout: float,
        num_patches: int,
    ):
        super().__init__()
        self.norm_image = nn.LayerNorm(hidden_size)
        self.norm_text = nn.LayerNorm(hidden_size)
        self.patch_positions = nn.Parameter(torch.randn(num_patches, hidden_size) * 0.02)
        self.patch_blocks = nn.ModuleList(PatchBlock(hidden_size, num_heads, 1, dropout) for _ in range(patch_blocks))
        self.word_blocks = nn.ModuleList(WordBlock(hidden_size, num_heads, ratio, dropout) for _ in range(word_blocks))

    def forward(self, image: torch.Tensor, text: torch.Tensor, text_mask: torch.Tensor) -> Fused:
        """image (B, P, D), text (B, L, D) and its mask (B, L) to both fused, and each block's attention."""
        image, text = self.norm_image(image) + self.patch_positions, self.norm_text(text)
        text_to_image, image_to_text, text_to_text = [], [], []
        for block in self.patch_blocks:
            image, weights = block(image, text, text_mask)
            image_to_text.append(weights)
        for block in self.word_blocks:
            text, weights, among = block(text, text_mask, block.read_image(image))
            text_to_image.append(weights)
            text_to_text.append(among)
        return Fused(image, text, tuple(text_to_image), tuple(image_to_text), tuple(text_to_text))

    @property
    def blocks(self) -> list[nn.Module]:
        """All blocks in their order."""
        return [*self.patch_blocks, *self.word_blocks]
