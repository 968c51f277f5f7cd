"""Whether there is a thing that the captions tell of, or one that they do not."""

import random
from collections import Counter
from collections.abc import Iterable

from vqa.common.english import is_plural, plural, with_article
from vqa.data.labels import class_asked_about, content_words
from vqa.data.questions import ASKED_OF_ONE
from vqa.train.examples import Example
from vqa.train.makers.captions import nouns_of

ASKED_OF_SEVERAL = (
    "are there any {} in the photo?",
    "are there any {}?",
    "are there {}?",
    "are these {}?",
)


def existing(
    captions: Iterable[dict], boxes: Iterable[dict], questions: Iterable[dict], words: dict[str, set[str]], seed: int
) -> list[Example]:
    """Whether there is a dog, asked in several ways, half yes, half no, of photographs about which much is known.

    Nouns are COCO-QA's object answers. A "no" asks for a noun that nobody said of the photograph, drawn with the
    frequency of its "yes", so that the noun alone does not give the answer away.
    """
    rng = random.Random(seed)
    nouns = {noun for noun in nouns_of(questions) if " " not in noun}
    known = {row["image_id"] for row in captions} | {r["image_id"] for r in boxes if r["classes"] == "all"}
    present = {i: sorted(nouns & words[i]) for i in sorted(known) if i in words}
    frequency = Counter(noun for found in present.values() for noun in found)
    examples = []
    for image_id, found in present.items():
        for noun in rng.sample(found, min(3, len(found))):
            about = class_asked_about(noun, "yes", "yes/no")
            examples.append(Example(image_id, whether_there_is(noun, rng), ("yes",), about))
            other = rng.choices(list(frequency), frequency.values())[0]
            if not content_words(other) & words[image_id]:
                examples.append(Example(image_id, whether_there_is(other, rng), ("no",)))
    return examples


def whether_there_is(noun: str, rng: random.Random) -> str:
    """One of the ways to ask for a noun, which asks for several where the noun is a plural."""
    form = rng.choice(ASKED_OF_SEVERAL if is_plural(noun) else ASKED_OF_ONE + ASKED_OF_SEVERAL)
    return form.format(with_article(noun) if form in ASKED_OF_ONE else plural(noun))
