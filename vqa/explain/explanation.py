"""From a question on an encoded photograph to maps that can be drawn: the front door of `vqa.explain`.

B batch, P patches, L question tokens, A answer pieces, h and w the grid's height and width.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vqa.common.steps import finish
from vqa.explain import maps
from vqa.explain.cases import Cases
from vqa.explain.methods import METHODS
from vqa.model.questions import Question
from vqa.processing.processor import Word

MOST_HIDDEN = 32  # words, or groups of them


@dataclass(frozen=True)
class Explanation:
    """Where a model looked for one answer.

    Attention, rollout and relevance are shares: each map sums to one over the patches, scores sum to one over the
    words (all are zero where a method finds nothing). Occlusion is in the unit of what it measures: maps and scores
    of the answer are falls of its log probability, below zero where hiding helped, and words and patches are linked
    by how far a fused vector turns (1 - cosine).
    """

    method: str
    words: list[str]  # the question's
    pieces: list[str]  # the answer's
    image_map: np.ndarray  # (h, w), for the whole answer
    word_maps: np.ndarray  # (n_words, h, w), what each word reads
    piece_maps: np.ndarray  # (n_pieces, h, w), what each piece of the answer reads
    word_scores: np.ndarray  # (n_words,), how much each word mattered for the answer
    patch_words: np.ndarray  # (h, w, n_words), what each patch reads


def explain(
    model,
    processor,
    image,
    question: str | Question,
    method: str = "relevance",
    layer: int | None = None,
    head: int | None = None,
    answer: str | None = None,
) -> Explanation:
    """Explains one answer; see `explain_batch`."""
    answers = None if answer is None else [answer]
    return explain_batch(model, processor, image, [question], method, layer, head, answers)[0]


def explain_batch(
    model,
    processor,
    image,
    questions: Sequence[str | Question],
    method: str = "relevance",
    layer: int | None = None,
    head: int | None = None,
    answers: Sequence[str] | None = None,
) -> list[Explanation]:
    """Explains the answer to each question; `answers` None takes the model's own.

    `image` is what `model.encode_image` returned for as many photographs as there are questions, or for one.
    `layer` (co-attention blocks, then decoder layers) and `head` choose among attentions and go with the method
    "attention" alone; None averages. Raises `ValueError` for what the model does not have.
    """
    if method not in METHODS:
        raise ValueError(f"There is no method {method!r}; there are {', '.join(METHODS)}.")
    if method != "attention" and (layer is not None or head is not None):
        raise ValueError(f"A layer or a head can be chosen for attention, not for {method}, which uses all of them.")
    # Gradients must be possible whatever mode the caller is in; both switches belong to this thread alone.
    with torch.inference_mode(False), torch.set_grad_enabled(method == "relevance"):
        cases = Cases.encode(model, processor, image.states, questions, answers)
        words = [question.words for question in cases.questions]
        members = [_members(of_question, cases.input_ids.shape[1]) for of_question in words]
        if method == "occlusion":
            found = [(finish(_occlusion(model, cases, row, members[row])), 0) for row in range(len(cases))]
        else:
            together = _from_outputs(model, cases, image, method, layer, head)
            found = [(together, row) for row in range(len(cases))]
        pieces = [processor.pieces(ids) for ids in cases.answer_ids.tolist()]
        return [
            _explanation(method, token_maps, row, words[case], members[case], pieces[case], model.grid_size)
            for case, (token_maps, row) in enumerate(found)
        ]


def _members(words: Sequence[Word], length: int) -> torch.Tensor:
    """(n_words, L) bool: which tokens are a word's."""
    members = torch.zeros(len(words), length, dtype=torch.bool)
    for place, word in enumerate(words):
        members[place, list(word.tokens)] = True
    return members


def _from_outputs(model, cases: Cases, image, method: str, layer: int | None, head: int | None) -> maps.TokenMaps:
    if method == "relevance":
        output, log_probs = cases.run(model, with_gradients=True)
        return maps.relevance(log_probs, _readings(output), output.attn_answer)
    output, _ = cases.run(model)
    if method == "attention":
        weights = (output.attn_text_to_image, output.attn_image_to_text, output.attn_answer)
        return maps.attention(*weights, cases.text_mask, cases.piece_mask, layer, head, output.attn_text_to_text or ())
    device = cases.image_states.device
    vit = [attention.to(device).expand(len(cases), -1, -1, -1) for attention in image.attentions]
    return maps.rollout(vit, image.num_prefix, _readings(output), output.attn_answer, cases.piece_mask)


def _readings(output) -> list[maps.Reading]:
    return maps.readings(output.attn_text_to_image, output.attn_image_to_text, output.attn_text_to_text or ())


def occlusion_steps(
    model, processor, image, question: str | Question, answer: str | None = None, steps: int = 16
) -> Generator[tuple[int, int], None, Explanation]:
    """The method "occlusion" for one answer, a part at a time: yields `(done, steps)` before each, returns the rest.

    A caller can show how far it is, or stop asking.
    """
    with torch.inference_mode(False):
        cases = Cases.encode(model, processor, image.states, [question], None if answer is None else [answer])
        words = cases.questions[0].words
        members = _members(words, cases.input_ids.shape[1])
    found = yield from _occlusion(model, cases, 0, members, steps)
    pieces = processor.pieces(cases.answer_ids[0].tolist())
    return _explanation("occlusion", found, 0, words, members, pieces, model.grid_size)


def _occlusion(
    model, cases: Cases, row: int, members: torch.Tensor, steps: int = 1
) -> Generator[tuple[int, int], None, maps.TokenMaps]:
    groups, members = maps.windows(model.grid_size), _hidden_together(members)
    hidden = maps.occlusion_variants(groups, members)
    parts = list(zip(*(h.tensor_split(min(steps, len(h))) for h in hidden), strict=True))
    results = []
    for done, (patches, tokens) in enumerate(parts):
        yield done, len(parts)
        with torch.inference_mode(False):  # not around the `yield`: what runs meanwhile has modes of its own
            results += [
                (log_probs.cpu(), output.fused_text.cpu(), output.fused_image.cpu())
                for output, log_probs in cases.run_hidden(model, row, patches, tokens)
            ]
    return maps.occlusion(*(torch.cat(part) for part in zip(*results, strict=True)), groups, members)


def _hidden_together(members: torch.Tensor) -> torch.Tensor:
    """The words (n, L) as they are hidden: one at a time, or, where there are many, neighbours together.

    A group's fall is then shared by its words, and a long question costs no more than one of `MOST_HIDDEN` words.
    """
    if len(members) <= MOST_HIDDEN:
        return members
    return torch.stack([part.any(0) for part in members.tensor_split(MOST_HIDDEN)])


def _explanation(
    method: str,
    found: maps.TokenMaps,
    row: int,
    words: Sequence[Word],
    members: torch.Tensor,
    pieces: list[str],
    grid: tuple[int, int],
) -> Explanation:
    """Cuts row `row` of the maps into the grid's patches and the question's words, and makes shares of them."""
    answer, by_piece, token_patches, patch_tokens = (
        t[row].detach().float().cpu() for t in (found.answer, found.pieces, found.token_patches, found.patch_tokens)
    )
    patches = token_patches.shape[-1]
    of_words = members.float().T  # (L, n_words)
    word_maps = (of_words / of_words.sum(0).clamp_min(1)).T @ token_patches
    share = (lambda values: values) if method == "occlusion" else maps.shares
    return Explanation(
        method=method,
        words=[word.text for word in words],
        pieces=pieces,
        image_map=share(answer[:patches]).reshape(grid).numpy(),
        word_maps=share(word_maps).reshape(-1, *grid).numpy(),
        piece_maps=share(by_piece[: len(pieces), :patches]).reshape(-1, *grid).numpy(),
        word_scores=share(answer[patches:] @ of_words).numpy(),
        patch_words=share(patch_tokens @ of_words).reshape(*grid, len(words)).numpy(),
    )
