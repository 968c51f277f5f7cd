"""Questions that are suggested for a visitor's own photo."""

from dataclasses import replace

import pytest

from vqa.common.english import is_english
from vqa.inference.predictor import Answer
from vqa.ui.suggestions import LOOKS, NEUTRAL, suggest


@pytest.fixture
def seen(tiny_predictor, photo):
    return tiny_predictor.encode(photo)


@pytest.fixture
def says(tiny_predictor, monkeypatch):
    """Lets the model name one thing, as sure as a test wants."""

    def prepare(answer: str, probability: float, sure: bool = True) -> None:
        def ask_many(photos, questions, variant):
            prediction = tiny_predictor.ask(photos[0], LOOKS[0], variant)
            return [replace(prediction, top=[Answer(answer, probability)], sure=sure) for _ in questions]

        monkeypatch.setattr(tiny_predictor, "ask_many", ask_many)

    return prepare


def test_suggestions_need_no_second_look(tiny_predictor, seen):
    before = dict(tiny_predictor.calls)
    found = suggest(tiny_predictor, seen)
    assert len({suggestion.question for suggestion in found}) == len(found) == len(NEUTRAL)
    assert all(is_english(suggestion.question) and not is_english(suggestion.chinese) for suggestion in found)
    assert tiny_predictor.calls["vit"] == before["vit"] and tiny_predictor.calls["bert"] - before["bert"] == 1


def test_a_thing_is_named_only_where_the_model_is_sure_of_it(tiny_predictor, seen, says):
    says("banana", 0.3, sure=False)
    assert suggest(tiny_predictor, seen) == NEUTRAL
    says("banana", 0.45)
    assert suggest(tiny_predictor, seen) == NEUTRAL
    says("banana", 0.9)
    found = suggest(tiny_predictor, seen)
    assert [s.question for s in found[-2:]] == ["What color is the banana?", "How many bananas are there?"]
    assert [s.chinese for s in found[-2:]] == ["香蕉是什么颜色的？", "有几个香蕉？"]
    says("dogs", 0.9)
    assert suggest(tiny_predictor, seen)[-2].question == "What color are the dogs?"
    says("42", 0.9)
    assert suggest(tiny_predictor, seen) == NEUTRAL
