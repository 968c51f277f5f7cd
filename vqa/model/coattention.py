"""Residual multi-head co-attention: words read patches while patches read words (Lu et al. 2016, 2019)."""

import torch
import torch.nn.functional as F
from torch import nn


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


class CoAttentionBlock(nn.Module):
    """Both directions at once, from the same inputs, each with a residual; then a feed-forward for each side.

    A word also receives its product with what it read, feature by feature (Kim et al. 2017, "Hadamard Product for
    Low-rank Bilinear Pooling"): whether the two agree, as "is there a dog?" asks, is hard to learn from their sum.
    """

    def __init__(self, hidden_size: int, num_heads: int, ratio: int, dropout: float):
        super().__init__()
        self.norm_text = nn.LayerNorm(hidden_size)
        self.norm_image = nn.LayerNorm(hidden_size)
        self.text_to_image = MultiHeadAttention(hidden_size, num_heads)
        self.image_to_text = MultiHeadAttention(hidden_size, num_heads)
        self.norm_read = nn.LayerNorm(hidden_size)
        self.match = nn.Linear(hidden_size, hidden_size)
        self.feed_text = FeedForward(hidden_size, ratio, dropout)
        self.feed_image = FeedForward(hidden_size, ratio, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, image: torch.Tensor, text: torch.Tensor, text_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """image (B, P, D), text (B, L, D), mask (B, L) to both, and weights (B, H, L, P) and (B, H, P, L)."""
        normed_image, normed_text = self.norm_image(image), self.norm_text(text)
        to_text, attn_text_to_image = self.text_to_image(normed_text, self.text_to_image.keys_values(normed_image))
        to_image, attn_image_to_text = self.image_to_text(
            normed_image, self.image_to_text.keys_values(normed_text), text_mask[:, None, None, :]
        )
        text = text + self.dropout(to_text + self.match(normed_text * self.norm_read(to_text)))
        image = image + self.dropout(to_image)
        return image + self.feed_image(image), text + self.feed_text(text), attn_text_to_image, attn_image_to_text


class CoAttention(nn.Module):
    """A stack of co-attention blocks over tokens that carry their modality and, for patches, their place."""

    def __init__(self, hidden_size: int, num_heads: int, num_blocks: int, ratio: int, dropout: float, num_patches: int):
        super().__init__()
        self.norm_image = nn.LayerNorm(hidden_size)
        self.norm_text = nn.LayerNorm(hidden_size)
        self.patch_positions = nn.Parameter(torch.randn(num_patches, hidden_size) * 0.02)
        self.blocks = nn.ModuleList(CoAttentionBlock(hidden_size, num_heads, ratio, dropout) for _ in range(num_blocks))

    def forward(
        self,
        image: torch.Tensor,
        text: torch.Tensor,
        text_mask: torch.Tensor,
        patch_indices: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
        """image (B, P, D) and text (B, L, D) to both fused, and each block's attention in both directions.

        `patch_indices` (B, P) are the patches' numbers in the grid, None where all are there.
        """
        image = self.norm_image(image) + (
            self.patch_positions if patch_indices is None else self.patch_positions[patch_indices]
        )
        text = self.norm_text(text)
        text_to_image, image_to_text = [], []
        for block in self.blocks:
            image, text, attn_text_to_image, attn_image_to_text = block(image, text, text_mask)
            text_to_image.append(attn_text_to_image)
            image_to_text.append(attn_image_to_text)
        return image, text, tuple(text_to_image), tuple(image_to_text)
