"""Whether there is a thing is asked of what captions tell of, and of what nobody said."""

import random

from vqa.common.english import plural
from vqa.data.labels import content_words, words_by_image
from vqa.data.questions import ASKED_OF_ONE
from vqa.train.makers.existence import ASKED_OF_SEVERAL, existing, whether_there_is


def test_what_is_there_is_what_the_question_is_about():
    captions = [{"image_id": "a", "captions": ["a cat and a quilt"]}, {"image_id": "b", "captions": ["a man"]}]
    nouns = [{"image_id": "c", "type": "object", "question": "q", "answer": noun} for noun in ("cat", "quilt", "man")]
    yes = [e for e in existing(captions, [], nouns, words_by_image([], captions, []), 0) if e.answers == ("yes",)]
    words = {noun: {noun, plural(noun)} for noun in ("cat", "quilt", "man")}
    found = {noun: e.about for e in yes for noun in words if words[noun] & content_words(e.question)}
    assert found == {"cat": "cat", "quilt": None, "man": "person"}


def test_existence_questions_ask_for_what_is_and_what_is_not_there():
    captions = [{"image_id": f"i{n}", "captions": [f"a {noun} in sight"]} for n, noun in enumerate(["dog", "owl"] * 9)]
    questions = [{"image_id": "x", "type": "object", "question": "q", "answer": a} for a in ("dog", "owl")]
    words = words_by_image([], captions, [])
    examples = existing(captions, [], questions, words, seed=0)
    for example in examples:
        [noun] = {"dog", "owl"} & content_words(example.question)
        assert (example.answers == ("yes",)) == (noun in words[example.image_id])
    forms = {e.question.replace("an owl", "{}").replace("a dog", "{}") for e in examples}
    forms = {form.replace("owls", "{}").replace("dogs", "{}") for form in forms}
    assert len(forms) > 5 and forms <= {*ASKED_OF_ONE, *ASKED_OF_SEVERAL}
    assert {e.answers[0] for e in examples} == {"yes", "no"}


def test_what_is_several_is_asked_for_as_several():
    asked_for = {whether_there_is("dogs", random.Random(seed)) for seed in range(30)}
    assert asked_for == {form.format("dogs") for form in ASKED_OF_SEVERAL}
