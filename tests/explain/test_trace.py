"""One question followed through a model: the figures agree with the model's own."""

import numpy as np
import pytest
import torch

from vqa.data.questions import answer_kind
from vqa.explain.explanation import explain
from vqa.explain.trace import RUNNERS_UP, trace

QUESTION, ANSWER = "what color is the cat?", "tennis racket"


@pytest.fixture(scope="module")
def followed(tiny_predictor):
    from PIL import Image

    photo = tiny_predictor.encode(Image.radial_gradient("L").convert("RGB"))
    model, processor = tiny_predictor.models["aligned"], tiny_predictor.processors["aligned"]
    return photo, model, processor, trace(model, processor, photo.states, QUESTION, ANSWER)


@torch.no_grad()
def test_shapes_and_values_are_those_of_the_model(followed):
    photo, model, processor, found = followed
    ids, mask = processor.questions([QUESTION])
    output = model.heads(photo.states.states, model.encode_text(ids, mask), mask, torch.tensor([[1]]))
    patches, length, width = 9, ids.shape[1], model.config.hidden_size
    assert found.shapes["pixels"] == (3, 96, 96)
    assert found.shapes["image_states"] == (patches, 22) and found.shapes["text_states"] == (length, 26)
    assert found.shapes["image_tokens"] == found.shapes["fused_image"] == (patches, width)
    assert found.shapes["attn_text_to_image"] == (model.config.num_heads, length, patches)
    assert [number for _, number in found.tokens] == ids[0].tolist() and found.tokens[0][0] == "[CLS]"
    place = found.patch[0] * 3 + found.patch[1]
    assert found.values["fused_image"] == pytest.approx(output.fused_image[0, place, :6].detach().numpy(), abs=1e-5)
    token = processor.words(QUESTION)[found.word].tokens[0]
    assert found.values["fused_text"] == pytest.approx(output.fused_text[0, token, :6].detach().numpy(), abs=1e-5)
    assert found.cosine == pytest.approx(float((output.image_embed * output.text_embed).sum()), abs=1e-5)


def test_the_longest_word_is_followed_in_the_head_that_reads_most_of_what_the_answer_came_from(followed):
    photo, model, processor, found = followed
    relevance = explain(model, processor, photo.states, QUESTION, answer=ANSWER).image_map
    assert found.words[found.word] == "color" and found.block == model.config.fusion_layers - 1
    reads = [
        explain(model, processor, photo.states, QUESTION, "attention", found.block, head, ANSWER).word_maps[found.word]
        for head in range(model.config.num_heads)
    ]
    assert found.head == int(np.argmax([(read * relevance).sum() for read in reads]))
    assert found.head_maps[found.word] == pytest.approx(reads[found.head], abs=1e-6)
    assert found.head_maps[found.word][found.patch] == found.head_maps[found.word].max()
    assert found.head_maps.sum((1, 2)) == pytest.approx(1, abs=1e-5)
    assert found.word_turns.shape == (len(found.words),) and found.patch_turns.shape == (3, 3)


@torch.no_grad()
def test_the_steps_multiply_to_the_answers_probability(followed):
    photo, model, processor, found = followed
    pieces = torch.tensor([processor.encode_answer(ANSWER)])
    ids, mask = processor.questions([QUESTION])
    logits = model.heads(photo.states.states, model.encode_text(ids, mask), mask, pieces).logits
    logits = logits / model.config.temperature_of(answer_kind(QUESTION))
    expected = logits.log_softmax(-1)[0, :-1].gather(-1, pieces[0, 1:, None]).sum().exp().item()
    assert found.probability == pytest.approx(expected, rel=1e-4)
    assert [step.piece for step in found.steps] == [*processor.pieces(pieces[0].tolist()), ""]
    for step in found.steps:
        chances = [chance for _, chance in step.top]
        assert len(chances) == RUNNERS_UP and chances == sorted(chances, reverse=True)
        assert 0 < step.read_patches < 1


def test_a_question_without_words_is_refused(followed):
    photo, model, processor, _ = followed
    with pytest.raises(ValueError, match="no word"):
        trace(model, processor, photo.states, "…_?", ANSWER)


def test_the_arrays_are_plain(followed):
    assert all(isinstance(array, np.ndarray) for array in followed[3].values.values())
