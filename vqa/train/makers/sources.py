"""All questions that are made for training, by the maker that finds their answers."""

from vqa.data.labels import content_words, words_by_image
from vqa.train.examples import Example
from vqa.train.makers.actions import actions
from vqa.train.makers.captions import nouns_of
from vqa.train.makers.cloze import from_captions
from vqa.train.makers.colors import colors
from vqa.train.makers.counts import counts
from vqa.train.makers.existence import existing
from vqa.train.makers.facts import questions_of
from vqa.train.makers.places import places, turned
from vqa.train.makers.scenes import scenes
from vqa.train.makers.things import things


def made_questions(
    questions: list[dict], captions: list[dict], boxes: list[dict], labels: list[dict], seed: int
) -> dict[str, list[Example]]:
    """The made questions of each source; of rows for training, as `vqa.data.rows` reads them."""
    said, nouns = words_said(questions, captions, boxes), nouns_of(questions)
    facts = {
        "scene": scenes(captions),
        "thing": things(captions, nouns),
        "action": actions(captions, nouns),
        "color": colors(captions, nouns),
        "place": [*places(captions, nouns), *turned(questions)],
        "count": counts(captions, boxes, labels, said),
    }
    sources = {name: questions_of(found, said, seed) for name, found in facts.items()}
    sources["existence"] = existing(captions, boxes, questions, said, seed)
    sources["from-captions"] = from_captions(captions, questions, seed)
    return sources


def words_said(questions: list[dict], captions: list[dict], boxes: list[dict]) -> dict[str, set[str]]:
    """All words said of each photograph: what is asked with the answer "yes" is there, too."""
    said = words_by_image(questions, captions, boxes)
    for row in questions:
        if row["answer"] == "yes":
            said.setdefault(row["image_id"], set()).update(content_words(row["question"]))
    return said
