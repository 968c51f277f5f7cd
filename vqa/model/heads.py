"""The heads: all that lies between two encoders' states and an answer. They are what is trained and saved."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from transformers.utils import ModelOutput

from .alignment import ProjectionAligner
from .coattention import CoAttention
from .configuration import VQAConfig
from .decoder import AnswerDecoder, KeysValues
from .encoders import grid_size, width
from .pooling import PooledFusion
from .search import Hypothesis, PrefixTree, Refused, beam_search, closed_search

Memory = tuple[list[KeysValues], torch.Tensor]  # what the decoder reads, and its mask (B, 1, 1, P + L)


@dataclass
class VQAOutput(ModelOutput):
    """Everything a loss or an explanation may want, by name; attention weights are probabilities.

    `logits` (B, A, V) at piece i are for the piece after it, None where no answer was given, as is `attn_answer`.
    """

    logits: torch.Tensor | None = None
    image_tokens: torch.Tensor | None = None  # (B, P, D) in the shared space
    text_tokens: torch.Tensor | None = None  # (B, L, D)
    image_embed: torch.Tensor | None = None  # (B, D), unit length
    text_embed: torch.Tensor | None = None  # (B, D), unit length
    fused_image: torch.Tensor | None = None  # (B, P, D)
    fused_text: torch.Tensor | None = None  # (B, L, D)
    attn_text_to_image: tuple[torch.Tensor, ...] | None = None  # a block each (B, H, L, P)
    attn_image_to_text: tuple[torch.Tensor, ...] | None = None  # a block each (B, H, P, L)
    attn_text_to_text: tuple[torch.Tensor, ...] | None = None  # a block each (B, H, L, L); None for pooling
    attn_answer: tuple[torch.Tensor, ...] | None = None  # a decoder layer each (B, H, A, P + L)


class VQAHeads(nn.Module):
    """Aligner, fusion and decoder over the states of two encoders, and the state that stands for no photograph.

    A module of its own, so that training, averaging and saving see the heads and nothing else: its state dict is the
    file of a checkpoint in `weights/`.
    """

    def __init__(self, config: VQAConfig):
        super().__init__()
        self.config = config
        image_width, text_width = width(config.vision_config), width(config.text_config)
        rows, columns = grid_size(config.vision_config)
        self.aligner = ProjectionAligner(image_width, text_width, config.hidden_size, config.dropout)
        if config.fusion == "pooled":
            self.fusion = PooledFusion(config.hidden_size, config.feed_forward_ratio, config.dropout)
        else:
            self.fusion = CoAttention(
                config.hidden_size,
                config.num_heads,
                config.patch_blocks,
                config.word_blocks,
                config.feed_forward_ratio,
                config.dropout,
                rows * columns,
            )
        self.decoder = AnswerDecoder(
            config.answer_vocab_size,
            config.max_answer_pieces,
            config.hidden_size,
            config.num_heads,
            config.decoder_layers,
            config.feed_forward_ratio,
            config.dropout,
        )
        # What "no photograph" is: the mean patch of the training photographs.
        self.register_buffer("mean_image_state", torch.zeros(image_width))

    def fuse(
        self,
        image_states: torch.Tensor,
        text_states: torch.Tensor,
        text_mask: torch.Tensor,
    ) -> VQAOutput:
        """Everything before the decoder: the shared space and the co-attention."""
        image_tokens, text_tokens, image_embed, text_embed = self.aligner(image_states, text_states, text_mask)
        fused = self.fusion(image_tokens, text_tokens, text_mask)
        return VQAOutput(
            image_tokens=image_tokens,
            text_tokens=text_tokens,
            image_embed=image_embed,
            text_embed=text_embed,
            fused_image=fused.image,
            fused_text=fused.text,
            attn_text_to_image=fused.text_to_image,
            attn_image_to_text=fused.image_to_text,
            attn_text_to_text=fused.text_to_text or None,
        )

    def read(self, fused: VQAOutput, text_mask: torch.Tensor) -> Memory:
        """What the decoder reads of a fused photograph and question, computed once for all answers."""
        return self.decoder.read(fused.fused_image, fused.fused_text, text_mask)

    def forward(
        self,
        image_states: torch.Tensor,
        text_states: torch.Tensor,
        text_mask: torch.Tensor,
        answer_ids: torch.Tensor | None = None,
    ) -> VQAOutput:
        """Encoder states (B, P, W), (B, L, W) with a mask (B, L) and, teacher-forced, pieces (B, A) from BOS on."""
        output = self.fuse(image_states, text_states, text_mask)
        if answer_ids is not None:
            output.logits, output.attn_answer = self.decoder(answer_ids, *self.read(output, text_mask))
        return output

    @torch.inference_mode()
    def search(
        self,
        memory: Memory,
        count: int = 1,
        allowed: Sequence[Sequence[int]] | None = None,
        num_beams: int = 5,
        length_penalty: float = 0.0,
        no_repeat_ngram_size: int = 0,
        refused: Refused = lambda prefix: (),
        temperatures: Sequence[float] | None = None,
    ) -> list[list[Hypothesis]]:
        """At least the `count` most probable answers to each question of what `read` returned, best first.

        `allowed` are the pieces of the only answers that may come, BOS and EOS included: these are searched exactly.
        Without it a beam of `num_beams` is searched. The three after that are those of `vqa.model.search.beam_search`,
        which calls the first of them `length_power`.
        `temperatures` (B,) divide the logits of each question, by default by what the configuration says of open ones.
        Raises `ValueError` for an empty list.
        """
        keys_values, mask = memory
        config, device = self.config, mask.device
        divisors = torch.tensor(temperatures or [config.temperature_of("open")] * len(mask), device=device)

        def log_probs(prefixes: list[tuple[int, ...]], rows: list[int]) -> torch.Tensor:
            longest = max(map(len, prefixes))
            ids = torch.tensor([[*p, *[config.pad_token_id] * (longest - len(p))] for p in prefixes], device=device)
            row = torch.tensor(rows, device=device)
            logits, _ = self.decoder(ids, [(k[row], v[row]) for k, v in keys_values], mask[row])
            last = torch.tensor([len(prefix) - 1 for prefix in prefixes], device=device)
            return (logits[torch.arange(len(row)), last] / divisors[row, None]).log_softmax(-1).float().cpu()

        bos, eos = config.bos_token_id, config.eos_token_id
        if allowed is not None:
            return closed_search(log_probs, len(mask), PrefixTree(allowed), count, bos, eos)
        banned = (config.pad_token_id, bos, config.unk_token_id)
        width = max(num_beams, count)
        return beam_search(
            log_probs,
            len(mask),
            width,
            config.max_answer_pieces,
            bos,
            eos,
            banned=banned,
            length_power=length_penalty,
            no_repeat_ngram_size=no_repeat_ngram_size,
            refused=refused,
        )
