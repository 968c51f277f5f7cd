"""What is said of a photograph, and the questions that ask for it, in pairs that give nothing away.

A maker reads captions, labels or boxes and finds facts: a photograph, a thing to ask for, its value. This module asks
the questions. All questions of yes or no, and all that offer two answers, are asked in the same words of two
photographs with different answers, after Goyal et al. (2017), "Making the V in VQA Matter": the question alone tells
nothing.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from vqa.data.labels import class_asked_about, content_words
from vqa.data.questions import guess_type
from vqa.train.examples import Example

MOST_OF_AN_ANSWER = 800  # examples of one maker's open questions, and photographs of one value in its pairs
MOST_VALUES = 2  # of one thing, where more than one may be right


def apart(one: str, other: str) -> bool:
    """Whether of two values neither is a part of the other, as "black" is of "black and white"."""
    one, other = set(one.split()), set(other.split())
    return not (one <= other or other <= one)


def groups(text: str) -> list[frozenset[str]]:
    """Of each line "a|b|c" its values."""
    return [frozenset(line.strip().split("|")) for line in text.strip().splitlines()]


def unlike(alike: str) -> Callable[[str, str], bool]:
    """As `apart`, for values of which those of one of the `groups` cannot be told apart by what captions say."""
    never = groups(alike)
    return lambda one, other: apart(one, other) and not any({one, other} <= group for group in never)


@dataclass(frozen=True)
class Asking:
    """The ways to ask for one thing. Facts with the same `Asking` are told apart by their values.

    `open` asks for the value, `either` offers two and `whether` asks yes or no of one; `{of}` stands for what a fact
    is `of`, `{}` for a value, and `spoken` is how a value is said there. Two values are offered, and one denied, where
    the one `excludes` the other. `many` says that a photograph may have two of them, each a right answer to `open`.
    """

    open: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    whether: tuple[str, ...] = ()
    spoken: Callable[[str], str] = str
    excludes: Callable[[str, str], bool] = apart
    many: bool = False


@dataclass(frozen=True)
class Fact:
    """What a photograph's captions, labels or boxes say: the `value` of what `asking` asks for, `of` one thing."""

    image_id: str
    asking: Asking
    value: str
    of: str = ""


def questions_of(facts: Iterable[Fact], said: Mapping[str, set[str]], seed: int) -> list[Example]:
    """Every fact asked openly, and pairs of photographs with different values asked alike.

    `said` are the words said of each photograph: none of them is denied.
    """
    rng = random.Random(seed)
    found: dict[Asking, dict[str, dict[str, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for fact in facts:
        if not content_words(fact.value) & content_words(fact.of):  # else the question tells its answer
            found[fact.asking][fact.of][fact.image_id].add(fact.value)
    examples = []
    for asking, of_all in found.items():
        most, known = MOST_VALUES if asking.many else 1, []
        for of, of_image in of_all.items():
            values = {image_id: sorted(values) for image_id, values in of_image.items() if len(values) <= most}
            known += [(image_id, of, values[image_id]) for image_id in values]
            only = {image_id: v[0] for image_id, v in values.items() if len(v) == 1}
            examples += _in_pairs(asking, of, only, said, rng)
        examples += _openly(asking, known, rng)
    return examples


def _openly(asking: Asking, known: list[tuple[str, str, list[str]]], rng: random.Random) -> list[Example]:
    """Each photograph's values asked for; no answer is more frequent than all the others together."""
    asked: dict[str, list] = defaultdict(list)
    for image_id, of, values in rng.sample(known, len(known)) if asking.open else ():
        asked[values[0]].append((image_id, of, values))
    most = min(len(known) - max(map(len, asked.values()), default=0), MOST_OF_AN_ANSWER)
    return [
        _example(image_id, phrased(rng.choice(asking.open).format(of=of), rng), *values)
        for same in asked.values()
        for image_id, of, values in same[:most]
    ]


def _in_pairs(
    asking: Asking, of: str, values: dict[str, str], said: Mapping[str, set[str]], rng: random.Random
) -> Iterator[Example]:
    """Two photographs at a time, of which neither has, nor is said to have, the other's value."""

    def denies(image_id: str, value: str) -> bool:
        words = content_words(value)
        return asking.excludes(values[image_id], value) and not (words and words <= said.get(image_id, set()))

    waiting = defaultdict(list)
    for image_id in rng.sample(sorted(values), len(values)) if asking.either or asking.whether else ():
        waiting[values[image_id]].append(image_id)
    waiting = {value: image_ids[:MOST_OF_AN_ANSWER] for value, image_ids in waiting.items()}
    times: Counter = Counter()  # that two values were offered, to offer them in both orders
    while len(waiting := {value: image_ids for value, image_ids in waiting.items() if image_ids}) > 1:
        one, other = _two_of(waiting, rng)
        pair = waiting[one].pop(), waiting[other].pop()
        if not (denies(pair[0], other) and denies(pair[1], one)):
            continue
        of_value = dict(zip((one, other), pair, strict=True))
        offered = (min(one, other), max(one, other))
        times[offered] += 1
        first, last = offered if times[offered] % 2 else offered[::-1]
        if asking.either:
            question = rng.choice(asking.either).format(asking.spoken(first), asking.spoken(last), of=of)
            question = phrased(question, rng)
            yield from (_example(image_id, question, value) for value, image_id in of_value.items())
        if asking.whether:
            question = phrased(rng.choice(asking.whether).format(asking.spoken(first), of=of), rng)
            yield _example(of_value[first], question, "yes")
            yield _example(of_value[last], question, "no")


def _two_of(waiting: dict[str, list], rng: random.Random) -> tuple[str, str]:
    """Two different values, the ones of more photographs more often."""
    one = rng.choices(list(waiting), [len(image_ids) for image_ids in waiting.values()])[0]
    others = {value: len(image_ids) for value, image_ids in waiting.items() if value != one}
    return one, rng.choices(list(others), others.values())[0]


def _example(image_id: str, question: str, *answers: str) -> Example:
    return Example(image_id, question, answers, class_asked_about(question, answers[0], guess_type(question)))


def phrased(question: str, rng: random.Random) -> str:
    """A question as visitors type it: half of them with a capital letter, a quarter without a question mark."""
    question = question[0].upper() + question[1:] if rng.random() < 0.5 else question
    return question if rng.random() < 0.25 else question + "?"
