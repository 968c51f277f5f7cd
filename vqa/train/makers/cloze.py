"""COCO-QA's four kinds of question, made from captions: what is left out of the sentence is the answer.

After Ren et al. (2015), "Exploring Models and Data for Image Question Answering", who parsed COCO's captions. Patterns
do it here, so that only sentences of simple build give a question.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from vqa.common.english import is_plural, with_article
from vqa.processing.text import clean_caption
from vqa.train.examples import Example
from vqa.train.makers.captions import NOT_THINGS, PLACED, any_of

MOST_OF_AN_ANSWER = 300  # questions: half of Flickr8k's sentences are about a dog, or about two of something
ARTICLE = r"(?:an?|the|his|her|their|its|some)"
ENDED = rf"(?=$| {PLACED}\b| and\b| while\b| as\b| \w+ing\b)"  # after a noun that is not the half of a longer one
NOT_DOING = frozenset("building railing clothing wing ring king string thing spring evening morning ceiling".split())
NOT_DONE = frozenset("is has as his its this was others across always sometimes perhaps".split())
NOT_SIMPLE = re.compile(r"\b(?:and|while|as|that|who|which|is|are)\b|,")


class Patterns:
    """Of captions, over the answers that COCO-QA's questions of each kind have."""

    def __init__(self, questions: Iterable[dict]):
        answers = defaultdict(set)
        for row in questions:
            if row["source"] == "coco-qa":
                answers[row.get("type")].add(row["answer"])
        self.things = answers["object"] - NOT_THINGS
        thing = any_of(frozenset(self.things))
        place, color, number = (any_of(frozenset(answers[kind])) for kind in ("location", "color", "number"))
        some = r"(?:[a-z-]+ ){0,2}?"
        what = rf"{ARTICLE} {some}{thing}{ENDED}"
        self.color = re.compile(rf"(?<!and )\b{color} {thing}{ENDED}")
        self.number = re.compile(rf"{number} ((?:[a-z-]+ )?(?:[a-z]+s|people|men|women|children)) (.+)")
        self.subject = re.compile(rf"(?:{ARTICLE}|two|three|several|many) {some}{thing} ((\w+) .+)")
        self.doing = re.compile(rf"{ARTICLE} (.{{3,40}}?) (?:(?:is|are) )?(\w+ing)((?: {PLACED})?) {what}(.*)")
        self.does = re.compile(rf"{ARTICLE} ((?:[a-z-]+ ){{1,3}}?)(\w+s)((?: {PLACED})?) {what}(.*)")
        self.where = re.compile(
            rf"{ARTICLE} (.{{3,40}}?) (?:(?:is|are) )?(\w+ing)(.*?) (?:in|on|at)(?: {ARTICLE})? {place}"
        )


def from_captions(captions: Iterable[dict], questions: list[dict], seed: int) -> list[Example]:
    """What captions answer, and the statements that COCO-QA's questions make with their answers.

    Each question is asked once a photograph, where all its sentences agree on the answer, and of the questions with
    one answer at most `MOST_OF_AN_ANSWER` are drawn.
    """
    patterns = Patterns(questions)
    known, found = defaultdict(set), defaultdict(lambda: defaultdict(set))
    sentences = [(row["image_id"], caption) for row in captions for caption in row["captions"]]
    for row in questions:
        if row["source"] == "coco-qa":
            known[row["image_id"]].add(row["answer"])
            sentences.append((row["image_id"], statement(row["question"], row["answer"], row.get("type"))))
    for image_id, sentence in sentences:
        for question, answer in asked_by(clean_caption(sentence).lower(), patterns):
            if answer not in known[image_id]:
                found[image_id][question].add(answer)
    examples = [
        Example(image_id, question, tuple(answers))
        for image_id, of_image in found.items()
        for question, answers in of_image.items()
        if len(answers) == 1
    ]
    random.Random(seed).shuffle(examples)
    drawn, kept = Counter(), []
    for example in examples:
        drawn[example.answers] += 1
        if drawn[example.answers] <= MOST_OF_AN_ANSWER:
            kept.append(example)
    return kept


def statement(question: str, answer: str, kind: str | None) -> str:
    """The sentence that a question of COCO-QA's was made of, as far as it can be told; else the question itself."""
    question = question.rstrip("? ")
    if kind == "object" and (parts := re.fullmatch(r"what (?!the |there |this |shown|does |did |do )(.+)", question)):
        doing = re.fullmatch(rf"(?:is|are) (the .{{3,40}}? \w+ing(?: {PLACED}\b)?)(.*)", parts[1])
        return f"{doing[1]} {with_article(answer)}{doing[2]}" if doing else f"the {answer} {parts[1]}"
    if kind == "location" and (parts := re.fullmatch(r"where (?:is|are) (the .+)", question)):
        return f"{parts[1]} in the {answer}"
    return question


def asked_by(sentence: str, patterns: Patterns) -> Iterator[tuple[str, str]]:
    """Each question that one sentence in lower case answers, with its answer."""
    for color, thing in patterns.color.findall(sentence):
        yield f"what is the color of the {thing}?", color
    if re.search(r"\bwhat\b", sentence):
        return  # a question that is no statement
    if parts := patterns.number.fullmatch(sentence):
        number, things, rest = parts.groups()
        yield f"how many {things} {_being(rest, 'are')}{rest}?", number
    if parts := patterns.subject.fullmatch(sentence):
        thing, rest, verb = parts.groups()
        being = _being(rest, "are" if is_plural(thing) else "is")
        if verb not in patterns.things and (being or verb.endswith("s") or verb == "are"):
            yield f"what {being}{rest}?", thing
    if (parts := patterns.doing.fullmatch(sentence)) and _simple(parts[1]):
        subject, verb, placed, thing, rest = parts.groups()
        if verb not in NOT_DOING:
            yield f"what {_be(subject)} the {subject} {verb}{placed}{rest}?", thing
    if (parts := patterns.does.fullmatch(sentence)) and _simple(parts[1]):
        subject, verb, placed, thing, rest = parts.groups()
        if verb not in NOT_DONE | patterns.things:
            yield f"what does the {subject}{_infinitive(verb)}{placed}{rest}?", thing
    if (parts := patterns.where.fullmatch(sentence)) and _simple(parts[1]):
        subject, verb, rest, place = parts.groups()
        if verb not in NOT_DOING:
            yield f"where {_be(subject)} the {subject} {verb}{rest}?", place


def _simple(subject: str) -> bool:
    return not NOT_SIMPLE.search(subject)


def _be(subject: str) -> str:
    return "are" if is_plural(re.split(rf" {PLACED}\b", subject.strip())[0]) else "is"


def _being(rest: str, be: str) -> str:
    """The "is" that a caption leaves out before "running ..." and "in the ..."."""
    return f"{be} " if re.match(rf"\w+ing\b|{PLACED}\b", rest) else ""


def _infinitive(verb: str) -> str:
    return re.sub(r"(?<=ch|sh|ss)es$|s$", "", re.sub(r"ies$", "ys", verb))
