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
        # Attention with equal scores. They hang on the photograph, so that relevance finds the weights' gradients.
        zeros = 0 * image[:, :, 0]  # (B, P)
        per_patch = zeros.softmax(-1)
        unread = torch.finfo(zeros.dtype).min
        per_word = (zeros.sum(1, keepdim=True) + torch.zeros_like(text[:, :, 0])).masked_fill(~text_mask, unread)
        text_to_image = per_patch[:, None, None].expand(-1, 1, text.shape[1], -1)
        image_to_text = per_word.softmax(-1)[:, None, None].expand(-1, 1, image.shape[1], -1)
        mean_patch = (text_to_image @ self.norm_image(image)[:, None]).mean(2)  # (B, 1, D); each word reads the same
        mean_word = (image_to_text @ self.norm_text(text)[:, None]).mean(2)
        fused = self.project(self.dropout(F.gelu(self.expand(torch.cat([mean_patch, mean_word], dim=-1)))))
        return Fused(fused.expand_as(image), fused.expand_as(text), (text_to_image,), (image_to_text,))
