"""What a visitor did, without a browser."""

import dataclasses
import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from vqa.data.questions import read_questions
from vqa.explain.explanation import METHODS, explain
from vqa.inference.predictor import VQAPredictor
from vqa.ui import visit as visits
from vqa.ui.answers import history_html
from vqa.ui.stage import words_html
from vqa.ui.visit import COMPARE, Focus, MapView, Visit

QUESTION = "what color is the cat?"


@pytest.fixture
def visited(tiny_predictor, photo) -> Visit:
    return Visit(tiny_predictor.encode(photo))


# What a visitor picks


def test_picks_are_parsed_and_nonsense_is_refused():
    assert Focus.parse("word:2") == Focus("word", index=2)
    assert Focus.parse("piece:unaligned:1") == Focus("piece", "unaligned", 1)
    assert Focus.parse("against:aligned:2") == Focus("against", "aligned", 2)
    assert Focus.parse("spot:3,5") == Focus("spot", spot=(3, 5))
    for nonsense in ("", "spot:1", "word:x", "file:/etc/passwd"):
        with pytest.raises(ValueError):
            Focus.parse(nonsense)


def test_views_become_arguments_of_explain():
    assert MapView("relevance", "1", "0").arguments() == {"method": "relevance"}
    assert MapView("attention", "rollout", "1").arguments() == {"method": "rollout"}
    assert MapView("attention", "mean", "1").arguments() == {"method": "attention", "layer": None, "head": 1}
    assert MapView("attention", "2", "mean").arguments() == {"method": "attention", "layer": 2, "head": None}


# One visit, with a tiny model


def test_a_photograph_is_read_once_and_questions_leave_the_vit_alone(tiny_predictor):
    shown = Image.new("RGB", (70, 50), "olive")
    tiny_predictor.encode(shown)
    before = tiny_predictor.calls["vit"]
    again = tiny_predictor.encode(shown)  # a browser may tell twice of an upload; no question was asked yet
    visit = visits.ask(Visit(again), tiny_predictor, QUESTION, "aligned", MapView())
    visit = visits.ask(visit, tiny_predictor, "is there a dog?", COMPARE, MapView("attention", "0", "1"))
    assert tiny_predictor.calls["vit"] == before
    assert [asked.first for asked in visit.turns] == [True, False]
    assert visit.turn.milliseconds["image"] == 0
    assert set(visit.turn.predictions) == set(visit.explanations) == {"aligned", "unaligned"}
    assert visit.explanations["aligned"].method == "attention"


@pytest.mark.parametrize("method", ["relevance", "attention"])
def test_each_encoder_runs_once_whatever_the_page_shows(tiny_predictor, method):
    """Two answers, two without looking, two similarities, maps, other maps and their tests, and the question again."""
    before, passes, model = dict(tiny_predictor.calls), [], tiny_predictor.models["aligned"]
    encoders = {"vit": model.vision_encoder, "bert": model.text_encoder}  # counted where no caller can forget to
    hooks = [e.register_forward_hook(lambda *_, name=name: passes.append(name)) for name, e in encoders.items()]
    shown = Visit(tiny_predictor.encode(Image.new("RGB", (70, 50), "teal" if method == "attention" else "navy")))
    visit = visits.ask(shown, tiny_predictor, QUESTION, COMPARE, MapView(method))
    visit = visits.try_maps(visits.look(visit, tiny_predictor, MapView("attention", "0", "1")), tiny_predictor)
    visit = visits.recall(visit, tiny_predictor, 0, MapView("rollout"))
    for hook in hooks:
        hook.remove()
    assert passes == ["vit", "bert"]
    assert {name: count - before[name] for name, count in tiny_predictor.calls.items()} == {"vit": 1, "bert": 1}
    assert visit.turn.milliseconds["question"] > 0


def test_the_result_is_exported_as_plain_json(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView("off"))
    exported = json.loads(json.dumps(visit.turn.to_dict()))
    assert exported["question"] == QUESTION
    result = exported["results"]["unaligned"]
    assert result["top"][0]["answer"] == result["answer"] and "without_looking" in result
    assert result["similarity"] == {"cosine": round(visit.turn.similarities["unaligned"].cosine, 4)}
    assert visit.explanations == {} and words_html(visit, "en") == ""


def test_a_question_asked_again_takes_the_place_of_its_answer(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView("off"))
    visit = visits.ask(visit, tiny_predictor, QUESTION, COMPARE, MapView("off"))
    assert [asked.variant for asked in visit.turns] == [COMPARE]


def test_an_earlier_question_comes_back(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView("off"))
    visit = visits.ask(visit, tiny_predictor, "is there a dog?", "aligned", MapView("off"))
    assert visits.recall(visit, tiny_predictor, 0, MapView("off")).turn.question == QUESTION
    assert visits.recall(visit, tiny_predictor, 99, MapView("off")).turn.question == "is there a dog?"
    assert history_html(visit, "en").count("data-pick") == 2


def test_only_listed_answers_come_out_and_the_turn_says_so(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView("off"), ["dog", "cat"])
    for prediction in (*visit.turn.predictions.values(), *visit.turn.question_only.values()):
        assert prediction.choices == ("dog", "cat") and prediction.answer in prediction.choices


def test_a_correction_makes_the_export_a_row_that_training_reads(tiny_predictor, visited, tmp_path):
    visit = visits.ask(replace(visited, name="my cat"), tiny_predictor, QUESTION, "aligned", MapView("off"))
    assert "answer" not in visit.turn.to_dict()
    visit = visits.correct(visit, " Black_and white ")
    (tmp_path / "answer.jsonl").write_text(json.dumps(visit.turn.to_dict()))
    (row,) = read_questions([tmp_path / "answer.jsonl"])
    assert (row.image_id, row.question, row.answer, row.source) == ("my cat", QUESTION, "black and white", "visitor")


def test_a_photo_is_described_by_each_chosen_model(tiny_predictor, visited):
    visit = visits.describe(visited, tiny_predictor, COMPARE)
    assert visit.descriptions["unaligned"].answer == tiny_predictor.caption(visited.photo, "unaligned").answer
    assert list(visits.describe(visited, tiny_predictor, "aligned").descriptions) == ["aligned"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here: that states leave the GPU was NOT tested")
def test_what_a_page_keeps_lies_in_the_cpus_memory(tiny_weights, tiny_predictor, photo):
    predictor = VQAPredictor.from_pretrained(tiny_weights, device="cuda")
    visit = visits.ask(Visit(predictor.encode(photo)), predictor, "is there a cat?", COMPARE, MapView())
    visit = visits.try_maps(visit, predictor)
    tensors = []
    for value in walk(visit):
        tensors += [value] if isinstance(value, torch.Tensor) else []
    assert len(tensors) == 1 + len(visit.photo.states.attentions)
    assert {tensor.device.type for tensor in tensors} == {"cpu"}
    assert {p.device.type for p in predictor.models["aligned"].parameters()} == {"cuda"}
    expected = tiny_predictor.ask(photo, "is there a cat?", answers=["cat", "dog"])
    found = predictor.ask_many([visit.photo, None], ["is there a cat?", "what?"], answers=["cat", "dog"])[0]
    assert (found.answer, found.confidence) == (expected.answer, pytest.approx(expected.confidence, rel=1e-3))
    for method in METHODS:
        explain(predictor.models["aligned"], predictor.processor, visit.photo.states, "is there a cat?", method)


def walk(value):
    """A value and all that it holds."""
    yield value
    if dataclasses.is_dataclass(value):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from walk(one)
