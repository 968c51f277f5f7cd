"""Where one thing is to another, asked from either side: what has a lamp on it is beneath the lamp."""

import re
from collections.abc import Iterable, Iterator

from vqa.common.english import is_plural, plural, with_article
from vqa.data.labels import PEOPLE
from vqa.processing.text import clean_answer, is_single_word
from vqa.train.makers.captions import NEITHER, any_of, head, sentences, subject
from vqa.train.makers.colors import CLOTHES
from vqa.train.makers.facts import Asking, Fact
from vqa.train.makers.words import ANIMALS, VEHICLES

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

# What captions tell, and the same from the other side.
TOLD = "behind,in front of,next to,beside,on top of,on,under,underneath,above,below,near,inside,in".split(",")
TURNED = {"beside": "beside", "on top of": "under", "on": "under", "under": "above"}
TURNED |= {relation: OPPOSITES[relation] for relation in ("behind", "in front of", "next to", "near", "above", "below")}
# What nobody overlooks: one that is not told of is not there.
SALIENT = frozenset(word for words in (ANIMALS, VEHICLES) for word, kind in words.items() if kind != NEITHER)
MANY = frozenset(map(plural, SALIENT)) - SALIENT
PAIRS = ({"man", "woman"}, {"boy", "girl"}, {"man", "girl"}, {"woman", "boy"})
NOT_UNDER = frozenset("phone,cell phone,computer,tv,team,skateboard,trail,way".split(","))
CONTAINER = "plate bowl cup glass mug basket box vase tray pan pot bag bucket jar tub".split()
CONTENT = re.compile(rf"\b(?:an?|the|one) (?:[a-z-]+ ){{0,2}}?{any_of(frozenset(CONTAINER))} "
                     rf"(?:of|filled with|full of|with|containing|topped with|that has) (.+)")  # fmt: skip
_WHERE = re.compile(rf"(?:(\w+ing) (?:down |up )?)?{any_of(frozenset(TOLD))} (?:an?|the|his|her|its|their) (.+)")

SEEN = ("what is {of}", "what is {of}", "what can you see {of}", "what do you see {of}")
THING = Asking(open=SEEN, many=True)
PERSON = Asking(
    open=("who is {of}",),
    either=("is there {} or {} {of}", "is it {} or {} {of}"),
    whether=("is there {} {of}", "do you see {} {of}"),
    spoken=with_article,
    excludes=lambda one, other: {one, other} in PAIRS,
)
BEING = Asking(open=SEEN, either=PERSON.either, whether=(*PERSON.whether, "is {} {of}"), spoken=with_article)
BEINGS = Asking(
    open=("what are {of}", "what can you see {of}"),
    either=("are there {} or {} {of}",),
    whether=("are there {} {of}", "are there any {} {of}", "do you see {} {of}"),
)
CONTENTS = Asking(open=("what is {of}", "what food is {of}", "what is {of}"), many=True)


def places(captions: Iterable[dict], nouns: frozenset[str]) -> Iterator[Fact]:
    """What is where to the one thing of its name, by sentences such as "a cat sitting behind the car"."""
    known = nouns | SALIENT | MANY | frozenset(PEOPLE)
    for image_id, said in sentences(captions).items():
        text = " . ".join(said)
        for sentence in said:
            if (parts := CONTENT.search(sentence)) and (content := head(subject(parts[2])[0], nouns)):
                where = "on" if parts[1] in ("plate", "tray") else "in"
                yield Fact(image_id, CONTENTS, content, f"{where} the {parts[1]}")
            first, rest = subject(sentence)
            who, parts = head(first, known), _WHERE.match(rest)
            where = head(subject(parts[3])[0], nouns) if parts else ""
            if not (who and where) or where == who or where in CLOTHES or not _is_one(where, text):
                continue
            doing, relation = parts[1], parts[2]
            asking = _asking(who)
            yield Fact(image_id, asking, who, f"{relation} the {where}")
            if doing and asking is not BEINGS:
                yield Fact(image_id, asking, who, f"{doing} {relation} the {where}")
            turned = TURNED.get(relation)
            if turned == "under" and (asking is PERSON or where in NOT_UNDER):
                turned = None
            if turned and not is_plural(who) and _is_one(who, text):
                yield Fact(image_id, THING, where, f"{turned} the {who}")


def _asking(who: str) -> Asking:
    if who in PEOPLE:
        return PERSON
    return BEING if who in SALIENT else BEINGS if who in MANY else THING


def _is_one(name: str, text: str) -> bool:
    more = rf"\b(?:{re.escape(plural(name))}|(?:another|other|two) {re.escape(name)})\b"
    return name != "people" and (is_plural(name) or not re.search(more, text))


def turned(questions: Iterable[dict]) -> Iterator[Fact]:
    """DAQUAR's questions of what is where, with the thing that was the answer in the question, and the reverse.

    Only where the thing in the question is itself an answer to some question, by the name that DAQUAR has for it.
    """
    rows = [(row, clean_answer(row["answer"])) for row in questions if row["source"] == "daquar"]
    names = {answer for _, answer in rows if is_single_word(answer)} - NO_PLACE
    for row, answer in rows:
        if (parts := ASKED.fullmatch(row["question"].rstrip(" ?"))) and is_single_word(answer):
            relation, thing = parts.groups()
            named = thing if thing in names else thing.split()[-1]
            if named in names and named != answer:
                yield Fact(row["image_id"], THING, named, f"{OPPOSITES[relation]} the {answer}")
