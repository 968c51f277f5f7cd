"""One question on one photograph, followed through the model: what each stage makes of it, as arrays and words.

P patches, L question tokens, W width of the image encoder, D shared width, h and w the grid's height and width.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from vqa.explain.cases import Cases
from vqa.explain.explanation import explain
from vqa.model.encoders import pixels_and_patch
from vqa.model.questions import Question
from vqa.processing.processor import BOS, EOS, PAD, UNKNOWN

SHOWN_VALUES = 6  # of a vector, as a sample of it
RUNNERS_UP = 5  # pieces shown for each step of the decoder


@dataclass(frozen=True)
class PieceStep:
    """One step of the decoder: the piece it wrote, its calibrated probability, and the likeliest pieces there."""

    piece: str  # empty where the answer ends
    probability: float
    top: list[tuple[str, float]]  # best first
    read_patches: float  # share of the last layer's attention, averaged over its heads, that went to patches


@dataclass(frozen=True)
class Trace:
    """What the stages gave. One word and the patch that it reads most are followed all the way."""

    shapes: dict[str, tuple[int, ...]]  # of one photograph or question, by the names of `VQAOutput`
    tokens: list[tuple[str, int]]  # BERT's word pieces and their numbers in its vocabulary
    words: list[str]
    word: int  # the word that is followed
    patch: tuple[int, int]  # row and column of the patch that is followed
    values: dict[str, np.ndarray]  # (SHOWN_VALUES,): the followed patch or word after a stage, by the stage's name
    cosine: float  # of photograph and question, pooled
    word_patch: np.ndarray  # (n_words, h, w) cosines in the shared space
    block: int
    head: int
    head_maps: np.ndarray  # (n_words, h, w): what each word reads in this head, each sums to 1
    word_turns: np.ndarray  # (n_words,): 1 - cosine between a word before the fusion and after it
    patch_turns: np.ndarray  # (h, w): the same of the patches
    answer: str
    steps: list[PieceStep]

    @property
    def probability(self) -> float:
        """Of the answer, spelt like this: the product over the steps."""
        return float(np.prod([step.probability for step in self.steps]))


@torch.no_grad()
def trace(model, processor, image, question: str | Question, answer: str) -> Trace:
    """Follows `question` on a photograph that `model.encode_image` has seen (`image`) to `answer`.

    The longest word is followed, which says most of what is asked. Of the last co-attention block it shows the head in
    which that word reads most of what the answer came from, as the relevance map has it; the patch that the word reads
    most there is followed too. Raises `QuestionError`, and `ValueError` for a question without words.
    """
    with torch.inference_mode(False):
        cases = Cases.encode(model, processor, image.states, [question], [answer])
        output, log_probs = cases.run(model)
    words = cases.questions[0].words
    members = torch.zeros(len(words), cases.input_ids.shape[1])
    for place, word in enumerate(words):
        members[place, list(word.tokens)] = 1 / len(word.tokens)  # a word is the mean of its tokens
    read = torch.einsum("nl,hlp->hnp", members, output.attn_text_to_image[-1][0].float().cpu())
    word = max(range(len(words)), key=lambda place: sum(c.isalpha() for c in words[place].text), default=0)
    if not words or not any(c.isalnum() for c in words[word].text):
        raise ValueError("There is no word in this question.")
    relevance = explain(model, processor, image, cases.questions[0], answer=answer).image_map
    head, grid = int((read[:, word] @ torch.from_numpy(relevance).flatten()).argmax()), model.grid_size
    place = int(read[head, word].argmax())

    def of_patch(tokens: torch.Tensor) -> np.ndarray:
        return tokens[0, place, :SHOWN_VALUES].float().cpu().numpy()

    def of_word(tokens: torch.Tensor) -> np.ndarray:
        return (members[word] @ tokens[0].float().cpu())[:SHOWN_VALUES].numpy()

    image_tokens, text_tokens = output.image_tokens[0].float().cpu(), members @ output.text_tokens[0].float().cpu()
    fused_image, fused_text = output.fused_image[0].float().cpu(), members @ output.fused_text[0].float().cpu()
    return Trace(
        shapes=_shapes(model, cases, output),
        tokens=processor.tokens(cases.input_ids[0].tolist()),
        words=[word.text for word in words],
        word=word,
        patch=divmod(place, grid[1]),
        values={
            "image_states": of_patch(cases.image_states),
            "text_states": of_word(cases.text_states),
            "image_tokens": of_patch(output.image_tokens),
            "text_tokens": of_word(output.text_tokens),
            "fused_image": of_patch(output.fused_image),
            "fused_text": of_word(output.fused_text),
        },
        cosine=float((output.image_embed * output.text_embed).sum()),
        word_patch=(F.normalize(text_tokens, dim=-1) @ F.normalize(image_tokens, dim=-1).T).reshape(-1, *grid).numpy(),
        block=len(output.attn_text_to_image) - 1,
        head=head,
        head_maps=read[head].reshape(-1, *grid).numpy(),
        word_turns=(1 - F.cosine_similarity(text_tokens, fused_text)).numpy(),
        patch_turns=(1 - F.cosine_similarity(image_tokens, fused_image)).reshape(grid).numpy(),
        answer=answer,
        steps=_steps(model, processor, cases, output, log_probs),
    )


def _shapes(model, cases: Cases, output) -> dict[str, tuple[int, ...]]:
    """Without the batch, which is of one."""
    names = ("image_tokens", "text_tokens", "image_embed", "text_embed", "fused_image", "fused_text", "logits")
    tensors = {name: output[name] for name in names}
    tensors |= {"image_states": cases.image_states, "text_states": cases.text_states}
    tensors |= {"attn_text_to_image": output.attn_text_to_image[-1]}
    sides, _ = pixels_and_patch(model.config.vision_config)
    return {"pixels": (3, *sides)} | {name: tuple(tensor.shape[1:]) for name, tensor in tensors.items()}


def _steps(model, processor, cases: Cases, output, log_probs: torch.Tensor) -> list[PieceStep]:
    """The decoder's steps up to the end of the answer."""
    chances = cases.calibrated(model, output.logits)[0].exp().cpu()  # (A, V)
    chances[:, [PAD, BOS, UNKNOWN]] = 0  # which are never written
    patches = cases.image_states.shape[1]
    read_patches = output.attn_answer[-1][0].float().mean(0)[:, :patches].sum(-1)  # (A,)

    def name(piece: int) -> str:
        return "" if piece == EOS else processor.pieces([piece])[0]

    steps = []
    for place, piece in enumerate(cases.answer_ids[0, 1:].tolist()):
        best = chances[place].topk(min(RUNNERS_UP, chances.shape[-1]))
        top = [(name(other), float(chance)) for chance, other in zip(best.values, best.indices.tolist(), strict=True)]
        steps.append(PieceStep(name(piece), float(log_probs[0, place].exp()), top, float(read_patches[place])))
    return steps
