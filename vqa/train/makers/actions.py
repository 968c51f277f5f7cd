"""What people and animals do, hold, wear, ride, eat and sit on, by the sentences of which they are the subject."""

import re
from collections.abc import Iterable, Iterator

from vqa.common.english import is_plural, plural, with_article
from vqa.train.makers.action_words import ALIKE, DOING, DONE, NEVER_AT_ONCE, UNCOUNTED, WORN
from vqa.train.makers.captions import any_of, head, sentences, subject
from vqa.train.makers.facts import Asking, Fact, groups, unlike

MALE, FEMALE = "man boy guy men boys".split(), "woman girl lady women girls".split()
OTHERS = "people children kids players skiers surfers".split()
NEUTRAL = "person child kid toddler baby player batter pitcher skier surfer skateboarder snowboarder rider".split()
ANIMALS = "dog cat horse cow elephant bear zebra giraffe bird sheep goat monkey lion puppy kitten".split()
ANIMALS += [plural(animal) for animal in ANIMALS]
SUBJECTS = frozenset(MALE + FEMALE + NEUTRAL + OTHERS + ANIMALS)
CALLED = {"guy": "man", "lady": "woman", "puppy": "dog", "kitten": "cat", "kid": "child", "kids": "children"}
HIS = dict.fromkeys(MALE[:3], "his") | dict.fromkeys(FEMALE[:3], "her")

# To one thing at a time, so that another can be denied; on or in one place; and others.
TO_ONE = "holding,riding,eating,carrying,throwing,catching,pulling,driving,cutting".split(",")
AT_ONE = (
    "sitting on,standing on,lying on,sleeping on,sitting in,standing in,lying in,walking on,sitting at,jumping over,"
    "walking in"
).split(",")
TO_ANY = (
    "wearing,playing with,looking at,leaning on,leaning against,drinking,drinking from,reading,kicking,chasing,pushing,"
    "climbing,hitting,swinging,using"
).split(",")
_NEVER_AT_ONCE = groups(NEVER_AT_ONCE)


def _never_at_once(one: str, other: str) -> bool:
    return any({one, other} <= group for group in _NEVER_AT_ONCE)


def _spoken(thing: str) -> str:
    return thing if thing in UNCOUNTED else with_article(thing)


def _done(deed: str) -> str:
    """ "riding a horse" for the answer "riding horse"."""
    verb, *thing = deed.split()
    if verb in ("playing", "brushing", "lying") or not thing:
        return deed
    return "talking on the phone" if verb == "talking" else f"{verb} {with_article(' '.join(thing))}"


def _be(several: bool) -> tuple[Asking, dict[str, Asking], Asking]:
    """The ways to ask what somebody does, what he does it to, by the verb, and what he wears on some part of him."""
    be = "are" if several else "is"
    doing = Asking(
        open=(f"what {be} {{of}} doing",),
        either=(f"{be} {{of}} {{}} or {{}}",),
        whether=(f"{be} {{of}} {{}}",),
        spoken=_done,
        excludes=_never_at_once,
        many=True,
    )
    told = {verb: Asking(open=(f"what {be} {{of}} {verb}",)) for verb in TO_ANY}
    for verb in TO_ONE + AT_ONE:
        is_on = verb.endswith(" on")
        told[verb] = Asking(
            open=(f"what {be} {{of}} {verb}",),
            either=(f"{be} {{of}} {verb} {{}} or {{}}", *[f"{be} {{of}} on {{}} or on {{}}"] * is_on),
            whether=(f"{be} {{of}} {verb} {{}}", *[f"{be} {{of}} on {{}}"] * is_on),
            spoken=_spoken,
            excludes=unlike(ALIKE),
        )
    return doing, told, Asking(open=(f"what {be} {{of}}",))


ASKED = {several: _be(several) for several in (False, True)}
_SUBJECT = any_of(SUBJECTS)
_DRESSED = re.compile(rf"\b{_SUBJECT} (?:in|wearing) an? [a-z' -]{{3,25}} ((?:is|are) \w+ing)\b")
_FINITE = re.compile(rf"\b{_SUBJECT} {any_of(frozenset(DOING))}\b")
_DONE = re.compile(rf"{any_of(frozenset(DONE))}\b")
_TOLD = re.compile(rf"{any_of(frozenset(TO_ONE + AT_ONE + TO_ANY))}\b(?: top of\b)?")


def actions(captions: Iterable[dict], nouns: frozenset[str]) -> Iterator[Fact]:
    """What the subject of a sentence does, where the photograph has but one of that name."""
    for image_id, said in sentences(captions).items():
        text = " . ".join(said)
        for sentence in said:
            who, rest = subject(_plain(sentence))
            name = who.split()[-1] if who else ""
            if name not in SUBJECTS or not _is_one(name, said, text):
                continue
            doing, told, worn = ASKED[is_plural(name)]
            for of in _names(name, text):
                if (done := _DONE.match(rest)) and (DONE[done[1]] != "flying" or name in ANIMALS):
                    yield Fact(image_id, doing, DONE[done[1]], of)
                if (verb := _TOLD.match(rest)) and (thing := head(subject(rest[verb.end() + 1 :])[0], nouns)):
                    yield Fact(image_id, told[verb[1]], thing, of)
                    if verb[1] == "wearing" and thing in WORN:
                        yield Fact(image_id, worn, thing, f"{of} wearing {WORN[thing].format(HIS.get(name, 'their'))}")


def _plain(sentence: str) -> str:
    """A sentence that says "riding" for "rides", and nothing of what its subject wears before it says what he does."""
    sentence = _DRESSED.sub(r"\1 \2", sentence)
    return _FINITE.sub(lambda found: f"{found[1]} {DOING[found[2]]}", sentence).replace(" laying ", " lying ")


def _is_one(name: str, said: list[str], text: str) -> bool:
    """Whether "the man" tells which one is meant."""
    if is_plural(name):
        return not re.search(rf"\b(?:other|others|another|some) {name}\b|\bothers\b", text)
    alike = rf"\b(?:{name}|{CALLED.get(name, name)})\b"
    more = rf"\b(?:{plural(name)}|another|others?|two|three)\b"
    return not re.search(more, text) and all(len(re.findall(alike, sentence)) <= 1 for sentence in said)


def _names(name: str, text: str) -> list[str]:
    """How somebody may be spoken of in a question: by name, and as "he", "she" or "they" where that is clear."""
    words = set(text.split())
    he = name in MALE[:3] and not words & {*FEMALE, *OTHERS}
    she = name in FEMALE[:3] and not words & {*MALE, *OTHERS}
    pronoun = "they" if is_plural(name) else "he" if he else "she" if she else None
    return [f"the {CALLED.get(name, name)}", *([pronoun] if pronoun else [])]
