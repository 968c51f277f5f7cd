"""How many there are, from none to six: by boxes and complete labels, and by captions that count."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from vqa.common.english import plural, with_article
from vqa.data.labels import COCO_CLASSES, PEOPLE, content_words
from vqa.train.makers.captions import ENDED, sentences
from vqa.train.makers.facts import Asking, Fact

MOST = 6
NUMBERS = ["no", "one", "two", "three", "four", "five", "six"]
LABELS = (  # of which `labels` are complete
    "person,car,truck,traffic light,bench,bus,dog,cat,motorcycle,bicycle,train,airplane,bird,horse,boat,fire hydrant,"
    "stop sign,parking meter".split(",")
)
# Of these there is but one where a sentence begins with it.
ALONE = frozenset("dog,cat,horse,bird,airplane,train,motorcycle,fire hydrant,stop sign,boat,bus".split(","))
# Where there may well be one: "how many dogs are there?" is asked of another animal, and not of a kitchen.
MET = (
    {"car", "truck", "bus", "motorcycle", "bicycle", "traffic light", "stop sign", "fire hydrant", "parking meter"},
    {"dog", "cat", "bird", "horse"},
    {"boat", "bird", "airplane", "train", "bus"},
    {"bench", "bicycle", "dog", "bird"},
)
PLACES = {  # how a place is spoken of, and the words of captions that tell of it
    "on the street": r"streets?|roads?|intersection|highway",
    "on the road": r"streets?|roads?|highway",
    "on the beach": "beach",
    "on the water": r"lake|river|ocean|harbor|sea|bay",
    "in this kitchen": "kitchen",
    "in the kitchen": "kitchen",
    "in the bathroom": r"bathroom|restroom",
    "in the room": r"living room|bedroom|office|hotel room|room",
    "in the field": r"field|pasture|meadow",
    "in the park": "park",
    "in the parking lot": "parking lot",
    "at the airport": r"airport|runway|tarmac",
}
FOUND = {  # what is asked for in them
    "person": ("on the street", "on the beach", "in this kitchen", "in the kitchen", "in the bathroom", "in the room",
               "in the field", "in the park", "at the airport", "on the road", "in the parking lot"),
    "car": ("on the street", "on the road", "in the parking lot"),
    "truck": ("on the street", "on the road"),
    "bus": ("on the street", "on the road"),
    "bicycle": ("on the street", "in the park"),
    "motorcycle": ("on the street", "on the road"),
    "traffic light": ("on the street",),
    "boat": ("on the water", "on the beach"),
    "bird": ("on the water", "on the beach", "in the field", "in the park"),
    "dog": ("on the beach", "in the park", "in the field", "in the room", "on the street", "in the kitchen"),
    "cat": ("in the room", "in the bathroom", "in the kitchen"),
    "horse": ("in the field", "on the beach", "on the street"),
    "bench": ("in the park", "on the street", "on the beach"),
}  # fmt: skip


def _next_and_several(one: str, other: str) -> bool:
    """Whether two numbers are worth being offered together: "two or three", neither "one or two" nor "two or six"."""
    return min(int(one), int(other)) > 1 and abs(int(one) - int(other)) == 1


@cache
def _counted(names: str) -> Asking:
    return Asking(
        open=(f"how many {names} are in the photo", f"how many {names} are there", f"how many {names} can you see",
              f"how many {names} do you see", f"how many {names} are in the picture", f"how many {names} are shown"),
        either=(f"are there {{}} or {{}} {names}",),
        whether=(f"are there {{}} {names}", f"do you see {{}} {names}"),
        spoken=lambda count: NUMBERS[int(count)],
        excludes=_next_and_several,
    )  # fmt: skip


@cache
def _found(names: str) -> Asking:
    return Asking(
        open=(
            f"how many {names} are {{of}}",
            f"how many {names} are there {{of}}",
            f"how many {names} can you see {{of}}",
        )
    )


@cache
def _present(name: str) -> Asking:
    """Yes or no: asked, as whatever has two values, in the same words of photographs with either."""
    one, some = with_article(name), plural(name)
    people = ("is there anyone {of}", "is there anybody {of}") if name == "person" else ()
    return Asking(
        either=(f"is there {one} {{of}}", f"are there any {some} {{of}}", f"do you see {one} {{of}}", *people)
    )


MORE_THAN_ONE = Asking(either=("is there more than one {of}", "do you see more than one {of}"))
_PLACES = {place: re.compile(rf"\b(?:{words})\b") for place, words in PLACES.items()}


def counts(
    captions: Iterable[dict], boxes: list[dict], labels: Iterable[dict], said: Mapping[str, set[str]]
) -> Iterator[Fact]:
    """How many of a class there are, where that is known, and whether there are any where they may well be.

    `labels` are rows of the classes of `LABELS` that a photograph has, complete where `labelled`. A class that has no
    box or label where all have them, and of which no word is `said` of the photograph, is not there.
    """
    texts = {image_id: " . ".join(told) for image_id, told in sentences(captions).items()}
    present = {row["image_id"]: (set(row["labels"]), LABELS) for row in labels if row.get("labelled")}
    present |= {
        row["image_id"]: ({box[0] for box in row["boxes"]}, COCO_CLASSES) for row in boxes if row["classes"] == "all"
    }
    known = boxed(boxes)
    for image_id in sorted(texts.keys() | present.keys() | known.keys()):
        text, (names, of_all) = texts.get(image_id, ""), present.get(image_id, (set(), ()))
        absent = {name for name in of_all if name not in names and not _is_said(name, said.get(image_id, set()))}
        counted = {name: told(text, name) for name in LABELS} | known.get(image_id, {})
        counted |= {name: 0 for name in absent if name == "person" or any(name in g and g & names for g in MET)}
        told_of = [place for place, words in _PLACES.items() if words.search(text)]
        at = {name: [place for place in told_of if place in FOUND.get(name, ())] for name in COCO_CLASSES}
        for name, count in counted.items():
            if count is None or (name in absent and count):
                continue
            yield Fact(image_id, _counted(plural(name)), str(count))
            if count:
                yield Fact(image_id, MORE_THAN_ONE, "yes" if count > 1 else "no", name)
            yield from (Fact(image_id, _found(plural(name)), str(count), place) for place in at.get(name, ()))
        for name in of_all:
            if name in names or name in absent:
                places = [*at.get(name, ()), *(["in the photo"] if of_all is COCO_CLASSES else [])]
                yield from (Fact(image_id, _present(name), "yes" if name in names else "no", place) for place in places)


def boxed(boxes: Iterable[dict]) -> dict[str, Counter]:
    """How many boxes of each class a photograph has, where each of a class has one and they are at most six."""
    found: dict[str, Counter] = defaultdict(Counter)
    for row in boxes:
        for name, count in Counter(box[0] for box in row["boxes"]).items():
            if count <= MOST and (row["classes"] == "all" or name == "person"):
                found[row["image_id"]][name] = count
    return dict(found)


@cache
def _told(name: str) -> tuple[re.Pattern, re.Pattern]:
    several, one = re.escape(plural(name)), re.escape(name)
    return (
        re.compile(rf"\b(\w+) (?:[a-z-]+ )?{several}\b"),
        re.compile(rf"(?:^|\. )(?:an?|one) (?:[a-z-]+ ){{0,2}}{one}{ENDED}"),
    )


def told(text: str, name: str) -> int | None:
    """How many of a class the captions of a photograph tell of; None where they do not, or not alike."""
    if name not in text and plural(name) not in text:
        return None
    several, one = _told(name)
    if found := several.findall(text):
        numbers = {NUMBERS.index(word) if word in NUMBERS[2:] else None for word in found}
        return numbers.pop() if len(numbers) == 1 else None
    alone = name in ALONE and one.search(text) and not re.search(r"\b(?:other|another|two|second|herd|flock)\b", text)
    return 1 if alone else None


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(content_words(name)) | (frozenset(PEOPLE) if name == "person" else frozenset())


def _is_said(name: str, words: set[str]) -> bool:
    return bool(_words(name) & words)
