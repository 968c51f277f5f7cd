"""Reading captions: their sentences, the phrase that each begins with, and tables of words to look for."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from vqa.processing.text import clean_caption

# What COCO-QA has as answers about objects, and cannot be pointed at.
NOT_THINGS = frozenset("top side front picture area group photo view one".split())
NEITHER = "-"  # in a table, the value of words that leave it open
BEFORE = (
    r"(?:an?|the|his|her|their|its|some|one|this|that|two|three|four|five|six|several|many"
    r"|there (?:is|are)(?: an?)?)"
)
SHOWN = (
    r"(?:an? )?(?:very )?(?:close[- ]?up |blurry |black and white )?"
    r"(?:close[- ]?up|picture|photo|photograph|image|view|shot|side view) of "
)
GROUP = r"(?:group|herd|couple|pair|bunch|flock|lot|crowd|pile|set|row|number|line|team|plate|bowl|piece|slice)s? of "
PLACED = (
    r"(?:in|on|at|with|near|next|behind|under|over|through|along|into|across|from|down|up|around|against|by|to|of|onto"
    r"|beside|above|below|inside|outside|between|off|out|towards?|past|for|during|atop|underneath|among|beneath)"
)
ENDED = rf"(?=$|[,.;]| {PLACED}\b| (?:and|while|as|that|who|which|is|are|has|have|or|but|\w+ing)\b)"  # of a noun phrase
COMPOUNDS = frozenset(
    "cell phone,hot dog,teddy bear,wine glass,stop sign,traffic light,fire hydrant,ice cream,ski poles,fire truck,"
    "parking meter,polar bear,french fries,cutting board,baseball bat,tennis racket,soccer ball,tennis ball,"
    "remote control".split(",")
)
SUBJECT = re.compile(
    rf"(?!{PLACED}\b)(?:{SHOWN})?(?:{BEFORE} )?((?:{GROUP})?(?:{BEFORE} )?[a-z' -]+?){ENDED}(?: (?:is|are))?(.*)"
)


def sentences(captions: Iterable[dict]) -> dict[str, list[str]]:
    """All captions of each photograph, of however many rows, in lower case and without a full stop."""
    said = defaultdict(list)
    for row in captions:
        said[row["image_id"]] += [clean_caption(caption).lower().replace(" 's", "'s") for caption in row["captions"]]
    return dict(said)


@cache
def any_of(words: Iterable[str]) -> str:
    """A pattern's group that matches any of the words, the longest first."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return rf"({'|'.join(map(re.escape, longest_first)) or '(?!)'})"


def table(text: str) -> dict[str, str]:
    """The value of each word: of entries "value: word, word", where a value without words is its own one."""
    values = {}
    for value, words in re.findall(r"^ *([^:\n]+):([^:]*)(?=\n[^:\n]+:|\Z)", text.strip(), re.M):
        values |= {" ".join(word.split()): value for word in (words.strip() or value).split(",")}
    return values


def subject(sentence: str) -> tuple[str, str]:
    """A sentence's first noun phrase, without its article, and all that follows but for "is" and "are"."""
    parts = SUBJECT.match(sentence)
    return (parts[1].strip(), parts[2].strip()) if parts else ("", "")


def nouns_of(questions: Iterable[dict]) -> frozenset[str]:
    """What COCO-QA has as answers about objects."""
    return frozenset(row["answer"] for row in questions if row.get("type") == "object") - NOT_THINGS


def head(phrase: str, nouns: frozenset[str]) -> str:
    """The noun that a phrase ends with, of two words where these are known as one; empty where it is not known."""
    if re.search(r"\b(?:an?|the)\b", phrase):
        return ""  # two phrases, with a verb between
    *_, before, last = ["", "", *phrase.split()]
    compound = f"{before} {last}"
    return compound if compound in COMPOUNDS else last if last in nouns else ""
