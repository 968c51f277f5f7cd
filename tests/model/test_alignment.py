"""The projection into the shared space and the contrastive loss."""

import math

import pytest
import torch

from vqa.model.alignment import Projection, ProjectionAligner, contrastive_loss, false_negatives, pool

B, P, L, D = 5, 6, 7, 8


def unit(*shape: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*shape, dtype=torch.float64), dim=-1)


def double_loop(image, text, scale, ignore=None, hard=None) -> torch.Tensor:
    """InfoNCE as the textbook writes it, one row and one direction at a time."""
    total = 0.0
    for i in range(len(image)):
        others = [j for j in range(len(text)) if j == i or ignore is None or not ignore[i, j]]
        rows = [scale * image[i] @ text[j] for j in others]
        rows += [scale * image[i] @ wrong for wrong in hard[i]] if hard is not None else []
        columns = [scale * image[j] @ text[i] for j in others]
        right = scale * image[i] @ text[i]
        total = total - (right - torch.stack(rows).logsumexp(0)) - (right - torch.stack(columns).logsumexp(0))
    return total / (2 * len(image))


@pytest.mark.parametrize("with_extras", [False, True])
def test_infonce_equals_a_double_loop_with_gradients(with_extras):
    torch.manual_seed(0)
    image, text = unit(B, D).requires_grad_(), unit(B, D).requires_grad_()
    log_scale = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    ignore = hard = None
    if with_extras:
        ignore = false_negatives(torch.tensor([0, 1, 0, 2, 3]), torch.tensor([-1, -1, 5, 6, 6]))
        hard = unit(B, 3, D).requires_grad_()
    inputs = [image, text, log_scale] + ([hard] if with_extras else [])
    ours = contrastive_loss(image, text, log_scale, ignore, hard)
    reference = double_loop(image, text, log_scale.exp(), ignore, hard)
    torch.testing.assert_close(ours, reference)
    for mine, theirs in zip(torch.autograd.grad(ours, inputs), torch.autograd.grad(reference, inputs), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_infonce_of_identical_vectors_is_the_logarithm_of_the_batch():
    same = torch.ones(B, D) / math.sqrt(D)
    assert contrastive_loss(same, same, torch.tensor(2.0)).item() == pytest.approx(math.log(B), abs=1e-6)


def test_the_temperature_is_bounded():
    image, text = unit(B, D), unit(B, D)
    torch.testing.assert_close(
        contrastive_loss(image, text, torch.tensor(math.log(100.0))), contrastive_loss(image, text, torch.tensor(99.0))
    )


def test_false_negatives_share_a_group_but_are_not_the_match_itself():
    mask = false_negatives(torch.tensor([4, 4, 7]), torch.tensor([-1, -1, -1]))
    assert mask.tolist() == [[False, True, False], [True, False, False], [False, False, False]]


def test_pooling_ignores_padding():
    tokens, mask = torch.randn(2, L, D), torch.ones(2, L, dtype=torch.bool)
    mask[1, 4:] = False
    tokens[1, 4:] = 1e6
    torch.testing.assert_close(pool(tokens, mask)[1], pool(tokens[1:, :4])[0])
    torch.testing.assert_close(pool(tokens, mask).norm(dim=-1), torch.ones(2))


@pytest.mark.parametrize(("width", "hidden"), [(11, 5), (5, 11), (7, 7)])
def test_a_projection_starts_as_the_leading_axes_of_its_features(width, hidden):
    torch.manual_seed(0)
    tokens = torch.randn(400, width) @ torch.randn(width, width) + 3
    projection = Projection(width, hidden, dropout=0.0)
    projection.start_at_principal_axes(tokens)
    out = projection(tokens)
    centred = tokens - tokens.mean(0)
    kept = min(width, hidden)
    assert out[:, :kept].std().item() == pytest.approx(1, abs=0.01)
    assert out[:, kept:].abs().max().item() == 0 if hidden > width else True
    # Variances along the axes are the leading eigenvalues, up to the one common scale.
    eigenvalues = torch.linalg.svdvals(centred)[:kept] ** 2
    variances = (out[:, :kept] ** 2).sum(0)
    torch.testing.assert_close(variances / variances.sum(), eigenvalues / eigenvalues.sum(), rtol=1e-3, atol=1e-5)


def test_shapes_of_the_aligner():
    aligner = ProjectionAligner(11, 13, D)
    mask = torch.ones(B, L, dtype=torch.bool)
    image_tokens, text_tokens, image_embed, text_embed = aligner(torch.randn(B, P, 11), torch.randn(B, L, 13), mask)
    assert image_tokens.shape == (B, P, D)
    assert text_tokens.shape == (B, L, D)
    torch.testing.assert_close(image_embed.norm(dim=-1), torch.ones(B))
    torch.testing.assert_close(text_embed.norm(dim=-1), torch.ones(B))
