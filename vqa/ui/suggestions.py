"""Questions to pick from: templates that suit any photograph, and one about a thing that the model is sure of."""

from dataclasses import dataclass

from vqa.common.english import is_plural, plural
from vqa.inference.predictor import Photo, VQAPredictor
from vqa.ui.glosses import gloss

LOOKS = ("What is in the picture?", "What is this?", "What animal is this?")
SURE = 0.5  # of the name of a thing, before a question may mention it


@dataclass(frozen=True)
class Suggestion:
    """A question to pick from, and what it means to a Chinese reader."""

    question: str
    chinese: str


NEUTRAL = (
    Suggestion("What is in the picture?", "图片里有什么？"),
    Suggestion("How many people are in the picture?", "图片里有几个人？"),
    Suggestion("Is there an animal in the picture?", "图片里有动物吗？"),
    Suggestion("Is this indoors or outdoors?", "这是室内还是室外？"),
    Suggestion("What is in the background?", "背景里有什么？"),
)
ABOUT = (  # the thing that is there for sure, in place of the last neutral ones
    ("What color is the {thing}?", "{thing}是什么颜色的？"),
    ("How many {things} are there?", "有几个{thing}？"),
)


def suggest(predictor: VQAPredictor, photo: Photo) -> tuple[Suggestion, ...]:
    """Five questions for a visitor's photograph; one batch, and the ViT does not run."""
    looks = predictor.ask_many([photo] * len(LOOKS), LOOKS, predictor.variants[0])
    surest = max(looks, key=lambda prediction: prediction.confidence)
    if not surest.sure or surest.confidence < SURE or not surest.answer.replace(" ", "").isalpha():
        return NEUTRAL
    thing = surest.answer
    names = {"thing": thing, "things": plural(thing)}
    chinese = {"thing": gloss(thing) or f" {thing} ", "things": ""}
    color = ABOUT[0][0].replace(" is ", " are ") if is_plural(thing) else ABOUT[0][0]
    questions = (color, ABOUT[1][0])
    about = tuple(
        Suggestion(question.format(**names), words.format(**chinese))
        for question, (_, words) in zip(questions, ABOUT, strict=True)
    )
    return NEUTRAL[: -len(about)] + about
