"""What is trained on: a photograph, a text about it and the answers that people gave."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from vqa.data.labels import class_asked_about, content_words
from vqa.processing import CAPTION_REQUEST
from vqa.questions import guess_type

# A mirrored photograph turns these into their opposites, and writing into nonsense.
SIDED = re.compile(r"\b(left|right|clockwise|read|say|says|word|words|letter|letters|number on|written|time)\b")
MAX_COUNT = 6


@dataclass(frozen=True)
class Example:
    """One of `answers` (each as likely) is the target; a repeated answer is a likelier one.

    `about` is the one class of things that it asks about, by COCO's name, where there is such a class.
    """

    image_id: str
    question: str
    answers: tuple[str, ...]
    about: str | None = None

    @property
    def may_be_mirrored(self) -> bool:
        return not SIDED.search(self.question.lower()) and not SIDED.search(self.answers[0].lower())


def clean_answer(answer: str) -> str:
    """Lower case, underscores as spaces, as answers are written out."""
    return " ".join(answer.lower().replace("_", " ").split())


def clean_caption(caption: str) -> str:
    """Without the space before a full stop, nor the full stop, that some captions end with."""
    return " ".join(caption.split()).rstrip(" .")


def asked(rows: Iterable[dict]) -> dict[str, list[Example]]:
    """The data's own questions by source, with all human answers where ten are given."""
    examples = defaultdict(list)
    for row in rows:
        answers = tuple(clean_answer(answer) for answer in row.get("answers") or [row["answer"]])
        about = class_asked_about(row["question"], answers[0], row.get("type") or guess_type(row["question"]))
        examples[row["source"]].append(Example(row["image_id"], row["question"], answers, about))
    return dict(examples)


def captioned(rows: Iterable[dict]) -> list[Example]:
    """A caption each, as the answer to "describe the image"."""
    return [
        Example(row["image_id"], CAPTION_REQUEST, (clean_caption(caption).lower(),))
        for row in rows
        for caption in row["captions"]
    ]


def existing(
    captions: Iterable[dict], boxes: Iterable[dict], questions: Iterable[dict], words: dict[str, set[str]], seed: int
) -> list[Example]:
    """ "Is there a dog in the photo?", half yes, half no, of photographs about which much is known.

    Nouns are COCO-QA's object answers. A "no" asks for a noun that nobody said of the photograph, drawn with the
    frequency of its "yes", so that the noun alone does not give the answer away.
    """
    rng = random.Random(seed)
    nouns = {row["answer"] for row in questions if row.get("type") == "object" and " " not in row["answer"]}
    nouns -= {"top", "side", "front", "picture", "area", "group", "photo", "view"}
    known = {row["image_id"] for row in captions} | {r["image_id"] for r in boxes if r["classes"] == "all"}
    present = {i: sorted(nouns & words[i]) for i in sorted(known) if i in words}
    frequency = Counter(noun for found in present.values() for noun in found)
    pool, weights = list(frequency), list(frequency.values())
    examples = []
    for image_id, found in present.items():
        for noun in rng.sample(found, min(3, len(found))):
            about = class_asked_about(noun, "yes", "yes/no")
            examples.append(Example(image_id, existence_question(noun), ("yes",), about))
            other = rng.choices(pool, weights)[0]
            if not content_words(other) & words[image_id]:
                examples.append(Example(image_id, existence_question(other), ("no",)))
    return examples


def boxed(boxes: Iterable[dict], seed: int) -> list[Example]:
    """ "Is there a dog in the photo?", half yes, half no, of photographs where every class has its boxes.

    These are few, but the only ones to show where things other than people are.
    """
    rng = random.Random(seed)
    present = {row["image_id"]: sorted({box[0] for box in row["boxes"]}) for row in boxes if row["classes"] == "all"}
    frequency = Counter(name for found in present.values() for name in found)
    examples = []
    for image_id, found in present.items():
        for name in found:
            examples.append(Example(image_id, existence_question(name), ("yes",), about=name))
            [other] = rng.choices(list(frequency), frequency.values())
            if other not in found:
                examples.append(Example(image_id, existence_question(other), ("no",)))
    return examples


def existence_question(noun: str) -> str:
    article = "an" if noun[0] in "aeiou" else "a"
    return f"is there {article} {noun} in the photo?"


def counted(boxes: Iterable[dict]) -> list[Example]:
    """ "How many dogs are in the photo?" wherever every one of a class has a box and they are at most six."""
    examples = []
    for row in boxes:
        for name, count in Counter(box[0] for box in row["boxes"]).items():
            if count <= MAX_COUNT and (row["classes"] == "all" or name == "person"):
                plural = {"person": "people", "sheep": "sheep", "skis": "skis"}.get(name, f"{name}s")
                question = f"how many {plural} are in the photo?"
                examples.append(Example(row["image_id"], question, (str(count),), about=name))
    return examples


def matching(captions: Iterable[dict], nearest: dict[str, list[str]], seed: int) -> list[Example]:
    """A caption as a statement: "yes" of its own photograph, "no" where it is near another one's but not its own."""
    rng = random.Random(seed)
    examples = []
    for row in captions:
        own = rng.choice(row["captions"])
        examples.append(Example(row["image_id"], clean_caption(own), ("yes",)))
        if row["image_id"] in nearest:
            examples.append(Example(row["image_id"], rng.choice(nearest[row["image_id"]]), ("no",)))
    return examples
