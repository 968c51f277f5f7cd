"""Where one thing is to another, asked from the other side: what has a lamp on it is beneath the lamp."""

import re
from collections.abc import Iterable

from vqa.processing.text import clean_answer, is_single_word
from vqa.train.examples import Example

SIDES = (
    ("on the left side of", "on the right side of"),
    ("to the left of", "to the right of"),
    ("left of", "right of"),
    ("in front of", "behind"),
    ("above", "below"),
    ("on", "beneath"),
)
OPPOSITES = (
    dict(SIDES)
    | {other: one for one, other in SIDES}
    | {"under": "on", "on top of": "beneath"}
    | {same: same for same in ("close to", "near", "next to", "opposite to")}
)
_RELATION = "|".join(sorted(OPPOSITES, key=len, reverse=True))
ASKED = re.compile(
    r"what (?:is|are)(?: found| seen| kept| present| the (?:object|thing)s?(?: found)?)? "
    rf"({_RELATION}) the ((?:(?!of |on |in |to |and )[a-z]+ ?){{1,3}})"
)
NO_PLACE = {"wall", "floor", "ceiling", "roof", "room", "image"}  # nothing is "beneath the picture" on a wall


def turned(questions: Iterable[dict]) -> list[Example]:
    """DAQUAR's questions of what is where, with the thing that was the answer in the question, and the reverse.

    Only where the thing in the question is itself an answer to some question, by the name that DAQUAR has for it.
    """
    rows = [(row, clean_answer(row["answer"])) for row in questions if row["source"] == "daquar"]
    names = {answer for _, answer in rows if is_single_word(answer)} - NO_PLACE
    examples = []
    for row, answer in rows:
        if (parts := ASKED.fullmatch(row["question"].rstrip(" ?"))) and is_single_word(answer):
            relation, thing = parts.groups()
            named = thing if thing in names else thing.split()[-1]
            if named in names and named != answer:
                examples.append(Example(row["image_id"], f"what is {OPPOSITES[relation]} the {answer}", (named,)))
    return examples
