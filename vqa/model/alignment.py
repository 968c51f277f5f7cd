"""Bringing two encoders' features into one space, and measuring how well they meet there."""

import math

import torch
import torch.nn.functional as F
from torch import nn

MAX_LOGIT_SCALE = math.log(100)  # as in CLIP: a temperature below 0.01 would make training unstable


class Projection(nn.Module):
    """One modality's tokens `(B, T, W)` into the shared space `(B, T, D)`: an affine map plus a residual MLP.

    The MLP's last layer starts at zero and the affine map at the encoder's principal axes
    (`start_at_principal_axes`), so before any training the projection only turns and scales the encoder's features.
    """

    def __init__(self, width: int, hidden_size: int, dropout: float):
        super().__init__()
        self.linear = nn.Linear(width, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.mlp_in = nn.Linear(hidden_size, 2 * hidden_size)
        self.mlp_out = nn.Linear(2 * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.linear(tokens)
        return x + self.dropout(self.mlp_out(F.gelu(self.mlp_in(self.norm(x)))))

    @torch.no_grad()
    def start_at_principal_axes(self, tokens: torch.Tensor) -> None:
        """Sets the projection to the D leading principal axes of sample tokens (N, W), at unit mean variance."""
        mean = tokens.mean(0)
        centred = tokens - mean
        _, axes = torch.linalg.eigh(centred.T @ centred / len(tokens))
        axes = axes.flip(1)[:, : self.linear.out_features]  # (W, D), or (W, W) where the encoder is narrower
        weight = (axes / (centred @ axes).std()).T
        self.linear.weight.zero_()
        self.linear.weight[: len(weight)] = weight
        self.linear.bias.zero_()
        self.linear.bias[: len(weight)] = -weight @ mean
        nn.init.zeros_(self.mlp_out.weight)
        nn.init.zeros_(self.mlp_out.bias)


class ProjectionAligner(nn.Module):
    """Projects patches and words into one space of width D and pools each into a unit vector for cosine."""

    def __init__(self, image_width: int, text_width: int, hidden_size: int, dropout: float = 0.0):
        super().__init__()
        self.image = Projection(image_width, hidden_size, dropout)
        self.text = Projection(text_width, hidden_size, dropout)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(
        self, image_states: torch.Tensor, text_states: torch.Tensor, text_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """`(B, P, W)`, `(B, L, W)` and its mask to image_tokens, text_tokens, image_embed (B, D), text_embed (B, D)."""
        image_tokens, text_tokens = self.image(image_states), self.text(text_states)
        return image_tokens, text_tokens, pool(image_tokens), pool(text_tokens, text_mask)


def pool(tokens: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """The mean of the real tokens `(B, T, D)`, brought to unit length `(B, D)`."""
    if mask is None:
        return F.normalize(tokens.mean(1), dim=-1)
    weight = mask.unsqueeze(-1).to(tokens.dtype)
    return F.normalize((tokens * weight).sum(1) / weight.sum(1).clamp(min=1), dim=-1)


def false_negatives(*groups: torch.Tensor) -> torch.Tensor:
    """`(B, B)`, True where two different rows must not count as negatives: any group id `(B,)` is equal.

    Groups are, for instance, numbers for the image, the caption and the answer of each row; a negative id is
    "none" and equals nothing.
    """
    same = torch.zeros(len(groups[0]), len(groups[0]), dtype=torch.bool, device=groups[0].device)
    for group in groups:
        same |= (group[:, None] == group[None, :]) & (group[:, None] >= 0)
    return same.fill_diagonal_(False)


def contrastive_loss(
    image_embed: torch.Tensor,
    text_embed: torch.Tensor,
    logit_scale: torch.Tensor,
    ignore: torch.Tensor | None = None,
    hard_negatives: torch.Tensor | None = None,
) -> torch.Tensor:
    """Symmetric InfoNCE (van den Oord et al. 2018; CLIP, Radford et al. 2021) of unit vectors (B, D).

    Row i of one side matches row i of the other; `exp(logit_scale)` is the inverse temperature. Pairs where
    `ignore` (B, B) is True are left out of both denominators. `hard_negatives` (B, K, D) are further wrong texts for
    each image, which join the image-to-text denominator. Returns the mean over both directions and all rows.
    """
    scale = logit_scale.clamp(max=MAX_LOGIT_SCALE).exp()
    logits = scale * image_embed @ text_embed.T  # (B, B)
    if ignore is not None:
        logits = logits.masked_fill(ignore, float("-inf"))
    target = torch.arange(len(logits), device=logits.device)
    image_logits = logits
    if hard_negatives is not None:
        image_logits = torch.cat([logits, scale * torch.einsum("bd,bkd->bk", image_embed, hard_negatives)], dim=1)
    return (F.cross_entropy(image_logits, target) + F.cross_entropy(logits.T, target)) / 2
