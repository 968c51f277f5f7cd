"""What a question offers as answers is found by how its two sides are built."""

import random

import pytest

from vqa.processing.alternatives import alternatives


@pytest.mark.parametrize(
    ("question", "offered"),
    [
        ("Is this an office or a bedroom", ("office", "bedroom")),
        ("indoors or outdoors?", ("indoors", "outdoors")),
        ("Is it day or night?", ("day", "night")),
        ("Is it day or night outside?", ("day", "night")),
        ("Is the bus red or blue?", ("red", "blue")),
        ("Is the man sitting or standing?", ("sitting", "standing")),
        ("Is it red, green or blue?", ("red", "green", "blue")),
        ("Is that a cat, a dog, or a polar bear?", ("cat", "dog", "polar bear")),
        ("Was this taken during the day or at night?", ("day", "night")),
        ("Is he in a bedroom or in a kitchen?", ("bedroom", "kitchen")),
        ("Is the cat under the table or on a chair?", ("table", "chair")),
        ("What is she riding: a horse or a bike?", ("horse", "bike")),
        ("How is the weather, sunny or rainy?", ("sunny", "rainy")),
        ("Which is bigger, the cat or the dog?", ("cat", "dog")),
        ("Is that a real house or a toy?", ("real house", "toy")),
        ("Is this a shop or somebody's home?", ("shop", "somebody's home")),
        ("Is the cat black and white or brown?", ("black and white", "brown")),
        ("Is the cat brown or black and white?", ("brown", "black and white")),
        ("Is there a cat or a dog on the bed?", ("cat", "dog")),
        ("Is it a man or a woman wearing the hat?", ("man", "woman")),
        ("Is he riding a horse or skateboarding?", ("riding horse", "skateboarding")),
        ("Is he skateboarding or riding a horse?", ("skateboarding", "riding horse")),
        ("Is the plane taking off or landing?", ("taking off", "landing")),
        ("Is the light on or off?", ("on", "off")),
        ("Is the cat under or on the table?", ("under", "on")),
        ("Is he going up the hill or down the hill?", ("up", "down")),
        ("Is it in his left or right hand?", ("left", "right")),
        ("Is it a sunny or cloudy day?", ("sunny", "cloudy")),
        ("sunny day or cloudy day?", ("sunny day", "cloudy day")),
        ("Are there two or three dogs?", ("2", "3")),
        ("Do you see a cell phone or a remote?", ("cell phone", "remote")),
        ("IS IT A CAT OR A DOG???", ("cat", "dog")),
        ("Is the dog on the left or on the right?", ("left", "right")),
        ("Is this a hot dog or a pizza?", ("hot dog", "pizza")),
        ("Is there a cat or a dog?", ("cat", "dog")),
        ("Is it raining or is it sunny?", ("raining", "sunny")),
        ("Is the glass half full or half empty?", ("half full", "half empty")),
        ("Is this seen from above or from below?", ("above", "below")),
        ("Yes or no: is it a cat?", ("yes", "no")),
        ("Seen from here, is it a boat or a bus?", ("boat", "bus")),
        ("What is this? cat or dog?", ("cat", "dog")),
    ],
)
def test_answers_that_are_offered_are_found(question, offered):
    assert alternatives(question) == offered


@pytest.mark.parametrize(
    "question",
    [
        "Is this a cat?",
        "What color is the door?",  # an "or" that is no word
        "Is this a cat or not?",
        "Are there one or more dogs?",
        "Are there two or so?",
        "Is it a cat or something else?",
        "Is it raw or has it been cooked?",
        "How many cats or dogs are there?",
        "What color is the hat or cap?",
        "Are there any cats or dogs?",
        "Is the child with his or her mother?",
        "Is it a cat or a cat?",
        "Is it raining or not?",
        "Is he alone or does he have company?",
        "or?",
        "or a dog?",
        "Is it a dog or",
        "a or b or c",
        "",
        "?",
        "Is it red, , or",
    ],
)
def test_where_nothing_is_offered_nothing_is_found(question):
    assert alternatives(question) == ()


def test_answers_are_offered_in_the_order_of_the_question():
    for one, other in [("cat", "dog"), ("red", "blue"), ("indoors", "outdoors")]:
        for form in ("Is it {} or {}?", "Is this a {} or a {}", "{} or {}?", "Is the thing {} or {}?"):
            assert alternatives(form.format(one, other)) == (one, other)
            assert alternatives(form.format(other, one)) == (other, one)


@pytest.mark.parametrize("mark", ["", "?", " ?", ".", "!"])
def test_marks_and_capitals_change_nothing(mark):
    assert alternatives(f"is it a Cat Or a dog{mark}") == ("cat", "dog")


def test_whatever_is_asked_something_comes_back():
    rng = random.Random(0)
    words = "is this a the in on or and not cat riding , : ? 's red".split()
    for _ in range(5000):
        offered = alternatives(" ".join(rng.choices(words, k=rng.randint(1, 9))))
        assert len(offered) != 1 and len(set(offered)) == len(offered) and all(offered)
