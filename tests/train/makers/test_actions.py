"""What somebody does is asked where a sentence says it of the only one of that name."""

import pytest

from vqa.train.makers.actions import actions
from vqa.train.makers.facts import questions_of

NOUNS = frozenset("horse bench hat ball phone frisbee bed glasses racket pizza".split())


def values(question, *captions):
    """The answers by what is asked of: `values("doing", ...)["the man"]`."""
    found = {}
    for fact in actions([{"image_id": "a", "captions": list(captions)}], NOUNS):
        for form in fact.asking.open:
            if form.removeprefix("what is {of}").removeprefix("what are {of}").strip() == question:
                found.setdefault(fact.of, set()).add(fact.value)
    return found


@pytest.mark.parametrize(
    ("caption", "question", "expected"),
    [
        ("A man is riding a horse.", "doing", {"the man": {"riding horse"}, "he": {"riding horse"}}),
        ("A man rides a horse", "riding", {"the man": {"horse"}, "he": {"horse"}}),
        ("A young girl sits on a bench", "doing", {"the girl": {"sitting"}, "she": {"sitting"}}),
        ("A young girl sits on a bench", "sitting on", {"the girl": {"bench"}, "she": {"bench"}}),
        ("A cat laying on top of a bed", "lying on", {"the cat": {"bed"}}),
        ("A kitten asleep on a bed", "doing", {"the cat": {"sleeping"}}),
        ("Dogs run on grass", "doing", {"the dogs": {"running"}, "they": {"running"}}),
        ("A guy in a red coat is holding a big red ball", "holding", {"the man": {"ball"}, "he": {"ball"}}),
        ("A lady talking on a cell phone", "doing", {"the woman": {"talking on phone"}, "she": {"talking on phone"}}),
        ("A person holding a strange thing", "holding", {}),
        ("A man flying through the air", "doing", {}),
        ("A bird flying through the air", "doing", {"the bird": {"flying"}}),
        ("A bench standing in a park", "doing", {}),
    ],
)
def test_a_sentence_says_what_its_subject_does(caption, question, expected):
    assert values(question, caption) == expected


def test_what_is_worn_is_asked_by_where_it_is_worn():
    found = values("", "A woman wearing a red hat")
    assert found == {"the woman wearing on her head": {"hat"}, "she wearing on her head": {"hat"}}
    assert set(values("", "A person wearing glasses")) == {"the person wearing on their face"}


@pytest.mark.parametrize(
    "captions",
    [
        ["A man rides a horse", "Another man rides a horse"],
        ["A man rides a horse", "Two men on horses"],
        ["A man riding a horse behind a man"],
        ["Some people sit on a bench", "Other people sit on a bed"],
    ],
)
def test_one_of_several_is_not_asked_about(captions):
    assert values("doing", *captions) == {}


def test_he_is_asked_about_where_there_is_no_she():
    assert set(values("doing", "A man rides a horse", "A woman waves")) == {"the man"}


def test_a_man_who_sits_does_not_stand():
    captions = ["A man sitting on a bench", "A man standing near a pizza"]
    rows = [{"image_id": f"i{n}", "captions": [captions[n % 2]]} for n in range(30)]
    asked = questions_of(actions(rows, NOUNS), {}, 0)
    questions = {e.question.lower().rstrip("?") for e in asked}
    assert {"is the man sitting or standing", "is he standing or sitting", "is he standing"} <= questions
    for example in asked:
        sits = int(example.image_id[1:]) % 2 == 0
        if example.answers[0] in ("yes", "no"):
            assert (example.answers == ("yes",)) == (("sitting" in example.question) == sits)
        elif example.answers != ("bench",):
            assert example.answers == ("sitting" if sits else "standing",)


def test_what_goes_together_is_not_denied():
    """He who eats may sit."""
    captions = ["A man sitting on a bench", "A man eating pizza"]
    rows = [{"image_id": f"i{n}", "captions": [captions[n % 2]]} for n in range(30)]
    asked = [e for e in questions_of(actions(rows, NOUNS), {}, 0) if "sitting" in e.answers or "eating" in e.question]
    assert asked and not any(e.answers[0] in ("yes", "no") or " or " in e.question for e in asked)


def test_deeds_are_asked_in_whole_sentences():
    captions = ["A man riding a horse", "A man talking on a phone", "A man playing tennis"]
    rows = [{"image_id": f"i{n}", "captions": [captions[n % 3]]} for n in range(60)]
    questions = {e.question.lower().rstrip("?") for e in questions_of(actions(rows, NOUNS), {}, 0)}
    assert {"is the man riding a horse", "is the man playing tennis"} <= questions
    assert not any("riding horse" in question for question in questions)
