"""What a question must be before a model sees it, said in the visitor's language."""

from vqa.common.english import is_english
from vqa.processing.text import MAX_QUESTION_CHARACTERS
from vqa.ui.texts import text


def question_problem(question: str, language: str) -> str:
    """Why a question (or a caption) cannot be read; empty where it can."""
    if not any(c.isalnum() for c in question):
        return text(language, "question.none")
    if len(question) > MAX_QUESTION_CHARACTERS:
        return text(language, "question.long", count=len(question), limit=MAX_QUESTION_CHARACTERS)
    return "" if is_english(question) else text(language, "question.foreign")
