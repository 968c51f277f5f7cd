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
SENSIBLE = 0.85  # of the suggested questions, at least: raise it with weights that do better
YES, NO, ONE = {"yes"}, {"no"}, {"1", "one"}
CAT_COLOURS = {"orange", "brown", "gray", "tan"}
ACCEPTED = {  # what a person would accept as the answer, by example and question
    "lion": {
        "What color is the lion?": {"brown", "yellow", "orange", "tan", "gold", "golden"},
        "What animal is this?": {"lion", "lions"},
        "How many lions are there?": {"2", "two"},
        "Is there a person?": NO,
        "Is there a car?": NO,
    },
    "cat": {
        "How many cats are there?": ONE,
        "What animal is this?": {"cat", "kitten"},
        "What color is the cat?": CAT_COLOURS,
        "What color are the cat's eyes?": {"yellow", "green", "orange", "brown", "gold"},
        "Is there a dog?": NO,
    },
    "tower": {
        "What color is the sky?": {"blue", "gray", "purple"},
        "Is there a tower?": YES,
        "Is this a city?": YES,
        "How many towers are there?": ONE,
        "What is in the background?": {"tower", "building", "sky", "tree", "trees"},
    },
    "photographer": {
        "How many people are there?": ONE,
        "What is the man holding?": {"camera"},
        "Is there a camera?": YES,
        "What color is the man's coat?": {"black"},
        "Is the man sitting?": NO,
    },
    "cheetah": {
        "What color is the animal?": {"brown", "yellow", "orange", "tan", "black"},
        "Is there a person?": NO,
        "How many animals are there?": ONE,
        "Is the animal spotted?": YES,
        "What is the animal doing?": {"running", "walking", "jumping"},
    },
    "astronaut": {
        "Is there a woman in the picture?": YES,
        "Is there a flag?": YES,
        "How many people are there?": ONE,
        "Is the person happy?": YES,
        "Is the woman smiling?": YES,
    },
    "coffee": {
        "What is on the table?": {"cup", "coffee", "mug", "plate", "saucer", "spoon", "coffee cup"},
        "Is there food on the plate?": NO,
        "Is there a spoon?": YES,
        "How many cups are there?": ONE,
        "What is the table made of?": {"wood"},
    },
    "rocket": {
        "Is there a person?": NO,
        "What color is the sky?": {"blue", "gray", "black"},
        "Is this a photo of the night?": YES,
        "What is in the picture?": {"rocket", "tower", "building", "sky"},
        "Is there a dog?": NO,
    },
    "boat": {
        "What color is the boat?": {"red", "red and white"},
        "How many boats are there?": ONE,
        "Is the sun shining?": YES,
        "Is there a person?": NO,
        "Is there a car?": NO,
    },
    "stop_sign": {
        "What color is the sign?": {"red", "red and white"},
        "What is this?": {"sign", "stop sign"},
        "Is there a stop sign?": YES,
        "Where is the sign?": {"street", "road", "outside", "pole", "sidewalk", "grass"},
        "Is there a car?": NO,
    },
    "shapes": {
        "What color is the circle?": {"red"},
        "Is there a red circle?": YES,
        "Is there a dog?": NO,
        "Is there a person?": NO,
        "Is there a green triangle?": YES,
    },
    "bus": {
        "What color is the bus?": {"red"},
        "How many buses are there?": ONE,
        "Is there a tree?": NO,
        "Are there people in the picture?": NO,
        "Is there a dog?": NO,
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
