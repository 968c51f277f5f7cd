"""Maps against hand-built models in which the truth is known, against brute force, and under threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from tests.toys import GRID, OnePatchModel, P, Processor, encoded, one_patch_image, tiny_model
from vqa.evaluate.trials import rank_correlation
from vqa.explain import maps
from vqa.explain.cases import Cases
from vqa.explain.explanation import METHODS, MOST_HIDDEN, explain, explain_batch
from vqa.model.model import ImageStates, VQAModel
from vqa.processing.processor import BOS, EOS
from vqa.processing.text import QuestionError

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", [0, 7, 13])
def test_the_only_patch_that_can_be_used_gets_everything(method, target):
    found = explain(OnePatchModel(target, by="attention"), Processor(), one_patch_image(), "what hue", method)
    for image_map in (found.image_map, *found.word_maps, *found.piece_maps):
        assert image_map.argmax() == target
        assert abs(image_map).sum() - image_map.ravel()[target] < 1e-6 < image_map.ravel()[target]


@pytest.mark.parametrize("method", ["relevance", "occlusion"])
def test_flat_attention_does_not_mislead_what_looks_at_the_answer(method):
    found = explain(OnePatchModel(7, by="value"), Processor(), one_patch_image(), "what hue", method)
    assert found.pieces == ["<5>"]
    assert abs(found.image_map).sum() - found.image_map.ravel()[7] < 1e-6 < found.image_map.ravel()[7]


@pytest.mark.parametrize("method", ["attention", "rollout"])
def test_flat_attention_gives_a_flat_map(method):
    found = explain(OnePatchModel(7, by="value"), Processor(), one_patch_image(), "what hue", method)
    np.testing.assert_allclose(found.image_map, 1 / P, rtol=1e-5)
    np.testing.assert_allclose(found.word_scores, 1 / 2, rtol=1e-5)


@pytest.mark.parametrize("method", ["relevance", "occlusion"])
def test_where_nothing_can_be_used_the_map_is_flat_zero(method):
    model = OnePatchModel(7, by="value")
    model.heads.content.zero_()
    found = explain(model, Processor(), one_patch_image(), "what hue", method)
    assert not found.image_map.any() and not found.word_maps.any() and np.isfinite(found.word_scores).all()


def test_relevance_of_a_pooled_model_is_what_the_pools_weights_owe():
    """Of pooling's weights, one for each patch and word, by brute force: weight times gradient, where that helps."""
    model = tiny_model(fusion="pooled", decoder_layers=1)
    question = "what is colourful here"
    found = explain(model, Processor(), encoded(model), question, "relevance", answer="very red")
    cases = Cases.encode(model, Processor(), encoded(model).states, [question], ["very red"])
    norm_image, pooled = model.heads.fusion.norm_image, []

    def score(scale: torch.Tensor) -> float:
        """The answer's log probability where the patches' weights in the mean are scaled."""
        hook = norm_image.register_forward_hook(lambda _, __, out: out * scale[None, :, None])
        try:
            with torch.no_grad():
                return cases.run(model)[1].sum().item()
        finally:
            hook.remove()

    step = 0.05
    for patch in range(P):
        change = step * torch.eye(P)[patch]
        pooled.append((score(1 + change) - score(1 - change)) / (2 * step))
    helps = np.array(pooled) > 0
    assert helps.any() and not helps.all()
    # Two patches that help differ in their relevance as they differ in what they owe; one that does not has the least.
    order = np.argsort(np.array(pooled)[helps])
    of_helping = found.image_map.ravel()[helps]
    assert (np.diff(of_helping[order]) > 0).all()
    np.testing.assert_allclose(np.ptp(found.image_map.ravel()[~helps]), 0, atol=1e-6)
    assert of_helping.min() > found.image_map.ravel()[~helps].max()


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_any_layer_and_head_of_a_pooled_model_can_be_seen(layer):
    model = tiny_model(fusion="pooled")
    assert model.config.fusion_layers == 1
    found = explain(model, Processor(), encoded(model), "what is here", "attention", layer=layer, head=2)
    if layer == 0:
        np.testing.assert_allclose(found.image_map, 1 / P, rtol=1e-5)
    with pytest.raises(ValueError, match="no layer 3: this model's are 0 to 2"):
        explain(model, Processor(), encoded(model), "what is here", "attention", layer=3)


@pytest.mark.parametrize(("words", "hidden_at_once"), [(4, 1), (MOST_HIDDEN, 1), (3 * MOST_HIDDEN, 3)])
def test_a_long_question_costs_no_more_variants_than_a_short_one(words, hidden_at_once, monkeypatch):
    model, question = tiny_model(), " ".join(["what"] * words)
    hidden, run_hidden = [], Cases.run_hidden

    def spied(cases, model, row, patches, tokens):
        hidden.extend(tokens)
        return run_hidden(cases, model, row, patches, tokens)

    monkeypatch.setattr(Cases, "run_hidden", spied)
    found = explain(model, Processor(), encoded(model), question, "occlusion", answer="very red")
    of_words = [tokens for tokens in hidden if tokens.any()]
    assert len(of_words) == min(words, MOST_HIDDEN) and {int(tokens.sum()) for tokens in of_words} == {hidden_at_once}
    assert found.word_scores.shape == (words,) and np.isfinite(found.word_scores).all() and found.word_scores.any()


def test_the_longer_a_question_the_fewer_variants_run_at_once(monkeypatch):
    model, sizes = tiny_model(), []
    forward = type(model.heads).forward
    monkeypatch.setattr(type(model.heads), "forward", lambda *a: sizes.append(tuple(a[2].shape[:2])) or forward(*a))
    monkeypatch.setattr("vqa.explain.cases.ATTENTIONS", 2000)
    for words in (4, 40):
        sizes.clear()
        explain(model, Processor(), encoded(model), " ".join(["what"] * words), "occlusion", answer="very red")
        assert all(rows == 1 or rows * length * (length + P) <= 2000 for rows, length in sizes)
    assert max(rows for rows, _ in sizes) == 1


@pytest.mark.parametrize("method", METHODS)
def test_shapes_and_sums_on_a_grid_that_is_not_square(method):
    model, question = tiny_model(), "what is colourful here"
    found = explain(model, Processor(), encoded(model), question, method, answer="very red")
    assert found.method == method and found.words == question.split() and found.pieces == ["<6>", "<7>"]
    assert found.image_map.shape == GRID
    assert found.word_maps.shape == (4, *GRID)
    assert found.piece_maps.shape == (2, *GRID)
    assert found.word_scores.shape == (4,)
    assert found.patch_words.shape == (*GRID, 4)
    if method == "occlusion":
        assert np.isfinite(found.piece_maps).all() and found.image_map.any() and found.word_scores.any()
    else:
        np.testing.assert_allclose(found.image_map.sum(), 1, rtol=1e-5)
        np.testing.assert_allclose(found.piece_maps.sum((1, 2)), 1, rtol=1e-5)
        np.testing.assert_allclose(found.word_maps.sum((1, 2)), 1, rtol=1e-5)
        np.testing.assert_allclose(found.word_scores.sum(), 1, rtol=1e-5)
        np.testing.assert_allclose(found.patch_words.sum(-1), 1, rtol=1e-5)
        assert found.image_map.min() >= 0 and found.word_scores.min() >= 0


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_gives_what_single_questions_give(method):
    model = tiny_model()
    images = encoded(model, batch=3)
    questions = ["is it", "what colourful thing is there", "how many"]
    answers = ["yes", "very red", "no"]
    together = explain_batch(model, Processor(), images, questions, method, answers=answers)
    for i, found in enumerate(together):
        image = ImageStates(images.states[i : i + 1], tuple(a[i : i + 1] for a in images.attentions), images.num_prefix)
        alone = explain(model, Processor(), image, questions[i], method, answer=answers[i])
        assert found.words == alone.words and found.pieces == alone.pieces
        for name in ("image_map", "word_maps", "piece_maps", "word_scores", "patch_words"):
            np.testing.assert_allclose(getattr(found, name), getattr(alone, name), atol=5e-5, err_msg=name)


def test_one_photograph_serves_many_questions():
    model = tiny_model()
    image = encoded(model)
    found = explain_batch(model, Processor(), image, ["is it", "what is there"], "rollout")
    alone = explain(model, Processor(), image, "what is there", "rollout")
    np.testing.assert_allclose(found[1].image_map, alone.image_map, atol=1e-6)


def test_every_layer_and_head_of_attention_is_what_the_model_returned():
    model, processor = tiny_model(), Processor()
    image = encoded(model)
    cases = Cases.encode(model, processor, image.states, ["what is there"], ["very red"])
    with torch.no_grad():
        output, _ = cases.run(model)
    for block in range(2):
        for head in range(3):
            found = explain(model, processor, image, "what is there", "attention", block, head, answer="very red")
            expected = output.attn_text_to_image[block][0, head].mean(0).reshape(GRID)
            np.testing.assert_allclose(found.image_map, expected.numpy(), rtol=1e-5)
            np.testing.assert_allclose(
                found.word_maps[1].ravel(), output.attn_text_to_image[block][0, head, 2].numpy(), rtol=1e-5
            )
    for layer in range(2):
        found = explain(model, processor, image, "what is there", "attention", 2 + layer, answer="very red")
        # Pieces 0 and 1 are said at places 0 and 1; place 2 says EOS and place 3 nothing.
        expected = output.attn_answer[layer][0].mean(0)[:2]
        np.testing.assert_allclose(found.image_map.ravel(), maps.shares(expected.mean(0)[:P]).numpy(), rtol=1e-5)
        np.testing.assert_allclose(found.piece_maps[1].ravel(), maps.shares(expected[1, :P]).numpy(), rtol=1e-5)


def test_all_layers_weigh_the_same():
    model, processor = tiny_model(), Processor()
    image = encoded(model)
    every = [explain(model, processor, image, "is it", "attention", k, answer="yes").image_map for k in range(4)]
    found = explain(model, processor, image, "is it", "attention", answer="yes")
    np.testing.assert_allclose(found.image_map, np.mean(every, axis=0), rtol=1e-5)


def test_rollout_against_products_written_out():
    """One head, one ViT layer with a class token, one block, one decoder layer, by the formula with plain loops."""
    rng = np.random.default_rng(0)

    def attention(*shape):
        values = rng.random(shape)
        return values / values.sum(-1, keepdims=True)

    patches, tokens, pieces, prefix = 3, 2, 1, 1
    vit, ti, it = attention(patches + prefix, patches + prefix), attention(tokens, patches), attention(patches, tokens)
    cross = attention(pieces, patches + tokens)
    seen = (vit + np.eye(4)) / 2
    seen = seen[1:, 1:] / seen[1:, 1:].sum(1, keepdims=True)
    fused_image = np.hstack([np.eye(3) / 2, it / 2])
    fused_text = np.hstack([ti / 2, np.eye(2) / 2])
    read = cross @ np.vstack([fused_image, fused_text])
    expected = np.hstack([read[:, :3] @ seen, read[:, 3:]])

    def tensor(values):
        return torch.tensor(values)[None, None]

    steps = maps.readings([tensor(ti)], [tensor(it)])
    found = maps.rollout([tensor(vit)], prefix, steps, [tensor(cross)], torch.ones(1, 1, dtype=torch.bool))
    np.testing.assert_allclose(found.pieces[0].numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(found.token_patches[0].numpy(), ti / 2 @ seen, rtol=1e-6)


def test_rollout_of_words_that_read_each_other_is_a_product_of_the_steps():
    """Patches read words, words read each other, words read patches: each step leaves the other side as it is."""
    rng = np.random.default_rng(0)

    def attention(*shape):
        values = rng.random(shape)
        return values / values.sum(-1, keepdims=True)

    patches, tokens = 3, 2
    it, tt, ti, cross = attention(3, 2), attention(2, 2), attention(2, 3), attention(1, 5)
    eye, zero = np.eye, np.zeros
    first = np.block([[eye(3) / 2, it / 2], [zero((2, 3)), eye(2)]])
    second = np.block([[eye(3), zero((3, 2))], [zero((2, 3)), (tt + eye(2)) / 2]])
    third = np.block([[eye(3), zero((3, 2))], [ti / 2, eye(2) / 2]])
    fused = third @ second @ first

    def tensor(values):
        return torch.tensor(values)[None, None]

    steps = maps.readings([tensor(ti)], [tensor(it)], [tensor(tt)])
    found = maps.rollout([], 0, steps, [tensor(cross)], torch.ones(1, 1, dtype=torch.bool))
    np.testing.assert_allclose(found.pieces[0].numpy(), cross @ fused, rtol=1e-6)
    np.testing.assert_allclose(found.token_patches[0].numpy(), fused[patches:, :patches], rtol=1e-6)
    np.testing.assert_allclose(found.patch_tokens[0].numpy(), fused[:patches, patches:], rtol=1e-6)
    np.testing.assert_allclose(fused.sum(1), np.ones(patches + tokens))


def weighted_attention(model, processor, image) -> list[np.ndarray]:
    """The gradient-weighted attention of "is it", answered "yes": text to text, to image, image to text, decoder."""
    cases = Cases.encode(model, processor, image.states, ["is it"], ["yes"])
    output, log_probs = cases.run(model, with_gradients=True)
    tensors = [*(output.attn_text_to_text or ()), *output.attn_text_to_image, *output.attn_image_to_text]
    tensors += output.attn_answer
    grads = torch.autograd.grad(log_probs.sum(), tensors)
    return [(t * g).clamp_min(0)[0].mean(0).detach().double().numpy() for t, g in zip(tensors, grads, strict=True)]


def normalised(r: np.ndarray) -> np.ndarray:
    """The paper's equation 9."""
    r = r - np.eye(len(r))
    return r / np.maximum(r.sum(1, keepdims=True), 1e-30) + np.eye(len(r))


def test_relevance_against_the_papers_equations_written_out():
    model, processor = tiny_model(word_blocks=1, decoder_layers=1), Processor()
    image = encoded(model)
    found = explain(model, processor, image, "is it", "relevance", answer="yes")
    a_tt, a_ti, it, cross = weighted_attention(model, processor, image)
    tt = np.eye(4) + a_tt  # equation 6; nothing of the image is in the words yet
    ti = normalised(tt).T @ a_ti  # 8
    tt = tt + a_ti @ it  # 10
    expected = (cross.sum(0) @ normalised(np.block([[np.eye(P), it], [ti, tt]])))[:P]
    np.testing.assert_allclose(found.image_map.ravel(), expected / expected.sum(), rtol=1e-4)


def test_relevance_leaves_nothing_behind_and_works_in_any_mode():
    model, processor = tiny_model(), Processor()
    image = encoded(model)
    expected = explain(model, processor, image, "is it", "relevance").image_map
    assert all(parameter.grad is None for parameter in model.parameters())
    model.requires_grad_(False)
    for mode in (torch.no_grad(), torch.inference_mode()):
        with mode:
            found = explain(model, processor, image, "is it", "relevance").image_map
        np.testing.assert_array_equal(found, expected)


def test_concurrent_visitors_get_their_own_maps():
    model, processor = tiny_model(), Processor()
    images = [encoded(model, seed=seed) for seed in range(3)]
    jobs = [(i, question, method) for i in range(3) for question in ("is it", "what thing") for method in METHODS]

    def work(job):
        i, question, method = job
        return explain(model, processor, images[i], question, method).image_map

    serial = [work(job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        concurrent = list(pool.map(work, jobs * 2))
    for found, expected in zip(concurrent, serial * 2, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len({image_map.tobytes() for image_map in serial}) == len(jobs)


def trained_model() -> tuple[VQAModel, ImageStates]:
    """A tiny model taught for a few steps to name the kind of patch that prevails; every patch has a say."""
    model = tiny_model(seed=3)
    model.freeze()
    generator = torch.Generator().manual_seed(0)
    kinds = torch.eye(8)[:2] * 3

    def sample(batch):
        kind = torch.randint(2, (batch,), generator=generator)
        odd = torch.rand(batch, P, generator=generator) < 0.3
        states = kinds[torch.where(odd, 1 - kind[:, None], kind[:, None])]
        strength = torch.rand(batch, P, 1, generator=generator)
        states = states * strength + 0.1 * torch.randn(batch, P, 8, generator=generator)
        return states, torch.stack([torch.full_like(kind, BOS), 4 + kind, torch.full_like(kind, EOS)], 1)

    ids, mask = Processor().questions(["which kind"])
    with torch.no_grad():
        text = model.encode_text(ids, mask)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    for _ in range(60):
        states, answers = sample(64)
        logits = model.heads(states, text.expand(64, -1, -1), mask.expand(64, -1), answers).logits[:, :-1]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), answers[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.25
    with torch.no_grad():
        model.heads.mean_image_state.copy_(sample(256)[0].mean((0, 1)))
    identity = torch.eye(P + 1).expand(24, 2, -1, -1)
    return model, ImageStates(sample(24)[0], (identity,), 1)


def test_relevance_agrees_with_brute_force_occlusion():
    pytest.importorskip("scipy", reason="rank correlation needs SciPy, of the extra vqa[evaluate]")
    model, images = trained_model()
    questions = ["which kind"] * 24
    cases = Cases.encode(model, Processor(), images.states, questions)
    found = {method: explain_batch(model, Processor(), images, questions, method) for method in METHODS}
    correlations = {method: [] for method in METHODS}
    with torch.no_grad():
        full = cases.run(model)[1].sum(-1)
        for row in range(24):
            falls = []
            for patch in range(P):
                states = images.states[row].clone()
                states[patch] = model.heads.mean_image_state
                args = (cases.text_states[row][None], cases.text_mask[row][None], cases.answer_ids[row][None])
                logits = model.heads(states[None], *args).logits
                falls.append(full[row] - cases.log_probs(model, logits, args[-1], slice(row, row + 1)).sum())
            for method in METHODS:
                correlations[method].append(rank_correlation(found[method][row].image_map, np.array(falls)))
    means = {method: np.mean(values) for method, values in correlations.items()}
    assert means["occlusion"] > 0.999
    assert means["relevance"] > 0.4
    assert means["relevance"] > 0.2 + max(means["attention"], means["rollout"])


def test_what_cannot_be_explained_is_refused_in_words():
    model, processor = tiny_model(), Processor()
    image = encoded(model)
    with pytest.raises(ValueError, match="no method 'gradcam'"):
        explain(model, processor, image, "is it", "gradcam")
    with pytest.raises(ValueError, match="no layer 4: this model's are 0 to 3"):
        explain(model, processor, image, "is it", "attention", layer=4)
    with pytest.raises(ValueError, match="no head 3"):
        explain(model, processor, image, "is it", "attention", head=3)
    with pytest.raises(ValueError, match="not for rollout"):
        explain(model, processor, image, "is it", "rollout", layer=0)
    with pytest.raises(QuestionError):
        explain(model, processor, image, "  ")
    with pytest.raises(ValueError, match="2 photographs do not go with 3 questions"):
        explain_batch(model, processor, encoded(model, batch=2), ["a", "b", "c"])
