"""The examples on the page."""

from collections import Counter
from pathlib import Path

import gradio
import pytest

from vqa.common.english import is_english
from vqa.inference.predictor import VQAPredictor
from vqa.ui.gallery import load_examples

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
MEDIA = {"cheetah.jpg", "lion.jpg", "bus.png", "tower.jpg"}
QUESTIONS = 5
SENSIBLE = 0.95  # of the suggested questions, at least: raise it with weights that do better
YES, NO, ONE, OUT = {"yes"}, {"no"}, {"1", "one"}, {"outdoors"}
CAT_COLOURS = {"orange", "brown", "gray", "tan"}
ACCEPTED = {  # what a person would accept as the answer, by example and question
    "lion": {
        "What color is the lion?": {"brown", "gold", "golden", "orange", "tan", "yellow"},
        "How many lions are there?": {"2", "two"},
        "Is there a person?": NO,
        "Indoors or outdoors?": OUT,
        "Is the animal wild?": YES,
    },
    "cat": {
        "What animal is this?": {"cat", "kitten"},
        "How many cats are there?": ONE,
        "What color is the cat?": CAT_COLOURS,
        "Is this a cat or a dog?": {"cat"},
        "Is the cat sleeping?": NO,
    },
    "tower": {
        "What color is the sky?": {"blue", "gray", "purple"},
        "Is there a tower?": YES,
        "Is there a tree?": YES,
        "Indoors or outdoors?": OUT,
        "Is there a car?": NO,
    },
    "photographer": {
        "Is there a camera?": YES,
        "What color is the man's coat?": {"black"},
        "Is the man sitting?": NO,
        "Indoors or outdoors?": OUT,
        "Is the photo black and white?": YES,
    },
    "cheetah": {
        "What color is the animal?": {"black", "brown", "orange", "tan", "yellow"},
        "Is the animal spotted?": YES,
        "Is there a person?": NO,
        "Indoors or outdoors?": OUT,
        "Is the animal asleep?": NO,
    },
    "astronaut": {
        "Is there a woman in the picture?": YES,
        "Is there a flag?": YES,
        "Is the woman smiling?": YES,
        "Is the person happy?": YES,
        "Indoors or outdoors?": {"indoors"},
    },
    "coffee": {
        "What is in the cup?": {"coffee", "espresso", "tea"},
        "What is the table made of?": {"wood"},
        "Is there a spoon?": YES,
        "What color is the saucer?": {"brown", "orange", "red"},
        "Is this coffee or beer?": {"coffee"},
    },
    "rocket": {
        "What color is the sky?": {"black", "blue", "gray"},
        "Is it day or night?": {"night"},
        "Are the lights on?": YES,
        "Is the sky dark?": YES,
        "Indoors or outdoors?": OUT,
    },
    "boat": {
        "What color is the sky?": {"blue"},
        "What color is the water?": {"blue"},
        "Is this a boat or a car?": {"boat"},
        "Is the sun shining?": YES,
        "Is there a person?": NO,
    },
    "stop_sign": {
        "What color is the sign?": {"red", "red and white"},
        "What is this?": {"sign", "stop sign"},
        "What does the sign say?": {"stop"},
        "Is there a stop sign?": YES,
        "Is the sign red or green?": {"red"},
    },
    "shapes": {
        "What color is the circle?": {"red"},
        "Is there a red circle?": YES,
        "Is there a green triangle?": YES,
        "Is there a dog?": NO,
        "Is there a person?": NO,
    },
    "bus": {
        "What color is the bus?": {"red"},
        "What vehicle is this?": {"bus"},
        "How many buses are there?": ONE,
        "Is this a bus or a train?": {"bus"},
        "Is the bus red or blue?": {"red"},
    },
}


def test_examples_have_a_file_captions_and_questions_in_both_languages():
    examples = load_examples()
    assert len({example.name for example in examples}) == len(examples)
    for example in examples:
        assert example.path.is_file() and is_english(example.caption) and not is_english(example.chinese)
        assert len({suggestion.question for suggestion in example.questions}) == QUESTIONS
        for suggestion in example.questions:
            assert is_english(suggestion.question) and not is_english(suggestion.chinese)


def test_photographs_come_first_and_drawings_apart():
    kinds = [example.kind for example in load_examples()]
    assert kinds == sorted(kinds, reverse=True) and Counter(kinds)["photo"] >= 6 and set(kinds) == {"photo", "drawing"}


def test_the_installed_gradio_carries_what_is_used_of_it():
    package = Path(gradio.__file__).parent
    assert {example.path.name for example in load_examples() if example.path.is_relative_to(package)} == MEDIA


def test_what_gradio_does_not_carry_is_left_out(tmp_path):
    rows = (Path(__file__).parents[2] / "examples" / "gallery.json").read_text(encoding="utf-8")
    (tmp_path / "gallery.json").write_text(rows.replace("lion.jpg", "unicorn.jpg"), encoding="utf-8")
    assert "lion" not in [example.name for example in load_examples(tmp_path)]


def test_every_suggestion_has_an_accepted_answer():
    asked = {example.name: {s.question for s in example.questions} for example in load_examples()}
    assert asked == {name: set(questions) for name, questions in ACCEPTED.items()}


def test_suggestions_are_answered_sensibly():
    if not (WEIGHTS / "aligned" / "config.json").is_file():
        pytest.skip("there are no weights in weights/: their answers to the suggestions were not tested")
    predictor, wrong, count = VQAPredictor.from_pretrained(WEIGHTS), [], 0
    for example in load_examples():
        photo = predictor.encode(example.path)
        questions = [suggestion.question for suggestion in example.questions]
        for prediction in predictor.ask_many([photo] * len(questions), questions):
            count += 1
            if prediction.answer not in ACCEPTED[example.name][prediction.question]:
                wrong.append(f"{example.name}: {prediction.question} {prediction.answer} {prediction.confidence:.2f}")
    assert 1 - len(wrong) / count >= SENSIBLE, wrong
