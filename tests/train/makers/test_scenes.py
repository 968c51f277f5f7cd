"""Scenes are told by the words of captions, where all of them agree and the scene is real."""

import pytest

from vqa.train.makers.facts import questions_of
from vqa.train.makers.scenes import TOPICS, scenes


def values(question, *captions):
    """The values found for what a question asks for."""
    found = scenes([{"image_id": "a", "captions": list(captions)}])
    return {f.value for f in found if question in (*f.asking.open, *f.asking.either, *f.asking.whether)}


def test_a_kitchen_is_a_room_and_indoors():
    caption = "A woman cooks in the kitchen."
    assert values("what room is this", caption) == values("where is this", caption) == {"kitchen"}
    assert values("is this scene {}", caption) == {"indoors"} and values("is this photo taken {}", caption) == {
        "inside"
    }


@pytest.mark.parametrize(
    ("caption", "question", "value"),
    [
        ("A busy street at night.", "what time of day is it", "night"),
        ("Kites on a sunny day", "what time of day is it", "daytime"),
        ("Kites on a sunny day", "how is the weather", "sunny"),
        ("A bus in the rain", "how is the weather", "rainy"),
        ("Two people skiing down a slope", "what season is it", "winter"),
        ("A girl in a bikini", "what season is it", "summer"),
        ("A cow by a country road", "are we in the {} or in the {}", "country"),
        ("A giraffe in its enclosure", "is the animal {} or {}", "zoo"),
        ("A dog in the snow", "is there snow on the ground", "yes"),
        ("A dog on the sand", "is there snow on the ground", "no"),
        ("A black and white photo of a man", "is this photo black and white", "yes"),
        ("Boats under a cloudy sky", "are there any clouds in the sky", "yes"),
        ("A plane in a clear blue sky", "are there any clouds in the sky", "no"),
    ],
)
def test_words_tell_a_scene(caption, question, value):
    assert values(question, caption) == {value}


@pytest.mark.parametrize(
    ("captions", "question"),
    [
        (["A night stand by a lamp"], "what time of day is it"),
        (["A kitchen seen through a window"], "what room is this"),
        (["A toy train on a beach"], "where is this"),
        (["A painting of a street"], "where is this"),
        (["Water skiing on a lake"], "what season is it"),
    ],
)
def test_what_is_open_or_not_real_is_not_asked(captions, question):
    assert values(question, *captions) == set()


@pytest.mark.parametrize(
    ("captions", "word"), [(["A bathroom", "A kitchen"], "room is"), (["A sunny street", "A street at night"], "day")]
)
def test_of_two_scenes_neither_is_asked_for(captions, word):
    rows = [{"image_id": f"i{n}", "captions": captions} for n in range(9)]
    assert not any(word in e.question.lower() for e in questions_of(scenes(rows), {}, 0))


def test_a_day_and_a_night_are_asked_alike():
    captions = ["A sunny street", "A street at night"]
    rows = [{"image_id": f"i{n}", "captions": [captions[n % 2]]} for n in range(40)]
    asked = [
        e for e in questions_of(scenes(rows), {}, 0) if "day" in e.question.lower() or "night" in e.question.lower()
    ]
    for example in asked:
        is_day = int(example.image_id[1:]) % 2 == 0
        [answer] = example.answers
        if answer in ("yes", "no"):
            assert (answer == "yes") == (("day" in example.question.lower()) == is_day)
        else:
            assert answer in (("day", "daytime") if is_day else ("night", "nighttime"))
    assert {"day", "night", "daytime", "nighttime", "yes", "no"} == {e.answers[0] for e in asked}


def test_every_topic_asks_in_its_own_words():
    """Two topics with the same questions would be taken for one."""
    askings = [asking for asking, _ in TOPICS]
    assert len(set(askings)) == len(askings)
