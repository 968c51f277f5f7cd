"""What kind of animal, vehicle, food, sport or person a photograph shows, and what it shows first of all."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from vqa.common.english import plural, with_article
from vqa.train.makers.captions import NEITHER, PLACED, any_of, head, sentences, subject
from vqa.train.makers.facts import Asking, Fact, unlike
from vqa.train.makers.words import ANIMALS, DESSERTS, FOODS, FRUITS, PEOPLE, SPORTS, VEHICLES

NOT_REAL = re.compile(
    r"\b(?:toys?|stuffed|statues?|sculptures?|painting|painted|pictures? (?:of|on)|drawings?|cartoons?|figurines?|plush"
    r"|decorat\w+|shaped|costumes?|logos?|signs?|posters?|models?|fake|ornaments?|carousel|dolls?|screen|mural|sticker"
    r"|teddy|carved|wooden|ceramic|metal|miniature|like an?|print|dressed as|collage)\b"
)
BOTH_FORMS = ("sheep", "deer")  # one and several
SEVERAL = re.compile(r"\b(?:herd|flock|group|couple|pair|bunch|two|three|four|five|several|some|many|are|lots?)\b")
TOLD = re.compile(rf"(?:\w+ing|{PLACED})\b(?:(?! (?:and|while|as|that|which|who|it|is|are|its)\b)[a-z' -]){{4,45}}")


@dataclass(frozen=True)
class Kind:
    """Words of one kind, the ways to ask which of them a photograph shows, and to ask for the one doing something."""

    words: dict[str, str]
    one: Asking
    told: Asking | None = None
    first: bool = False  # whether only the subject of a sentence counts
    several: bool = False

    @cached_property
    def ended(self) -> re.Pattern:
        return re.compile(rf"{self.pattern.pattern}$")

    @cached_property
    def pattern(self) -> re.Pattern:
        return re.compile(rf"\b{any_of(frozenset(self.words))}\b")


def _one(kind: str, *more: str, alike: str = "") -> Asking:
    return Asking(
        open=(f"what {kind} is this", f"what {kind} is in the photo", f"what kind of {kind} is this", *more,
              f"what {kind} is shown", f"which {kind} is this", f"what {kind} do you see", f"what {kind} is that"),
        either=(f"is the {kind} {{}} or {{}}", "is it {} or {}", "is this {} or {}", f"is this {kind} {{}} or {{}}"),
        whether=(f"is the {kind} {{}}", "is this {}", f"is the {kind} in the photo {{}}", f"is this {kind} {{}}"),
        spoken=with_article,
        excludes=unlike(alike),
    )  # fmt: skip


def _several(kinds: str) -> Asking:
    return Asking(
        open=(f"what {kinds} are these", f"what {kinds} are in the photo", f"what kind of {kinds} are these",
              f"what {kinds} are shown", f"what are these {kinds}", f"what {kinds} do you see"),
        either=(f"are the {kinds} {{}} or {{}}", "are these {} or {}", f"are these {kinds} {{}} or {{}}"),
        whether=(f"are the {kinds} {{}}", "are these {}", f"are these {kinds} {{}}"),
    )  # fmt: skip


def _plurals(words: dict[str, str]) -> dict[str, str]:
    return {
        word if word in BOTH_FORMS else plural(word): value if value in BOTH_FORMS else plural(value)
        for word, value in words.items()
        if value != NEITHER
    }


def _told(*kinds: str) -> Asking:
    return Asking(open=tuple(f"{kind} {{of}}" for kind in kinds))


KINDS = [
    Kind(ANIMALS, _one("animal"), _told("what animal is", "which animal is")),
    Kind(_plurals(ANIMALS), _several("animals"), _told("what animals are"), several=True),
    Kind(VEHICLES, _one("vehicle", alike="car|van|truck\nboat|ship\nmotorcycle|scooter|bicycle\nbus|van"),
         _told("what vehicle is", "what kind of vehicle is"), first=True),
    Kind(_plurals(VEHICLES), _several("vehicles"), _told("what vehicles are"), first=True, several=True),
    Kind(FOODS, _one("food", "what is the food", alike="burger|sandwich|hot dog"), _told("what food is")),
    Kind(FRUITS, _one("fruit")),
    Kind(DESSERTS, _one("dessert")),
    Kind(SPORTS,
         Asking(
            open=("what sport is this", "which sport is this", "what sport is shown", "what sport is being played",
                  "what sport are they playing", "what sport is the person doing", "what kind of sport is this"),
            either=("is this {} or {}", "is the sport {} or {}", "is it {} or {}"),
            whether=("is this {}", "is the sport {}", "is the sport shown {}"),
            excludes=unlike("soccer|football"),
         )),
    Kind(PEOPLE,
         Asking(
            open=("who is in the photo", "who is this", "who is in the picture", "who do you see"),
            either=("is this {} or {}", "is the person {} or {}", "is it {} or {}", "is that {} or {}"),
            whether=("is this {}", "is the person {}", "is that {}", "is the person in the photo {}"),
            spoken=with_article,
            excludes=unlike("man|boy\nwoman|girl\nbaby|boy\nbaby|girl"),
         ), _told("who is")),
]  # fmt: skip
FIRST = Asking(
    open=("what is in the photo", "what is the main object", "what is this", "what is in the picture", "what is shown",
          "what do you see", "what is the main thing in the photo", "what is that", "what is this a picture of"),
)  # fmt: skip


def things(captions: Iterable[dict], nouns: frozenset[str]) -> Iterator[Fact]:
    """The one thing of each kind that all captions of a photograph agree on, and what most of them speak of first."""
    for image_id, said in sentences(captions).items():
        text, told = " . ".join(said), [subject(sentence) for sentence in said]
        heads = Counter(noun for first, _ in told if (noun := head(first, nouns)))
        if heads and 2 * (most := heads.most_common(1)[0])[1] > len(said) and not set(PEOPLE) & set(heads):
            yield Fact(image_id, FIRST, most[0])
        for kind in () if NOT_REAL.search(text) else KINDS:
            values = {kind.words[word] for word in kind.pattern.findall(text)}
            if len(values) != 1 or NEITHER in values:
                continue
            [value] = values
            if value in BOTH_FORMS and bool(SEVERAL.search(text)) != kind.several:
                continue
            firsts = [bool(kind.ended.search(first)) for first, _ in told]
            if any(firsts) or not kind.first:
                yield Fact(image_id, kind.one, value)
            for is_first, (_, rest) in zip(firsts, told, strict=True):
                if is_first and kind.told and TOLD.fullmatch(rest) and not kind.pattern.search(rest):
                    yield Fact(image_id, kind.told, value, rest)
