"""What is trained on: a photograph, a text about it and the answers that people gave."""

import dataclasses
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from vqa.common.english import is_plural, plural, with_article
from vqa.data.labels import class_asked_about, content_words
from vqa.data.questions import ASKED_OF_ONE, existence_question, guess_type
from vqa.processing.text import CAPTION_REQUEST, clean_answer, clean_caption

# Sides change about in a mirrored photograph; other lefts and rights, and writing, turn into nonsense.
SIDE = re.compile(r"(?<=\bthe )(?:left|right)\b|\b(?:left|right)(?= ?(?:side|of|hand|most|corner|end)\b)")
OTHER_SIDE = {"left": "right", "right": "left"}
UNMIRRORABLE = re.compile(r"\b(left|right|clockwise|read|say|says|word|words|letter|letters|number on|written|time)\b")
MAX_COUNT = 6
# What COCO-QA has as answers about objects, and cannot be pointed at.
NOT_THINGS = frozenset("top side front picture area group photo view".split())
ASKED_OF_SEVERAL = (
    "are there any {} in the photo?",
    "are there any {}?",
    "are there {}?",
    "are these {}?",
)


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


def existing(
    captions: Iterable[dict], boxes: Iterable[dict], questions: Iterable[dict], words: dict[str, set[str]], seed: int
) -> list[Example]:
    """Whether there is a dog, asked in several ways, half yes, half no, of photographs about which much is known.

    Nouns are COCO-QA's object answers. A "no" asks for a noun that nobody said of the photograph, drawn with the
    frequency of its "yes", so that the noun alone does not give the answer away.
    """
    rng = random.Random(seed)
    nouns = {row["answer"] for row in questions if row.get("type") == "object" and " " not in row["answer"]}
    nouns -= NOT_THINGS
    known = {row["image_id"] for row in captions} | {r["image_id"] for r in boxes if r["classes"] == "all"}
    present = {i: sorted(nouns & words[i]) for i in sorted(known) if i in words}
    frequency = Counter(noun for found in present.values() for noun in found)
    examples = []
    for image_id, found in present.items():
        for noun in rng.sample(found, min(3, len(found))):
            about = class_asked_about(noun, "yes", "yes/no")
            examples.append(Example(image_id, whether_there_is(noun, rng), ("yes",), about))
            other = _drawn(frequency, rng)
            if not content_words(other) & words[image_id]:
                examples.append(Example(image_id, whether_there_is(other, rng), ("no",)))
    return examples


def _drawn(frequency: Counter[str], rng: random.Random) -> str:
    """One of the counted, the frequent ones more often."""
    return rng.choices(list(frequency), frequency.values())[0]


def whether_there_is(noun: str, rng: random.Random) -> str:
    """One of the ways to ask for a noun, which asks for several where the noun is a plural."""
    form = rng.choice(ASKED_OF_SEVERAL if is_plural(noun) else ASKED_OF_ONE + ASKED_OF_SEVERAL)
    return form.format(with_article(noun) if form in ASKED_OF_ONE else plural(noun))


def verified(questions: Iterable[dict], words: dict[str, set[str]], seed: int) -> list[Example]:
    """COCO-QA's questions with an answer put into them, true or false: "is the man riding a horse?".

    The false answer is one that questions of the same type and activity have, in the same number, drawn with its
    frequency, and that nobody said of the photograph.
    """
    rng = random.Random(seed)
    rows = [(row, _activity(row)) for row in questions if row["source"] == "coco-qa"]
    frequency = defaultdict(Counter)
    for row, activity in rows:
        frequency[activity][row["answer"]] += 1
    examples = []
    for row, activity in rows:
        other = _drawn(frequency[activity], rng)
        question, false = (with_answer(row["question"], answer, row.get("type")) for answer in (row["answer"], other))
        if question and not content_words(other) & words[row["image_id"]]:
            examples.append(Example(row["image_id"], question, ("yes",)))
            examples.append(Example(row["image_id"], false, ("no",)))
    return examples


def _activity(row: dict) -> tuple[str | None, str, bool]:
    doing = re.search(r"\b\w+ing\b", row["question"])
    return row.get("type"), doing[0] if doing else "", is_plural(row["answer"])


def with_answer(question: str, answer: str, kind: str | None) -> str | None:
    """A question of COCO-QA's about a thing, a number or a color, asked about one answer to it; None for others."""
    thing, be = with_article(answer), "are" if is_plural(answer) else "is"
    if kind == "color" and (parts := re.fullmatch(r"what is the color of the (.+?) ?\?", question)):
        return f"{'are' if is_plural(parts[1]) else 'is'} the {parts[1]} {answer}?"
    if kind == "number" and (parts := re.fullmatch(r"how many (.+?) (?:is|are) (.+?) ?\?", question)):
        return f"are {answer} {parts[1]} {parts[2]}?"
    if kind == "object" and (parts := re.fullmatch(r"what (is|are) (the \w+ \w+ing)(.*?) ?\?", question)):
        return f"{parts[1]} {parts[2]} {thing}{parts[3]}?"
    if kind == "object" and (parts := re.fullmatch(r"what (?:is|are) (?!the |there |this |shown)(.+?) ?\?", question)):
        return f"{be} {thing} {parts[1]}?"
    return None


def balanced(examples: list[Example], seed: int) -> list[Example]:
    """Questions of yes or no with as many of either: some of the rarer answer come again.

    Where there are other answers, or only one of the two, the examples stay as they are.
    """
    said = [[e for e in examples if e.answers[0] == answer] for answer in ("yes", "no")]
    rarer, other = sorted(said, key=len)
    if not rarer or len(rarer) + len(other) < len(examples):
        return examples
    return [*examples, *random.Random(seed).choices(rarer, k=len(other) - len(rarer))]


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
            other = _drawn(frequency, rng)
            if other not in found:
                examples.append(Example(image_id, existence_question(other), ("no",)))
    return examples


def counted(boxes: Iterable[dict]) -> list[Example]:
    """ "How many dogs are in the photo?" wherever every one of a class has a box and they are at most six."""
    examples = []
    for row in boxes:
        for name, count in Counter(box[0] for box in row["boxes"]).items():
            if count <= MAX_COUNT and (row["classes"] == "all" or name == "person"):
                question = f"how many {plural(name)} are in the photo?"
                examples.append(Example(row["image_id"], question, (str(count),), about=name))
    return examples


def matching(captions: Iterable[dict], nearest: dict[str, list[str]], seed: int) -> list[Example]:
    """A caption as a statement: "yes" of its own photograph, "no" where it is near another one's but not its own."""
    rng = random.Random(seed)
    examples = []
    for row in captions:
        own = rng.choice(row["captions"])
        examples.append(Example(row["image_id"], clean_caption(own), ("yes",)))
        if nearest.get(row["image_id"]):
            examples.append(Example(row["image_id"], rng.choice(nearest[row["image_id"]]), ("no",)))
    return examples
