"""The autoregressive Transformer that writes the answer, piece by piece, reading both fused modalities."""

import torch
import torch.nn.functional as F
from torch import nn

from .coattention import FeedForward, MultiHeadAttention

KeysValues = tuple[torch.Tensor, torch.Tensor]


class DecoderLayer(nn.Module):
    """Causal self-attention, cross-attention and feed-forward, pre-norm and residual."""

    def __init__(self, hidden_size: int, num_heads: int, ratio: int, dropout: float):
        super().__init__()
        self.norm_self = nn.LayerNorm(hidden_size)
        self.norm_cross = nn.LayerNorm(hidden_size)
        self.self_attention = MultiHeadAttention(hidden_size, num_heads)
        self.cross_attention = MultiHeadAttention(hidden_size, num_heads)
        self.feed_forward = FeedForward(hidden_size, ratio, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: torch.Tensor, causal: torch.Tensor, memory: KeysValues, memory_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """x (B, A, D) to the same shape, and the cross-attention (B, H, A, P + L)."""
        normed = self.norm_self(x)
        own, _ = self.self_attention(normed, self.self_attention.keys_values(normed), causal)
        x = x + self.dropout(own)
        read, weights = self.cross_attention(self.norm_cross(x), memory, memory_mask)
        x = x + self.dropout(read)
        return x + self.feed_forward(x), weights


class AnswerDecoder(nn.Module):
    """Writes answers over SentencePiece pieces; the output layer is the embedding's transpose (Press and Wolf 2017)."""

    def __init__(
        self,
        vocab_size: int,
        max_pieces: int,
        hidden_size: int,
        num_heads: int,
        num_layers: int,
        ratio: int,
        dropout: float,
    ):
        super().__init__()
        self.pieces = nn.Embedding(vocab_size, hidden_size)
        self.positions = nn.Parameter(torch.randn(max_pieces, hidden_size) * 0.02)
        self.modalities = nn.Parameter(torch.randn(2, hidden_size) * 0.02)  # patches, words
        self.layers = nn.ModuleList(DecoderLayer(hidden_size, num_heads, ratio, dropout) for _ in range(num_layers))
        self.norm_memory = nn.LayerNorm(hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def read(
        self, image: torch.Tensor, text: torch.Tensor, text_mask: torch.Tensor
    ) -> tuple[list[KeysValues], torch.Tensor]:
        """Each layer's keys and values of the fused tokens (B, P, D) and (B, L, D), and their mask (B, 1, 1, P + L).

        They do not depend on the answer, so that decoding computes them once.
        """
        memory = self.norm_memory(torch.cat([image + self.modalities[0], text + self.modalities[1]], dim=1))
        mask = torch.cat([text_mask.new_ones(image.shape[:2]), text_mask], dim=1)[:, None, None, :]
        return [layer.cross_attention.keys_values(memory) for layer in self.layers], mask

    def forward(
        self, answer_ids: torch.Tensor, memory: list[KeysValues], memory_mask: torch.Tensor
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Pieces so far (B, A) to logits (B, A, V) of the piece after each, and each layer's attention over P + L.

        Padding at the end needs no mask: no earlier piece can see it.
        """
        length = answer_ids.shape[1]
        if length > len(self.positions):
            raise ValueError(f"An answer of {length} pieces is longer than the decoder's {len(self.positions)}.")
        x = self.dropout(self.pieces(answer_ids) * self.pieces.embedding_dim**0.5 + self.positions[:length])
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
        attention = []
        for layer, keys_values in zip(self.layers, memory, strict=True):
            x, weights = layer(x, causal, keys_values, memory_mask)
            attention.append(weights)
        return F.linear(self.norm(x), self.pieces.weight, self.bias), tuple(attention)
