"""What a question offers as answers: "is it a cat or a dog?" offers "cat" and "dog"."""

import re
from collections.abc import Callable

from vqa.processing.text import NUMBERS

MOST_WORDS = 4  # of one answer that is offered
ARTICLE = frozenset("a an the some his her their its".split())
PLACED = frozenset(
    "in on at by under over during near behind inside outside above below from with into onto beside off up down out "
    "to of for through towards toward along across against between".split()
)
ENDS = (
    PLACED
    | ARTICLE
    | frozenset(
        "that which who where when here there now today is are was were or and than next wearing holding".split()
    )
)
# After "or", none of these begins an answer that is offered: "or not", "or more", "or is it ...".
NO_ANSWER = frozenset(
    "not more less fewer so something somebody someone anything anyone else other others no none any is are was were "
    "do does did has have had can could will would he she it they you we i just".split()
)
ASKING = frozenset("what what's where which who whose how when why".split())
OPENING = frozenset(
    "is are was were do does did has have had can could will would should isn't aren't am be this that it these those "
    "there they he she we you".split()
)
COMPOUNDS = frozenset(  # of two words, each of which says little
    "polar bear,teddy bear,hot dog,fire truck,pickup truck,living room,dining room,hotel room,train station,skate park,"
    "parking lot,cell phone,ice cream,traffic light,stop sign,fire hydrant,tennis court,baseball field,wine glass,"
    "tennis racket,baseball bat,farm animal,stainless steel,french fries".split(",")
)
COLORS = frozenset("red blue green yellow black white brown orange pink purple gray grey tan silver gold".split())
SEGMENT = re.compile(r"[:;?]|(?<=[a-z])[.!](?= )| - ")


def alternatives(question: str) -> tuple[str, ...]:
    """The answers that a question offers, in its order, without articles and prepositions; none where it offers none.

    "A or B", "A, B or C", "is it A or B", "is he in A or on B". Nothing for "a cat or not?", "one or more", nor where
    whole clauses are joined, or what is joined is only a part of what is asked for: "how many cats or dogs ...". "Is
    there a cat or a dog?" offers both: of people who were asked so, six in seven named one, and did not say yes or no.
    """
    segments = [part for part in SEGMENT.split(question.lower().rstrip(" ?.!")) if re.search(r"\bor\b", part)]
    if len(segments) != 1:
        return ()
    *before, last = re.split(r",? or ", segments[0].strip())
    if len(before) != 1 or not before[0].strip(" ,") or not last.strip():
        return ()
    first, *middle = [part.strip() for part in before[0].split(",") if part.strip()]
    while middle and (first.split()[0] in ASKING or middle[0].split()[0] in OPENING):
        first, *middle = middle  # of "What's the weather like, sunny or rainy?" the rest
    if first.split()[0] in ASKING:
        return ()
    right = re.sub(r"^(?:is|are) (?:it|he|she|they|this) ", "", last).split()
    if right[0] in NO_ANSWER and not (right == ["no"] and first == "yes"):
        return ()
    if "any" in first.split() or f"{first.split()[-1]} {right[0]}" in ("his her", "he she", "her his"):
        return ()  # asks whether there is one of them, or speaks of whoever it is
    found = (_end_of(first.split(), middle[0].split() if middle else right), *(_stripped(m.split()) for m in middle))
    found = [" ".join(words) for words in (*found, _begin_of(right, first.split()))]
    offered = tuple(dict.fromkeys(NUMBERS.get(answer, answer) for answer in found))
    return offered if len(offered) == len(found) and all(0 < len(o.split()) <= MOST_WORDS for o in offered) else ()


def _stripped(words: list[str]) -> list[str]:
    """Without the preposition and the article that come before an answer; a preposition alone is one."""
    for passed in (PLACED, ARTICLE):
        if len(words) > 1 and words[0] in passed:
            words = words[1:]
    return words


def _is_doing(word: str) -> bool:
    return word.endswith("ing") and word not in PLACED


def _plain(words: list[str]) -> list[str]:
    """ "riding horse" for "riding a horse", as answers are."""
    return [word for word in words if word not in ARTICLE]


def _end_of(words: list[str], other: list[str]) -> list[str]:
    """The answer with which the first side ends, built like the `other` one."""
    if len(words) == 1 or (len(words) <= 3 and words[0] not in OPENING):
        return _stripped(words)  # no more than the answer: "sunny day or cloudy day?"
    if words[-1] in PLACED:
        return words[-2:] if _is_doing(words[-2]) and other[0] not in PLACED else words[-1:]
    if _is_doing(other[0]) and (doing := _from_last(words, _is_doing)):
        return _plain(doing)
    if other[0] in PLACED and len(other) > 1 and (placed := _from_last(words, PLACED.__contains__)):
        return placed[:1] if placed[1:] == other[1:] else _stripped(placed)  # "up the hill or down the hill"
    if other[0] in ARTICLE or words[-2] in ("a", "an"):
        begins = ARTICLE if other[0] in ("the", "his", "her") else ARTICLE - {"the"}
        if found := _from_last(words[-4:], begins.__contains__)[1:]:
            return found
    if words[-2] == other[0] and len(other) == 2:
        return words[-2:]  # "half full or half empty"
    if len(words) > 3 and words[-2] == "and":
        return words[-3:]  # "black and white"
    if " ".join(words[-2:]) in COMPOUNDS:
        return words[-2:]
    return words[-2:] if len(other) > 1 and other[-1] == words[-1] else words[-1:]


def _from_last(words: list[str], begins: Callable[[str], bool]) -> list[str]:
    """What there is from the last word that `begins`."""
    return next((words[at:] for at in reversed(range(len(words))) if begins(words[at])), [])


def _begin_of(words: list[str], other: list[str]) -> list[str]:
    """The answer with which the last side begins."""
    if len(words) == 2 and PLACED.issuperset(words):
        return words[1:]  # "from above or from below"
    if words[0] in PLACED and (len(words) == 1 or other[-1] in PLACED or other[-len(words) + 1 :] == words[1:]):
        return words[:1]  # "on or off", "under or on the table", "up the hill or down the hill"
    if _is_doing(words[0]) and len(_plain(words)) <= 3:
        return _plain(words)
    named, words = words[0] in ARTICLE | PLACED, _stripped(words)
    if len(words) > 2 and words[1] == "and":
        return words[:3]  # "black and white"
    length = next((at for at, word in enumerate(words) if at and (word in ENDS or _is_doing(word))), len(words))
    words = words[:length]
    if {words[0], other[-1]} <= NUMBERS.keys():
        return words[:1]
    is_one = named or " ".join(words) in COMPOUNDS or words[0].endswith("'s")
    is_alike = words[-1] == other[-1] or words[:1] == other[-2:-1]  # "half full or half empty"
    if len(words) == 2 and not is_one and not is_alike:
        return words[:1]  # the other is said of both: "the left or right hand"
    return words
