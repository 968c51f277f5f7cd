"""What color, or which two, a thing or a piece of clothing has, by the captions that name it."""

import re
from collections.abc import Iterable, Iterator

from vqa.common.english import is_plural, plural
from vqa.train.makers.captions import ENDED, any_of, sentences
from vqa.train.makers.facts import Asking, Fact, unlike

COLORS = "red blue green yellow black white brown orange pink purple gray grey tan silver beige gold".split()
_unlike = unlike("""
    brown|tan|beige|orange|gold
    orange|yellow|gold
    orange|red|pink
    pink|purple
    gray|silver|white
    white|beige|tan|silver
    brown|red
    blue|purple
    blue|gray
    black|gray
    black|blue
""")
CLOTHES = frozenset(
    "shirt,t-shirt,jacket,coat,dress,hat,cap,helmet,tie,suit,sweater,sweatshirt,skirt,vest,jersey,swimsuit,bikini,scarf,"
    "uniform,top,tank top,wetsuit,hoodie,pants,shorts,jeans,shoes,boots,gloves,backpack,hair,umbrella,bag,socks,trunks"
    .split(",")
)  # fmt: skip
HIS = {"man": "his", "boy": "his", "guy": "his", "woman": "her", "girl": "her", "lady": "her"}
WEARERS = [*HIS, *"person child player skier surfer snowboarder skateboarder batter baby kid dog".split()]
NO_ONE_COLOR = frozenset("people,person,man,woman,boy,girl,group,men,women,children,light,lights,wine,top".split(","))
ALL = any_of(frozenset(COLORS))
_COLOR = (
    rf"(?:(?:light|dark|bright|pale|solid) )?{ALL}(?: and {ALL}|,? (?:striped|polka|plaid|patterned))?(?: colou?red)?"
)


def _told_apart(one: str, other: str) -> bool:
    """Whether no color of the one is one of the other's, or taken for it."""
    return all(_unlike(a, b) for a in one.split(" and ") for b in other.split(" and "))


def _be(several: bool) -> tuple[Asking, Asking]:
    be = "are" if several else "is"
    return (
        Asking(
            open=(f"what color {be} {{of}}", f"what color {be} {{of}}", "what is the color of {of}"),
            either=(f"{be} {{of}} {{}} or {{}}",),
            whether=(f"{be} {{of}} {{}}",),
            excludes=_told_apart,
        ),
        Asking(open=(f"what colors {be} {{of}}", f"which colors {be} {{of}}", f"what two colors {be} {{of}}")),
    )


ASKED = {several: _be(several) for several in (False, True)}


def colors(captions: Iterable[dict], nouns: frozenset[str]) -> Iterator[Fact]:
    """The color of each thing of which a photograph has one, and of what the only man, woman or child wears."""
    thing = any_of((nouns | CLOTHES) - NO_ONE_COLOR)
    colored = re.compile(rf"(?<!and )(?<![a-z,] and )\b{_COLOR} (?:[a-z]+ )??{thing}{ENDED}")
    worn = re.compile(
        rf"\b{any_of(frozenset(WEARERS))} (?:[a-z ]{{1,25}}? )?(?:in|wearing|with) (?:an? |his |her )?{_COLOR} "
        rf"(?:[a-z-]+ )?{any_of(CLOTHES)}\b"
    )
    for image_id, said in sentences(captions).items():
        text = " . ".join(said)
        if "black and white p" in text:
            continue
        for sentence in said:
            for one, other, name in colored.findall(sentence):
                if name not in CLOTHES and _is_one(name, text):
                    yield from _facts(image_id, one, other, f"the {name}", name)
            for who, one, other, name in worn.findall(sentence):
                if _is_one(who, text) and _is_one(name, text):
                    yield from _facts(image_id, one, other, f"the {who}'s {name}", name)
                    yield from _facts(image_id, one, other, f"the {name}", name)
                    if who in HIS and not set(text.split()) & ({*HIS, "people", "person", "child"} - {who}):
                        yield from _facts(image_id, one, other, f"{HIS[who]} {name}", name)


def _is_one(name: str, text: str) -> bool:
    more = rf"\b(?:{re.escape(plural(name))}|another|others?|two|three|both)\b"
    return is_plural(name) or not re.search(more, text)


def _facts(image_id: str, one: str, other: str, of: str, name: str) -> Iterator[Fact]:
    names = sorted({color.replace("grey", "gray") for color in (one, other) if color})
    color, colors = ASKED[is_plural(name)]
    yield Fact(image_id, color, " and ".join(names), of)
    if len(names) == 2:
        yield Fact(image_id, colors, " and ".join(names), of)
