"""The predictor: what a caller sees."""

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

from vqa.inference.predictor import Answer, VQAPredictor, _proper
from vqa.model.checkpoint import load_encoder, load_heads, save_heads
from vqa.model.model import ImageStates
from vqa.processing.captions import caption_words, says_twice
from vqa.processing.processor import PAD
from vqa.processing.text import MAX_QUESTION_TOKENS, QuestionError


def test_a_follow_up_question_runs_no_vit(tiny_weights, photo):
    predictor = VQAPredictor.from_pretrained(tiny_weights)
    seen = predictor.encode(photo)
    first = predictor.ask(seen, "what is this?")
    again = [predictor.ask(seen, "is there a cat?"), predictor.ask(photo, "is there a cat?")]  # or its pixels
    assert predictor.calls["vit"] == 1
    assert first.timings_ms["image"] > 0
    assert not first.photo_was_cached
    for follow_up in again:
        assert follow_up.timings_ms["image"] == 0
        assert follow_up.photo_was_cached


def test_a_question_is_read_once_for_all_that_is_asked_of_it(tiny_weights, photo):
    predictor = VQAPredictor.from_pretrained(tiny_weights)
    question = predictor.read("  is there a cat?")
    assert (question.text, [word.text for word in question.words]) == ("is there a cat?", "is there a cat ?".split())
    prediction = predictor.ask(photo, question)
    for variant in predictor.variants:
        predictor.ask(photo, question, variant)
        predictor.ask_question_only(question, variant)
        predictor.similarity(photo, question, variant)
    predictor.ask_many([predictor.encode(photo), None], [question, question])
    assert predictor.calls == {"vit": 1, "bert": 1}
    again = predictor.ask(photo, "is there a cat?")
    assert [a.text for a in again.top] == [a.text for a in prediction.top]
    assert again.confidence == pytest.approx(prediction.confidence, rel=1e-5)
    assert prediction.timings_ms["question"] > 0 and predictor.ask(photo, question).timings_ms["question"] == 0


def test_questions_read_together_are_as_those_read_alone(tiny_predictor):
    texts = ["what is this?", "is there a cat in the photo, how many?"]
    for together, alone in zip(tiny_predictor.read_many(texts), map(tiny_predictor.read, texts), strict=True):
        assert together.words == alone.words and together.mask.all()
        assert torch.equal(together.input_ids, alone.input_ids)
        torch.testing.assert_close(together.states, alone.states)


def test_a_question_with_a_full_stop_is_placed_without_it(tiny_predictor, photo):
    read = tiny_predictor.read("a cat in the photo.")
    assert tiny_predictor.similarity(photo, read).words == ["a", "cat", "in", "the", "photo"]


def test_top_answers_are_sorted_probabilities(tiny_predictor, photo):
    prediction = tiny_predictor.ask(photo, "what is the color of this ball?", top_k=5)
    probabilities = [answer.probability for answer in prediction.top]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1 + 1e-5
    assert set(prediction.to_dict()) == {"answer", "confidence", "sure", "top", "choices", "variant", "timings_ms"}
    assert set(prediction.timings_ms) == {"image", "question", "fusion", "decode", "total"}


def test_a_batch_answers_as_single_questions_do(tiny_predictor, photo):
    photos = [tiny_predictor.encode(photo), tiny_predictor.encode(photo.rotate(90, expand=True)), None]
    questions = ["what is this?", "is there a cat in the photo, how many?", "what?"]
    batch = tiny_predictor.ask_many(photos, questions, top_k=3)
    singles = [tiny_predictor.ask(p, q, top_k=3) for p, q in zip(photos[:2], questions[:2], strict=True)]
    singles.append(tiny_predictor.ask_question_only(questions[2], top_k=3))
    for together, alone in zip(batch, singles, strict=True):
        assert [a.text for a in together.top] == [a.text for a in alone.top]
        np.testing.assert_allclose([a.probability for a in together.top], [a.probability for a in alone.top], rtol=1e-4)


def test_closed_answers_come_from_the_list(tiny_predictor, photo):
    prediction = tiny_predictor.ask(photo, "what is this?", answers=["red", "tennis racket", "blue"], top_k=5)
    assert {answer.text for answer in prediction.top} == {"red", "tennis racket", "blue"}


LIST = ["Cat", "T-Shirt", "New York", "½", "Cafe\u0301", "DOG "]


def test_a_closed_list_gives_back_its_own_text(tiny_predictor, photo):
    predictions = [tiny_predictor.ask(photo, "what is this?", answers=LIST, top_k=9)]
    predictions.append(tiny_predictor.ask_question_only("what is this?", answers=LIST, top_k=9))
    predictions += tiny_predictor.ask_many([tiny_predictor.encode(photo)], ["what?"], answers=LIST, top_k=9)
    for prediction in predictions:
        assert {answer.text for answer in prediction.top} == set(LIST)
        assert prediction.answer in LIST


def test_answers_that_read_alike_are_one_and_blank_lines_none(tiny_predictor, photo):
    alike = ["Cat", "red", "cat", "CAT", "\u200b", "½", "1⁄2", "", "Cafe\u0301", "Caf\u00e9"]
    found = tiny_predictor.ask(photo, "what is this?", answers=alike, top_k=9).top
    assert {answer.text for answer in found} == {"Cat", "red", "½", "Cafe\u0301"}
    alone = tiny_predictor.ask(photo, "what is this?", answers=["cat", "red", "½", "Caf\u00e9"], top_k=9).top
    np.testing.assert_allclose([a.probability for a in found], [a.probability for a in alone], rtol=1e-5)
    with pytest.raises(ValueError, match="The list of answers is empty"):
        tiny_predictor.ask(photo, "what is this?", answers=["\u200b", " "])
    with pytest.raises(ValueError, match=r"not one text: \['cat'\]"):
        tiny_predictor.ask(photo, "what is this?", answers="cat")


def test_an_answer_that_is_too_long_is_named(tiny_predictor, photo):
    longest = tiny_predictor.models["aligned"].config.max_answer_pieces
    fits, long = "猫" * ((longest - 2) // 3), "猫" * 9  # three bytes each, which are three pieces
    pieces = [len(tiny_predictor.processor.encode_answer(answer)) for answer in (fits, long)]
    assert pieces[0] <= longest + 1 < pieces[1]
    assert tiny_predictor.too_long([fits, "cat", long]) == [long]
    assert tiny_predictor.ask(photo, "what is this?", answers=[fits]).answer == fits
    with pytest.raises(
        ValueError, match=f"The answer '{long}' is too long: this model writes up to {longest - 1} pieces"
    ):
        tiny_predictor.ask(photo, "what is this?", answers=["cat", long])


@pytest.mark.parametrize("top_k", [0, -3, 30_000, 2.5, "3", True, None])
def test_top_k_is_a_number_in_range(tiny_predictor, photo, top_k):
    with pytest.raises(ValueError, match=r"top_k is a whole number from 1 to 100; .*, not "):
        tiny_predictor.ask(photo, "what is this?", top_k=top_k)


def test_of_a_list_as_many_come_as_are_wanted_and_there(tiny_predictor, photo):
    answers = [f"{number} cats" for number in range(120)]
    assert len(tiny_predictor.ask(photo, "how many?", answers=answers, top_k=30_000).top) == 120
    assert len(tiny_predictor.ask(photo, "how many?", answers=answers, top_k=7).top) == 7
    with pytest.raises(ValueError, match="from 1 on, not 0"):
        tiny_predictor.ask(photo, "how many?", answers=answers, top_k=0)


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "meta"])
def test_a_device_that_cannot_be_used_is_named_before_anything_is_loaded(tiny_predictor, device, tmp_path):
    for load in (
        lambda: VQAPredictor.from_pretrained(tmp_path / "nowhere", device=device),
        lambda: VQAPredictor(tiny_predictor.models, tiny_predictor.processors, device),
    ):
        with pytest.raises(ValueError, match=f"The device '{device}' cannot be used: "):
            load()


def test_a_question_is_read_to_its_end(tiny_predictor, photo):
    one, other = ("is there a cat " * 14 + f"and {colour}?" for colour in ("red", "blue"))
    assert len(one) > 200
    probabilities = [tiny_predictor.ask(photo, question, top_k=1).confidence for question in (one, other)]
    assert probabilities[0] != probabilities[1]


def test_what_is_kept_of_a_photograph_leaves_the_device(tiny_weights, photo, monkeypatch):
    predictor, moved = VQAPredictor.from_pretrained(tiny_weights), []

    class OnDevice(ImageStates):
        """States that remember where they are sent."""

        def to(self, device):
            moved.append(device)
            return super().to(device)

    encode_image = predictor.models["aligned"].encode_image
    monkeypatch.setattr(
        predictor.models["aligned"], "encode_image", lambda pixels: OnDevice(**vars(encode_image(pixels)))
    )
    assert type(predictor.encode(photo).states) is ImageStates and moved == ["cpu"]


def test_unaligned_and_aligned_share_the_encoders(tiny_predictor):
    aligned, unaligned = (tiny_predictor.models[name] for name in ("aligned", "unaligned"))
    assert aligned.vision_encoder is unaligned.vision_encoder
    assert aligned.text_encoder is unaligned.text_encoder


def test_similarity_is_a_cosine_with_a_map_for_each_word(tiny_predictor, photo):
    similarity = tiny_predictor.similarity(photo, "a cat in the photo")
    assert similarity.words == ["a", "cat", "in", "the", "photo"]
    assert similarity.word_patch.shape == (5, 3, 3)
    assert np.abs(similarity.word_patch).max() <= 1 + 1e-5
    embeds = (
        tiny_predictor.embed_photos([tiny_predictor.encode(photo)]),
        tiny_predictor.embed_texts(["a cat in the photo"]),
    )
    assert similarity.cosine == pytest.approx(float((embeds[0] @ embeds[1].T)[0, 0]), abs=1e-5)


@pytest.fixture
def parrot(tiny_weights, monkeypatch):
    """Makes a predictor whose decoder wants to write a text, whatever it is shown."""

    def make(text: str) -> VQAPredictor:
        predictor = VQAPredictor.from_pretrained(tiny_weights)
        wanted = torch.tensor(predictor.processor.encode_answer(text))

        def decode(ids, *memory):
            logits = torch.zeros(*ids.shape, predictor.processor.answer_vocab_size)
            places = torch.arange(min(ids.shape[1], len(wanted) - 1))
            logits[:, places, wanted[places + 1]] = 9
            return logits, ()

        for model in predictor.models.values():
            monkeypatch.setattr(model.heads.decoder, "forward", decode)
        return predictor

    return make


def test_a_caption_says_nothing_twice_around_and_where_an_answer_may(parrot, photo):
    text = "dog and dog"  # in which no three pieces come twice
    predictor = parrot(text)
    assert predictor.ask(photo, "what is this?").answer == text
    for said in predictor.caption(photo).top:
        assert not says_twice(caption_words(said.text))


def test_a_caption_repeats_no_three_pieces_where_an_answer_may(parrot, photo, monkeypatch):
    text = "a cat a cat a cat"
    predictor = parrot(text)
    heads, found = predictor.models["aligned"].heads, []
    search = heads.search
    monkeypatch.setattr(heads, "search", lambda *asked, **how: found.append(search(*asked, **how)) or found[-1])
    assert predictor.ask(photo, "what is this?").answer == text
    predictor.caption(photo)
    answers, captions = ([pieces for pieces, _ in row] for [row] in found)

    def repeats(pieces) -> bool:
        runs = [pieces[i : i + 3] for i in range(len(pieces) - 2)]
        return len(set(runs)) < len(runs)

    assert repeats(answers[0]) and len(captions) > 1 and not any(map(repeats, captions))


def test_photographs_described_together_are_described_as_alone(tiny_predictor, photo, monkeypatch):
    seen = tiny_predictor.encode(photo)
    generator = torch.Generator().manual_seed(0)
    states = [torch.randn(seen.states.states.shape, generator=generator) for _ in range(2)]
    photos = [replace(seen, states=replace(seen.states, states=value)) for value in states]
    alone = [tiny_predictor.caption(seen, "unaligned") for seen in photos]
    answer_states, shown = tiny_predictor.answer_states, []

    def spied(states, *rest, **more):
        shown.extend(states)
        return answer_states(states, *rest, **more)

    monkeypatch.setattr(tiny_predictor, "answer_states", spied)
    together = tiny_predictor.caption_many(photos, "unaligned")
    # A random model says the same of any photograph, so that what it is shown is compared as well.
    assert torch.equal(torch.stack(shown), torch.cat(states))
    assert [said.answer for said in together] == [said.answer for said in alone]
    assert together[1].confidence == pytest.approx(alone[1].confidence, rel=1e-3)
    assert tiny_predictor.caption_many([]) == []


def test_captions_are_placed_as_in_training_without_their_full_stop(tiny_predictor, photo):
    with_stops = tiny_predictor.embed_texts(["A cat  in the photo .", "Two dogs."])
    assert np.array_equal(with_stops, tiny_predictor.embed_texts(["A cat in the photo", "Two dogs"]))
    similarity = tiny_predictor.similarity(photo, "Two dogs.")
    assert similarity.words == ["Two", "dogs"]
    assert similarity.cosine == tiny_predictor.similarity(photo, "Two dogs").cosine


def test_concurrent_visitors_get_their_own_answers(tiny_predictor):
    photos = [Image.new("RGB", (90, 90), (40 * i, 255 - 40 * i, 90)) for i in range(6)]
    alone = [tiny_predictor.ask(p, "what is this?").to_dict()["top"] for p in photos]
    together: list = [None] * 6

    def visit(i: int) -> None:
        together[i] = tiny_predictor.ask(photos[i], "what is this?").to_dict()["top"]

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


@pytest.mark.parametrize(
    ("question", "message"),
    [("", "Type a question"), (" \n\t?", "Type a question"), ("x" * 10_000, "10000 characters")],
)
def test_bad_questions_are_refused_with_a_reason(tiny_predictor, photo, question, message):
    with pytest.raises(QuestionError, match=message):
        tiny_predictor.ask(photo, question)


def test_checkpoints_that_see_photographs_at_different_sizes_are_not_served_together(tiny_weights, tmp_path):
    for variant, image_size in (("aligned", 96), ("unaligned", 160)):
        shutil.copytree(tiny_weights / variant, tmp_path / variant)
        encoders = tiny_weights / "encoders"
        vision, text = load_encoder(encoders / "vision", image_size), load_encoder(encoders / "text")
        heads = load_heads(tiny_weights / variant, vision, text, vision_config=vision.config)
        save_heads(heads, tmp_path / variant, str(encoders))
    with pytest.raises(ValueError, match="at different sizes"):
        VQAPredictor.from_pretrained(tmp_path)
    assert VQAPredictor.from_pretrained(tmp_path / "unaligned").models["unaligned"].grid_size == (5, 5)


def test_encoders_of_oblong_photographs_are_shared(tiny_weights, photo, tmp_path):
    shutil.copytree(tiny_weights / "encoders", tmp_path / "encoders")
    sizes = {"image_size": [28, 42], "patch_size": 14, "hidden_size": 22}
    vision = ViTModel(ViTConfig(num_hidden_layers=1, num_attention_heads=2, **sizes))
    shutil.rmtree(tmp_path / "encoders" / "vision")
    vision.save_pretrained(tmp_path / "encoders" / "vision")
    ViTImageProcessorPil(size={"height": 28, "width": 42}).save_pretrained(tmp_path / "encoders" / "vision")
    for variant in ("aligned", "unaligned"):
        shutil.copytree(tiny_weights / variant, tmp_path / variant)
        text = load_encoder(tiny_weights / "encoders" / "text")
        heads = load_heads(tiny_weights / variant, vision, text, vision_config=vision.config)
        save_heads(heads, tmp_path / variant, "../encoders")
    predictor = VQAPredictor.from_pretrained(tmp_path)
    assert predictor.encode(photo).states.states.shape[1] == 6
    first, second = predictor.models.values()
    assert first.vision_encoder is second.vision_encoder


def test_an_unknown_variant_and_missing_weights_say_so(tiny_predictor, photo, tmp_path):
    with pytest.raises(ValueError, match="only aligned, unaligned"):
        tiny_predictor.ask(photo, "what is this?", variant="misaligned")
    with pytest.raises(FileNotFoundError, match="no weights at"):
        VQAPredictor.from_pretrained(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no weights in"):
        VQAPredictor.from_pretrained(tmp_path)


def test_one_checkpoint_alone_is_served_too(tiny_weights, tiny_predictor, photo, tmp_path, monkeypatch):
    heads = VQAPredictor.from_pretrained(tiny_weights / "unaligned")
    monkeypatch.setattr(tiny_predictor.models["unaligned"].config, "encoders", None)  # holds its encoders itself
    tiny_predictor.models["unaligned"].save_pretrained(tmp_path)
    tiny_predictor.processor.save_pretrained(tmp_path)
    whole = VQAPredictor.from_pretrained(tmp_path)
    expected = tiny_predictor.ask(photo, "what is this?", variant="unaligned")
    for predictor in (heads, whole):
        assert predictor.variants == ["unaligned"]
        answer = predictor.ask(photo, "what is this?", variant="unaligned")
        assert answer.answer == expected.answer
        assert answer.confidence == pytest.approx(expected.confidence, rel=1e-4)


def shares_of(predictor, photo, question: str, answers: list[str], variant: str = "aligned") -> dict[str, float]:
    """What the probabilities are to be, by those in a closed list with and without the photo."""
    seen = {a.text: a.probability for a in predictor.ask(photo, question, variant, answers=answers).top}
    blind = {a.text: a.probability for a in predictor.ask_question_only(question, variant, answers=answers).top}
    weight = predictor.models[variant].config.prior_weight
    scores = {text: seen[text] / blind[text] ** weight for text in seen}
    return {text: score / sum(scores.values()) for text, score in scores.items()}


def probabilities_of(prediction) -> dict[str, float]:
    return {answer.text: answer.probability for answer in prediction.top}


@pytest.fixture
def agreeing(tiny_weights, monkeypatch) -> VQAPredictor:
    """A predictor whose aligned model says yes to whatever it is asked openly."""
    predictor = VQAPredictor.from_pretrained(tiny_weights)
    heads, processor = predictor.models["aligned"].heads, predictor.processors["aligned"]
    search = heads.search
    said = [(tuple(processor.encode_answer(text)), float(np.log(p))) for text, p in {"yes": 0.4, "cat": 0.3}.items()]

    def agree(memory, count=1, allowed=None, *rest, **more):
        return [said] * len(memory[1]) if allowed is None else search(memory, count, allowed, *rest, **more)

    monkeypatch.setattr(heads, "search", agree)
    return predictor


def test_a_question_that_offers_alternatives_is_answered_among_them(tiny_predictor, photo):
    asked = tiny_predictor.ask(photo, "is this a cat or a tennis racket?")
    listed = tiny_predictor.ask(photo, "is this a cat or a tennis racket?", answers=["cat", "tennis racket"])
    assert asked.choices == listed.choices == ("cat", "tennis racket")
    expected = shares_of(tiny_predictor, photo, asked.question, ["cat", "tennis racket"])
    assert probabilities_of(asked) == pytest.approx(expected, rel=1e-4)
    assert tiny_predictor.ask(photo, "is this a cat or a tennis racket?", top_k=1).top == asked.top[:1]
    questions = ["what is this?", "is this a cat or a tennis racket?", "a tennis racket, a cat or red?"]
    free, *closed = tiny_predictor.ask_many([tiny_predictor.encode(photo)] * 3, questions, top_k=5)
    assert free.choices == () and closed[0].choices == asked.choices and len(closed[1].choices) == 3
    for question, together in zip(questions[1:], closed, strict=True):
        alone = probabilities_of(tiny_predictor.ask(photo, question))
        assert probabilities_of(together) == pytest.approx(alone, rel=1e-4)
    assert tiny_predictor.ask(photo, questions[1], answers=["red"]).answer == "red"
    long = "is this a " + "x" * 99 + " or a cat?"
    assert tiny_predictor.ask(photo, long).choices == ()


def test_yes_and_no_share_what_is_certain_where_one_of_them_is_the_answer(agreeing, photo):
    asked = agreeing.ask(photo, "is this a cat?")
    assert {answer.text for answer in asked.top} == {"yes", "no"} and asked.choices == ("yes", "no")
    expected = shares_of(agreeing, photo, "is this a cat?", ["yes", "no"])
    assert probabilities_of(asked) == pytest.approx(expected, rel=1e-3)
    assert sum(expected.values()) == pytest.approx(1)
    agreeing.models["aligned"].config.temperatures = {"yes/no": 2.0}
    softer = probabilities_of(agreeing.ask(photo, "is this a cat?"))
    ratio = expected["yes"] / expected["no"]
    assert softer["yes"] / softer["no"] == pytest.approx(ratio**0.5, rel=1e-3)
    free = agreeing.ask(photo, "what is this?")
    assert probabilities_of(free) == pytest.approx({"yes": 0.4, "cat": 0.3}) and free.choices == ()


def test_the_question_alone_says_nothing_where_all_of_it_is_taken_off(agreeing, photo):
    """At a weight of 1 the mean image, which is no photograph, leaves every choice as likely as any other."""
    agreeing.models["aligned"].config.prior_weight = 1.0
    asked = {"is this a cat?": 2, "is this a cat or a tennis racket?": 2, "red, a cat or a dog?": 3}
    for question, count in asked.items():
        blind = agreeing.ask_question_only(question)
        assert [answer.probability for answer in blind.top] == pytest.approx([1 / count] * count, rel=1e-4)
    agreeing.models["aligned"].config.prior_weight = 0.0
    plain = probabilities_of(agreeing.ask(photo, "is this a cat or a tennis racket?"))
    listed = agreeing.ask(photo, "is this a cat or a tennis racket?", answers=["cat", "tennis racket"])
    total = sum(answer.probability for answer in listed.top)
    assert plain == pytest.approx({answer.text: answer.probability / total for answer in listed.top}, rel=1e-4)


def test_the_mean_image_is_fused_once_a_question(agreeing, photo, monkeypatch):
    heads, batches = agreeing.models["aligned"].heads, []
    fuse = heads.fuse
    monkeypatch.setattr(heads, "fuse", lambda states, *rest: batches.append(len(states)) or fuse(states, *rest))
    agreeing.ask_question_only("is this a cat?")
    assert batches == [1]
    agreeing.ask(photo, "is this a cat?")
    assert batches == [1, 1, 1]


@pytest.mark.parametrize(
    ("question", "answers", "kind"),
    [
        ("is this a cat?", ["yes", "no"], "yes/no"),
        ("what is this?", ["cat", "red"], "open"),
        ("is this a cat or a tennis racket?", None, "offered"),
    ],
)
def test_each_kind_of_answer_has_its_own_temperature(tiny_weights, photo, question, answers, kind):
    predictor = VQAPredictor.from_pretrained(tiny_weights)
    plain = predictor.ask(photo, question, answers=answers)
    model, processor = predictor.models["aligned"], predictor.processors["aligned"]
    model.config.temperatures = {name: 3.0 for name in ("yes/no", "open", "offered") if name != kind}
    assert predictor.ask(photo, question, answers=answers).top == plain.top
    model.config.temperatures = {kind: 1.7}
    probabilities = {answer.text: answer.probability for answer in predictor.ask(photo, question, answers=answers).top}
    if answers is None:
        flatter = {answer.text: answer.probability ** (1 / 1.7) for answer in plain.top}
        expected = {text: value / sum(flatter.values()) for text, value in flatter.items()}
    else:
        pieces = processor.pad_answers([processor.encode_answer(answer) for answer in answers])
        ids, mask = processor.questions([question] * len(answers))
        with torch.inference_mode():
            states = predictor.encode(photo).states.states.expand(len(answers), -1, -1)
            logits = model.heads(states, model.encode_text(ids, mask), mask, pieces).logits[:, :-1] / 1.7
        steps = logits.log_softmax(-1).gather(-1, pieces[:, 1:, None])[..., 0].masked_fill(pieces[:, 1:] == PAD, 0)
        expected = dict(zip(answers, steps.sum(-1).exp().tolist(), strict=True))
    assert probabilities == pytest.approx(expected, rel=1e-3)


def test_no_candidate_is_empty_or_two_in_one():
    found = [Answer("no", 0.4), Answer("yes", 0.3), Answer("noyes", 0.05), Answer("", 0.04), Answer("nono", 0.01)]
    assert [answer.text for answer in _proper(found)] == ["no", "yes"]
    assert _proper([Answer("", 0.4)]) == [Answer("", 0.4)]
    assert _proper([Answer("football", 0.4), Answer("foot", 0.1)]) == [Answer("football", 0.4), Answer("foot", 0.1)]


def test_hidden_patches_are_the_mean_patch(tiny_predictor, photo):
    seen = tiny_predictor.encode(photo)
    model = tiny_predictor.models["aligned"]
    hidden = np.zeros(seen.grid, dtype=bool)
    hidden[0, 2] = True
    covered = tiny_predictor.hide(seen, hidden)
    mean = model.heads.mean_image_state.expand_as(seen.states.states)
    assert torch.equal(covered.states.states[:, 2], mean[:, 2])
    kept = [0, 1, *range(3, 9)]
    assert torch.equal(covered.states.states[:, kept], seen.states.states[:, kept]) and covered.image is seen.image
    with pytest.raises(ValueError, match="grid"):
        tiny_predictor.hide(seen, hidden[:2])


def test_a_text_of_too_many_tokens_is_refused(tiny_predictor, photo):
    long = "what is this?" + " ?!" * 70
    assert tiny_predictor.count_tokens(long) > MAX_QUESTION_TOKENS > tiny_predictor.count_tokens("what is this?")
    with pytest.raises(QuestionError, match="“what is this.*is too long: at most 128 tokens are read"):
        tiny_predictor.ask(photo, long)
