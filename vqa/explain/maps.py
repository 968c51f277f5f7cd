"""Four ways to say where a model looked, each a function from returned values to maps. No hooks, no state.

The answer decoder reads one fused sequence, the P patches followed by the L words, so maps are kept as shares of
that sequence (`TokenMaps`) until `vqa.explain.explanation` cuts them into a grid and into words.

B batch, P patches, S patches with the ViT's prefix tokens, L question tokens, A answer pieces, H heads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

TINY = 1e-12  # below this a sum counts as zero: nothing is divided by it


@dataclass(frozen=True)
class TokenMaps:
    """How much each target reads each source. Rows belong to padding where the question or the answer is padded."""

    answer: Tensor  # (B, P + L), the whole answer
    pieces: Tensor  # (B, A, P + L), each piece of it
    token_patches: Tensor  # (B, L, P)
    patch_tokens: Tensor  # (B, P, L)


@dataclass(frozen=True)
class Reading:
    """A step of the fusion: who reads whom, at once. Weights (B, H, readers, read), None where nobody does."""

    text_to_text: Tensor | None = None
    text_to_image: Tensor | None = None
    image_to_text: Tensor | None = None


def readings(
    text_to_image: Sequence[Tensor], image_to_text: Sequence[Tensor], text_to_text: Sequence[Tensor] = ()
) -> list[Reading]:
    """The steps of a fusion in their order, from its blocks' weights.

    Where words attend to each other, the patches' blocks come first, and a word's block is two steps; elsewhere both
    sides read each other at once.
    """
    if not text_to_text:
        return [Reading(None, *pair) for pair in zip(text_to_image, image_to_text, strict=True)]
    steps = [Reading(image_to_text=weights) for weights in image_to_text]
    for among, to_image in zip(text_to_text, text_to_image, strict=True):
        steps += [Reading(text_to_text=among), Reading(text_to_image=to_image)]
    return steps


def shares(values: Tensor) -> Tensor:
    """`values` over their sum along the last axis; where that is zero, zeros."""
    total = values.sum(-1, keepdim=True)
    return torch.where(total > TINY, values / total.clamp_min(TINY), torch.zeros_like(values))


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of `values` (B, N, ...) over the N with `mask` (B, N) True."""
    weight = mask.to(values.dtype).reshape(*mask.shape, *[1] * (values.dim() - 2))
    return (values * weight).sum(1) / weight.sum(1).clamp_min(1)


# --- attention ---------------------------------------------------------------------------------------------------


def attention(
    text_to_image: Sequence[Tensor],
    image_to_text: Sequence[Tensor],
    answer: Sequence[Tensor],
    text_mask: Tensor,
    piece_mask: Tensor,
    layer: int | None = None,
    head: int | None = None,
    text_to_text: Sequence[Tensor] = (),
) -> TokenMaps:
    """Attention as it is, of one layer or averaged over all, of one head or averaged over all.

    Layers are counted through the blocks in which words read patches and on through the decoder's layers. A block's map
    of the answer is what the question's words read on average, a decoder layer's is what the answer's pieces read.
    Words and patches are linked by co-attention alone, and pieces by the decoder alone, so those maps are averaged over
    all blocks, or all layers, when `layer` lies in the other part; what patches read is averaged over their blocks
    where these are others than the words'.

    `text_to_image`, `image_to_text` and `text_to_text` hold (B, H, L, P), (B, H, P, L) and (B, H, L, L), one a block,
    `answer` (B, H, A, P + L), one a layer; `text_mask` is (B, L) and `piece_mask` (B, A). Raises `ValueError` for a
    layer or head not there.
    """
    blocks, layers = len(text_to_image), len(text_to_image) + len(answer)
    heads = max(t.shape[1] for t in (*text_to_image, *answer))  # pooling has one, whichever is chosen
    for name, value, count in (("layer", layer, layers), ("head", head, heads)):
        if value is not None and not 0 <= value < count:
            raise ValueError(f"There is no {name} {value}: this model's are 0 to {count - 1}.")

    def one_head(tensors: Sequence[Tensor]) -> list[Tensor]:
        return [t.mean(1) if head is None or t.shape[1] == 1 else t[:, head] for t in tensors]

    to_image, to_text, read = one_head(text_to_image), one_head(image_to_text), one_head(answer)
    patches = to_image[0].shape[-1]
    # How much each word counts in a block: what words read of each other, or else what patches read of them.
    of_words = [masked_mean(among, text_mask) for among in one_head(text_to_text)] or [it.mean(1) for it in to_text]
    by_layer = [
        *(torch.cat([masked_mean(ti, text_mask), words], -1) for ti, words in zip(to_image, of_words, strict=True)),
        *(masked_mean(cross, piece_mask) for cross in read),
    ]
    by_layer = [torch.cat([shares(m[:, :patches]), shares(m[:, patches:])], -1) for m in by_layer]

    def chosen(tensors: list[Tensor], first: int = 0) -> Tensor:
        here = layer is not None and first <= layer < first + len(tensors)
        return tensors[layer - first] if here else torch.stack(tensors).mean(0)

    patch_tokens = torch.stack(to_text).mean(0) if text_to_text else chosen(to_text)
    return TokenMaps(chosen(by_layer), chosen(read, blocks), chosen(to_image), patch_tokens)


# --- rollout -----------------------------------------------------------------------------------------------------


def rollout(
    vit: Sequence[Tensor], num_prefix: int, steps: Sequence[Reading], answer: Sequence[Tensor], piece_mask: Tensor
) -> TokenMaps:
    """Attention rollout (Abnar and Zuidema 2020) from the answer's pieces down to the ViT's input patches.

    Each layer is `(attention + identity) / 2`, the identity standing for the residual, and the layers are
    multiplied. A step of the fusion is one such layer over patches and words together, in which a side that does not
    read stays as it is; the decoder starts from nothing, as a piece's own embedding carries no evidence. Class and
    register tokens take part in the ViT as stations on the way; what begins at them comes from no patch and is left
    out.

    `vit` holds (B, heads, S, S), one a layer (empty: the patches are taken as the input); `steps` are those of
    `readings`, the others are as in `attention`.
    """
    batch, _, tokens, patches = next(step.text_to_image for step in steps if step.text_to_image is not None).shape
    fused = torch.eye(patches + tokens).to(answer[0]).expand(batch, -1, -1)
    for step in steps:
        fused = joint(step, patches, tokens) @ fused
    pieces = torch.zeros_like(answer[0][:, 0])
    for cross in answer:
        pieces = (cross.mean(1) @ fused + pieces) / 2
    pieces = shares(pieces)

    if len(vit):
        seen = torch.eye(patches + num_prefix).to(vit[0]).expand(batch, -1, -1)
        for layer in vit:
            seen = (layer.mean(1) @ seen + seen) / 2
        seen = shares(seen[:, num_prefix:, num_prefix:])
        pieces, fused = (torch.cat([r[..., :patches] @ seen, r[..., patches:]], dim=-1) for r in (pieces, fused))
    return TokenMaps(
        masked_mean(pieces, piece_mask), pieces, fused[:, patches:, :patches], fused[:, :patches, patches:]
    )


def joint(step: Reading, patches: int, tokens: int) -> Tensor:
    """A step with its residuals as one matrix (B, P + L, P + L) over patches and words, whose rows sum to 1."""
    some = next(weights for weights in vars(step).values() if weights is not None)
    both = torch.eye(patches + tokens).to(some).repeat(len(some), 1, 1)
    words, image = slice(patches, None), slice(patches)
    for weights, rows, columns in (
        (step.text_to_text, words, words),
        (step.text_to_image, words, image),
        (step.image_to_text, image, words),
    ):
        if weights is not None:
            both[:, rows] /= 2
            both[:, rows, columns] += weights.mean(1) / 2
    return both


# --- relevance ---------------------------------------------------------------------------------------------------


def relevance(log_probs: Tensor, steps: Sequence[Reading], answer: Sequence[Tensor]) -> TokenMaps:
    """Gradient-weighted attention (Chefer, Gur and Wolf 2021) for a fusion's `readings` and a cross-attending decoder.

    `log_probs` (B, A) are those of the answer's pieces, zero at padding, computed *from* the given attention
    tensors. Gradients are taken with respect to these tensors and nothing else, so that concurrent calls on one
    model share no state.
    """
    names = [(i, name) for i, step in enumerate(steps) for name, weights in vars(step).items() if weights is not None]
    tensors = [*(getattr(steps[i], name) for i, name in names), *answer]
    total = [torch.zeros_like(t) for t in tensors]
    pieces = []

    def propagated(grads: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        weighted = [(t * g).clamp_min(0).mean(1).detach() for t, g in zip(tensors, grads, strict=True)]
        fields: list[dict[str, Tensor]] = [{} for _ in steps]
        for (i, name), weights in zip(names, weighted, strict=False):
            fields[i][name] = weights
        return _propagate([Reading(**field) for field in fields], weighted[len(names) :])

    for i in range(log_probs.shape[1]):
        # A sum over the batch: each question's attention has a gradient from its own answer alone.
        grads = torch.autograd.grad(
            log_probs[:, i].sum(), tensors, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        total = [t + g for t, g in zip(total, grads, strict=True)]
        pieces.append(propagated(grads)[0])
    whole, token_patches, patch_tokens = propagated(total)
    return TokenMaps(whole, torch.stack(pieces, dim=1), token_patches, patch_tokens)


@torch.no_grad()
def _propagate(steps: Sequence[Reading], answer: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The relevance of patches and words (B, P + L) for the answer, and (B, L, P) and (B, P, L) for each other.

    Weights come without heads. The letters are the paper's: `r_tt` relates words to words, `r_ti` words to patches, and
    so on; `a_ti` is the attention with which words read patches.
    """
    like = next(step.text_to_image for step in steps if step.text_to_image is not None)
    batch, tokens, patches = like.shape
    r_tt = torch.eye(tokens).to(like).expand(batch, -1, -1)
    r_ii = torch.eye(patches).to(like).expand(batch, -1, -1)
    r_ti, r_it = torch.zeros_like(like), torch.zeros_like(like).mT
    for step in steps:
        a_tt, a_ti, a_it = step.text_to_text, step.text_to_image, step.image_to_text
        n_tt, n_ii = _normalised(r_tt), _normalised(r_ii)
        more_ti, more_it, more_tt, more_ii = (torch.zeros_like(r) for r in (r_ti, r_it, r_tt, r_ii))
        if a_tt is not None:  # the paper's equations 6 and 7
            more_tt, more_ti = more_tt + a_tt @ r_tt, more_ti + a_tt @ r_ti
        if a_ti is not None:  # 8 to 11
            more_ti, more_tt = more_ti + n_tt.mT @ a_ti @ n_ii, more_tt + a_ti @ r_it
        if a_it is not None:
            more_it, more_ii = more_it + n_ii.mT @ a_it @ n_tt, more_ii + a_it @ r_ti
        r_ti, r_it, r_tt, r_ii = r_ti + more_ti, r_it + more_it, r_tt + more_tt, r_ii + more_ii
    # The decoder reads patches and words as one sequence, so both are normalised as one.
    context = _normalised(torch.cat([torch.cat([r_ii, r_it], -1), torch.cat([r_ti, r_tt], -1)], dim=-2))
    read = sum(a.sum(1) for a in answer)  # over the decoder's layers and positions: (B, P + L)
    return (read[:, None] @ context)[:, 0], r_ti, r_it


def _normalised(r: Tensor) -> Tensor:
    """The paper's equation 9: what a token took from others sums to one, beside the one of its own; zero stays zero."""
    eye = torch.eye(r.shape[-1]).to(r)
    return shares(r - eye) + eye


# --- occlusion ---------------------------------------------------------------------------------------------------


def windows(grid: tuple[int, int]) -> Tensor:
    """Groups of patches to hide, (N, P) bool: overlapping squares a quarter of the grid's shorter side wide."""
    side = max(1, min(grid) // 4)
    step = max(1, side // 2)
    masks = []
    for top in _starts(grid[0], side, step):
        for left in _starts(grid[1], side, step):
            mask = torch.zeros(grid, dtype=torch.bool)
            mask[top : top + side, left : left + side] = True
            masks.append(mask.flatten())
    return torch.stack(masks)


def _starts(length: int, side: int, step: int) -> list[int]:
    return sorted({*range(0, length - side + 1, step), length - side})


def spread(falls: Tensor, groups: Tensor) -> Tensor:
    """What hiding each of N groups (N, P) did, `falls` (N, ...), as a mean for each patch: (P, ...)."""
    weight = groups.to(falls.dtype)
    total = torch.einsum("np,n...->p...", weight, falls)
    return total / weight.sum(0).reshape(-1, *[1] * (falls.dim() - 1))


def occlusion_variants(patch_groups: Tensor, token_groups: Tensor) -> tuple[Tensor, Tensor]:
    """What to hide in each of N variants of one question: patches (N, P) and tokens (N, L), bool.

    The first hides nothing, the next a group of patches each, the last a group of tokens (a word) each.
    """
    n_patches, n_tokens = patch_groups.shape[1], token_groups.shape[1]
    hidden_patches = torch.cat([torch.zeros(1, n_patches), patch_groups, torch.zeros(len(token_groups), n_patches)])
    hidden_tokens = torch.cat([torch.zeros(1 + len(patch_groups), n_tokens), token_groups])
    return hidden_patches.bool(), hidden_tokens.bool()


def occlusion(
    log_probs: Tensor, words: Tensor, patches: Tensor, patch_groups: Tensor, token_groups: Tensor
) -> TokenMaps:
    """Compares the variants of `occlusion_variants` with the first.

    They gave the pieces' log probabilities (N, A), the fused words (N, L, D) and the fused patches (N, P, D). What
    an answer owes to a patch is the fall of its log probability, below zero where hiding helps; what a word owes to
    a patch is how far its fused vector turns (1 - cosine), and likewise a patch to a word.
    """
    by_patch, by_token = slice(1, 1 + len(patch_groups)), slice(1 + len(patch_groups), None)
    fall = log_probs[:1] - log_probs
    pieces = torch.cat([spread(fall[by_patch], patch_groups), _per_token(fall[by_token], token_groups)])
    turn_words = 1 - torch.cosine_similarity(words, words[:1], dim=-1)
    turn_patches = 1 - torch.cosine_similarity(patches, patches[:1], dim=-1)
    return TokenMaps(
        answer=pieces.sum(-1)[None],
        pieces=pieces.mT[None],
        token_patches=spread(turn_words[by_patch], patch_groups).mT[None],
        patch_tokens=_per_token(turn_patches[by_token], token_groups).mT[None],
    )


def _per_token(falls: Tensor, groups: Tensor) -> Tensor:
    """`spread`, with each group's fall shared by its tokens, so that a word's tokens sum to the word's fall."""
    weight = groups.to(falls.dtype)
    return torch.einsum("nl,n...->l...", weight / weight.sum(1, keepdim=True).clamp_min(1), falls)
