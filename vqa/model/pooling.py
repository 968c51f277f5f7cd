"""The tutorial baseline beside co-attention: pool both sides, concatenate, and let a small network mix them."""

import torch
import torch.nn.functional as F
from torch import nn

from .coattention import Fused


class PooledFusion(nn.Module):
    """The mean patch and the mean word, concatenated, through an MLP; no word ever looks at a patch.

    It gives what `CoAttention` gives, so that all else stays the same: every token of both sides is the one fused
    vector, and the attention, over one head, is what pooling is, the same weight for every token.
    """

    def __init__(self, hidden_size: int, ratio: int, dropout: float):
        super().__init__()
        self.norm_image = nn.LayerNorm(hidden_size)
        self.norm_text = nn.LayerNorm(hidden_size)
        self.expand = nn.Linear(2 * hidden_size, ratio * hidden_size)
        self.project = nn.Linear(ratio * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        image: torch.Tensor,
        text: torch.Tensor,
        text_mask: torch.Tensor,
    ) -> Fused:
        """image (B, P, D), text (B, L, D) and its mask (B, L) to both fused, and (B, 1, L, P) and (B, 1, P, L)."""
        patches, words = image.shape[1], text.shape[1]
        per_patch = torch.full_like(image[:, :, 0], 1 / patches)  # (B, P)
        per_word = text_mask / text_mask.sum(1, keepdim=True).clamp(min=1)  # (B, L)
        pooled = [
            torch.einsum("bt,btd->bd", weight.to(tokens.dtype), norm(tokens))
            for weight, tokens, norm in ((per_patch, image, self.norm_image), (per_word, text, self.norm_text))
        ]
        fused = self.project(self.dropout(F.gelu(self.expand(torch.cat(pooled, dim=-1)))))[:, None]  # (B, 1, D)
        text_to_image = per_patch[:, None, None, :].expand(-1, 1, words, -1)
        image_to_text = per_word[:, None, None, :].expand(-1, 1, patches, -1)
        return Fused(fused.expand(-1, patches, -1), fused.expand(-1, words, -1), (text_to_image,), (image_to_text,))
