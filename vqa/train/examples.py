"""What is trained on: a photograph, a text about it and the answers that people gave."""

import dataclasses
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from vqa.data.labels import class_asked_about
from vqa.data.questions import guess_type
from vqa.processing.text import CAPTION_REQUEST, clean_answer, clean_caption

# Sides change about in a mirrored photograph; other lefts and rights, and writing, turn into nonsense.
SIDE = re.compile(r"(?<=\bthe )(?:left|right)\b|\b(?:left|right)(?= ?(?:side|of|hand|most|corner|end)\b)")
OTHER_SIDE = {"left": "right", "right": "left"}
UNMIRRORABLE = re.compile(r"\b(left|right|clockwise|read|say|says|word|words|letter|letters|number on|written|time)\b")


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
    def mirrored(self) -> "Example | None":
        """The same of the mirrored photograph; None where one of its texts cannot be mirrored."""
        question, *answers = map(mirrored_text, (self.question, *self.answers))
        if question is None or None in answers:
            return None
        return dataclasses.replace(self, question=question, answers=tuple(answers))


def mirrored_text(text: str) -> str | None:
    """What is true of the mirrored photograph where `text` is of the photograph; None where no change of sides does."""
    if UNMIRRORABLE.search(SIDE.sub("", text).lower()):
        return None
    return SIDE.sub(lambda side: OTHER_SIDE[side[0]], text)


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


def balanced(examples: list[Example], seed: int) -> list[Example]:
    """Questions of yes or no with as many of either: some of the rarer answer come again.

    Where there are other answers, or only one of the two, the examples stay as they are.
    """
    said = [[e for e in examples if e.answers[0] == answer] for answer in ("yes", "no")]
    rarer, other = sorted(said, key=len)
    if not rarer or len(rarer) + len(other) < len(examples):
        return examples
    return [*examples, *random.Random(seed).choices(rarer, k=len(other) - len(rarer))]
