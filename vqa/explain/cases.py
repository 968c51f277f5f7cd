"""Questions on encoded photographs with the answers to be explained, and the model asked again with parts hidden.

B batch, P patches, L question tokens, A answer pieces, W width of the image encoder, N variants of one case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vqa.data.questions import answer_kind
from vqa.model.questions import Question, encode_questions, stack_questions
from vqa.processing.processor import BOS, EOS, PAD
from vqa.processing.text import clean_question

ROWS = 64  # variants in one forward pass: more is no faster on a CPU and takes memory
ATTENTIONS = 2**19  # weights of one head and block in it, which is what long questions fill the memory with


@dataclass(frozen=True)
class Cases:
    """A batch of questions, each with its photograph and the answer that a map is to explain."""

    questions: list[Question]
    image_states: Tensor  # (B, P, W)
    input_ids: Tensor  # (B, L)
    text_mask: Tensor  # (B, L) bool
    text_states: Tensor  # (B, L, width of the text encoder)
    answer_ids: Tensor  # (B, A), with BOS and EOS

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def piece_mask(self) -> Tensor:
        """(B, A), True where the decoder is about to say a piece of the answer (the first place always)."""
        following = torch.nn.functional.pad(self.answer_ids[:, 1:], (0, 1), value=PAD)
        mask = (following != PAD) & (following != EOS)
        mask[:, 0] = True
        return mask

    @classmethod
    @torch.no_grad()
    def encode(
        cls,
        model,
        processor,
        image_states: Tensor,
        questions: Sequence[str | Question],
        answers: Sequence[str] | None = None,
    ) -> "Cases":
        """Encodes the questions that are still text; `image_states` has a row for each of them, or one row for all.

        `answers` None takes the model's own. Raises `QuestionError` for an empty question and `ValueError` where
        the numbers do not match.
        """
        if image_states.shape[0] not in (1, len(questions)):
            raise ValueError(f"{image_states.shape[0]} photographs do not go with {len(questions)} questions.")
        if answers is not None and len(answers) != len(questions):
            raise ValueError(f"{len(answers)} answers do not go with {len(questions)} questions.")
        # States made under inference mode cannot take part in a gradient; a copy can.
        device = model.heads.mean_image_state.device
        image_states = image_states.detach().to(device, copy=True).expand(len(questions), -1, -1)
        texts = [clean_question(question) for question in questions if isinstance(question, str)]
        read = iter(encode_questions(model, processor, texts, device) if texts else ())
        questions = [next(read) if isinstance(question, str) else question for question in questions]
        input_ids, text_states, text_mask = stack_questions(questions, device)
        if answers is None:
            answer_ids = greedy_answers(model, image_states, text_states, text_mask)
        else:
            answer_ids = processor.pad_answers([processor.encode_answer(answer) for answer in answers])
        return cls(questions, image_states, input_ids, text_mask, text_states, answer_ids.to(image_states.device))

    def calibrated(self, model, logits: Tensor, rows: slice = slice(None)) -> Tensor:
        """Log-probabilities (B, A, V) of the next pieces at the temperatures of the questions in `rows`.

        One question goes with any number of `logits` (B, A, V).
        """
        divisors = [model.config.temperature_of(answer_kind(question.text)) for question in self.questions[rows]]
        return torch.log_softmax(logits.float() / torch.tensor(divisors, device=logits.device)[:, None, None], dim=-1)

    def log_probs(self, model, logits: Tensor, answer_ids: Tensor, rows: slice = slice(None)) -> Tensor:
        """The log probabilities (B, A - 1) of an answer's pieces, EOS among them, as calibrated; zero at padding."""
        log_probs = self.calibrated(model, logits[:, :-1], rows)
        following = answer_ids[:, 1:]
        return log_probs.gather(-1, following[..., None])[..., 0].masked_fill(following == PAD, 0.0)

    def run(self, model, with_gradients: bool = False):
        """The model's output for the batch, and the log probabilities (B, A - 1) of the pieces.

        `with_gradients` makes leaves of the states, so that attention has gradients though the model may be frozen.
        """
        states = self.image_states, self.text_states
        if with_gradients:
            states = tuple(state.detach().clone().requires_grad_(True) for state in states)
        output = model.heads(*states, self.text_mask, self.answer_ids)
        return output, self.log_probs(model, output.logits, self.answer_ids)

    @torch.no_grad()
    def run_hidden(
        self, model, row: int, hidden_patches: Tensor, hidden_tokens: Tensor | None = None
    ) -> Iterator[tuple]:
        """Case `row` in N variants, a few at a time: `(output, log probabilities)` as in `run`.

        `hidden_patches` (N, P) become the mean image state; `hidden_tokens` (N, L) are seen neither by the text
        encoder nor by the fusion.
        """
        hidden_patches = hidden_patches.to(self.image_states.device)
        length = self.text_mask.shape[1]
        rows = max(1, min(ROWS, ATTENTIONS // (length * (length + self.image_states.shape[1]))))
        for start in range(0, len(hidden_patches), rows):
            hidden = hidden_patches[start : start + rows]
            states = torch.where(hidden[..., None], model.heads.mean_image_state, self.image_states[row])
            text_mask = self.text_mask[row].expand(len(hidden), -1)
            text_states = self.text_states[row].expand(len(hidden), -1, -1)
            if hidden_tokens is not None and hidden_tokens[start : start + rows].any():
                text_mask = text_mask & ~hidden_tokens[start : start + rows].to(text_mask.device)
                text_states = model.encode_text(self.input_ids[row].expand(len(hidden), -1), text_mask)
            answer_ids = self.answer_ids[row].expand(len(hidden), -1)
            output = model.heads(states, text_states, text_mask, answer_ids)
            yield output, self.log_probs(model, output.logits, answer_ids, slice(row, row + 1))


@torch.no_grad()
def greedy_answers(model, image_states: Tensor, text_states: Tensor, text_mask: Tensor) -> Tensor:
    """The likeliest piece at each step until EOS: (B, A)."""
    ids = torch.full((len(text_states), 1), BOS, device=image_states.device)
    ended = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    while not ended.all():
        nxt = model.heads(image_states, text_states, text_mask, ids).logits[:, -1].argmax(-1)
        nxt = torch.full_like(nxt, EOS) if ids.shape[1] == model.config.max_answer_pieces - 1 else nxt
        ids = torch.cat([ids, nxt.masked_fill(ended, PAD)[:, None]], dim=1)
        ended = ended | (nxt == EOS)
    return ids
