"""What is known about a photograph: the words said about it, and which class lies in which cell of a grid."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

import torch

# Words that say nothing about what is in a photograph.
STOP_WORDS = frozenset(
    "a an the and or of in on at to is are was were be been being it its this that these those there here with "
    "without for from by as into over under up down out off near next behind front while who what which where when "
    "how why many much some any all one other another his her their he she they them him i you we us has have had "
    "do does did can could will would not no yes image picture photo photograph scene shown seen look looking looks "
    "side left right top bottom middle color colour kind type front back object objects thing things".split()
)
COCO_CLASSES = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,"
    "skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,"
    "wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,"
    "chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,"
    "toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
).split(",")
PEOPLE = (
    "person people man men woman women boy boys girl girls guy guys lady ladies child children kid kids player players "
    "skier skateboarder surfer snowboarder baby"
).split()
ABOUT_WHAT_THEY_NAME = ("yes/no", "number", "color")  # other kinds may name one thing and ask for another
CLASS_ALIASES = {"aeroplane": "airplane", "motorbike": "motorcycle", "sofa": "couch", "tvmonitor": "tv"}


def content_words(text: str) -> set[str]:
    """The words of a text that can be seen: lower case, stop words left out, plain plurals made singular."""
    words = set()
    for word in re.findall(r"[a-z]{3,}", text.lower().replace("_", " ")):
        if word in STOP_WORDS:
            continue
        words.add(word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word)
    return words


def classes_named(text: str, classes: Iterable[str]) -> set[str]:
    """Which classes a text names, in singular or plural; people go by many names."""
    text, classes = text.lower(), frozenset(classes)
    named = set(_names(classes).findall(text))
    if "person" in classes and set(re.findall(r"\w+", text)) & set(PEOPLE):
        named.add("person")
    return named


@cache
def _names(classes: frozenset[str]) -> re.Pattern:
    """Any of the classes as a word; the longest first, for a "hot dog" is no dog."""
    longest_first = sorted(classes, key=lambda name: (-len(name), name))
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first)) or '(?!)'})(?:s|es)?\b")


def class_asked_about(question: str, answer: str, kind: str, classes: Iterable[str] = COCO_CLASSES) -> str | None:
    """The class that is the answer, or that a question asks yes or no, how many or what color of; None unless one."""
    named = set() if kind == "color" else classes_named(answer, classes)
    if not named and kind in ABOUT_WHAT_THEY_NAME:
        named = classes_named(question, classes)
    return named.pop() if len(named) == 1 else None


def words_by_image(questions: Iterable[dict], captions: Iterable[dict], boxes: Iterable[dict]) -> dict[str, set[str]]:
    """All content words that captions, boxes and answered questions say of each photograph.

    A yes/no question is left out: what it asks about need not be there.
    """
    words = defaultdict(set)
    for row in captions:
        for caption in row["captions"]:
            words[row["image_id"]] |= content_words(caption)
    for row in questions:
        if row["answer"] not in ("yes", "no", "0"):
            words[row["image_id"]] |= content_words(f"{row['question']} {row['answer']}")
    for row in boxes:
        for box in row["boxes"]:
            words[row["image_id"]] |= content_words(box[0])
    return dict(words)


def frequent_words(words: dict[str, set[str]], least: int) -> list[str]:
    """Words said of at least `least` photographs, most frequent first, and of equally frequent ones by the alphabet."""
    counts = Counter(word for said in words.values() for word in said)
    return sorted((word for word, count in counts.items() if count >= least), key=lambda word: (-counts[word], word))


def patches_in_box(box: Sequence[float], grid: tuple[int, int]) -> torch.Tensor:
    """`(h, w)` bool: the patches whose centre lies in a box `(x1, y1, x2, y2)` in 0..1, and the one with its centre.

    Training and measuring go by this. What lies outside the photograph is cut off; a box without area covers nothing.
    """
    h, w = grid
    x1, y1, x2, y2 = (min(max(float(corner), 0.0), 1.0) for corner in box)
    covered = torch.zeros(h, w, dtype=torch.bool)
    if x1 < x2 and y1 < y2:
        y, x = ((torch.arange(side, dtype=torch.float64) + 0.5) / side for side in grid)
        covered |= ((y1 <= y) & (y <= y2))[:, None] & ((x1 <= x) & (x <= x2))
        covered[min(int((y1 + y2) / 2 * h), h - 1), min(int((x1 + x2) / 2 * w), w - 1)] = True
    return covered


def box_grid(boxes: list, grid: tuple[int, int]) -> torch.Tensor:
    """`(P, 80)`: which of COCO's classes has a box `(name, x1, y1, x2, y2)` over each cell of the grid."""
    target = torch.zeros(*grid, len(COCO_CLASSES))
    for name, *corners in boxes:
        name = CLASS_ALIASES.get(name, name)
        if name in COCO_CLASSES:
            target[..., COCO_CLASSES.index(name)][patches_in_box(corners, grid)] = 1
    return target.flatten(0, 1)
