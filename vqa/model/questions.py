"""Questions that the text encoder has read, to be handed on to whatever is asked of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch.nn.utils.rnn import pad_sequence

from vqa.processing.processor import Word
from vqa.processing.text import MAX_QUESTION_TOKENS, QuestionError


@dataclass(frozen=True, eq=False)
class Question:
    """A question that BERT has read: its clean text, its words, and its tokens (1, L) with their states (1, L, W).

    `mask` (1, L) is True throughout: there is no padding until questions are stacked. All lie in the CPU's memory,
    wherever the model runs: a page keeps them, and a lent GPU goes back.
    """

    text: str
    words: tuple[Word, ...]
    input_ids: torch.Tensor = field(repr=False)
    states: torch.Tensor = field(repr=False)
    mask: torch.Tensor = field(repr=False)


@torch.no_grad()
def encode_questions(model, processor, texts: Sequence[str], device: str | torch.device = "cpu") -> list[Question]:
    """Clean texts, read by the text encoder in one pass. Raises `QuestionError` for one that is too long."""
    input_ids, mask = (tensor.to(device) for tensor in processor.questions(texts))
    if mask.shape[1] > MAX_QUESTION_TOKENS:
        raise QuestionError(
            f"“{texts[int(mask.sum(1).argmax())][:40]}…” is too long: at most {MAX_QUESTION_TOKENS} tokens are read."
        )
    read = [tensor.cpu() for tensor in (input_ids, model.encode_text(input_ids, mask), mask)]
    lengths = mask.sum(1).tolist()
    return [
        Question(text, tuple(processor.words(text)), *(rows[i : i + 1, :length] for rows in read))
        for i, (text, length) in enumerate(zip(texts, lengths, strict=True))
    ]


def stack_questions(
    questions: Sequence[Question], device: str | torch.device = "cpu"
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Their ids (B, L), states (B, L, W) and mask (B, L), True = real token, on a device."""
    parts = ([getattr(question, name)[0] for question in questions] for name in ("input_ids", "states", "mask"))
    input_ids, states, mask = (pad_sequence(rows, batch_first=True).to(device) for rows in parts)
    return input_ids, states, mask
