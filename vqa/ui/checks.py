"""What a question and a list of answers must be before a model sees them, said in the visitor's language."""

import re

from vqa.common.english import is_english
from vqa.inference.predictor import VQAPredictor
from vqa.processing.text import MAX_QUESTION_CHARACTERS, MAX_QUESTION_TOKENS, normal_form, visible_lines
from vqa.ui.texts import text

MOST_TO_CHOOSE = 100  # answers of a list on the page


def question_problem(question: str, predictor: VQAPredictor, language: str) -> str:
    """Why a question (or a caption) cannot be read; empty where it can."""
    if not any(c.isalnum() for c in question):
        return text(language, "question.none")
    characters = len(normal_form(question))
    if characters > MAX_QUESTION_CHARACTERS:
        return text(language, "question.long", count=characters, limit=MAX_QUESTION_CHARACTERS)
    if not is_english(question):
        return text(language, "question.foreign")
    tokens = predictor.count_tokens(question)
    if tokens > MAX_QUESTION_TOKENS:
        return text(language, "question.tokens", count=tokens, limit=MAX_QUESTION_TOKENS)
    return ""


def allowed_answers(among: str) -> list[str]:
    """The answers of a list that is separated by commas or lines, each once; empty where any answer may come."""
    parts = (" ".join(part.split()) for part in re.split(r"[,;\n，、；]", among or ""))
    return list(dict.fromkeys(visible_lines(parts)))


def among_problem(among: str, predictor: VQAPredictor, language: str) -> str:
    """Why a list of answers cannot be chosen among; empty where it can."""
    answers = allowed_answers(among)
    if len(answers) > MOST_TO_CHOOSE:
        return text(language, "among.many", limit=MOST_TO_CHOOSE)
    for answer in answers:
        if not is_english(answer):
            return text(language, "among.foreign", answer=answer[:40])
        if any(predictor.too_long([answer], variant) for variant in predictor.variants):
            return text(language, "among.long", answer=answer[:40])
    return ""
