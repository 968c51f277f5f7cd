"""Questions, captions and answers as texts: cleaned, and in the forms in which they are compared."""

import re
import unicodedata

MAX_QUESTION_CHARACTERS = 500
CAPTION_REQUEST = "describe the image"
ARTICLES = {"a", "an", "the"}
NUMBERS = {
    word: str(value) for value, word in enumerate("zero one two three four five six seven eight nine ten".split())
} | {"none": "0"}
PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'


class QuestionError(ValueError):
    """A question cannot be asked; the message says why, in words fit for a visitor."""


def clean_question(question: str) -> str:
    """The question without control characters and needless space.

    Raises `QuestionError` where nothing is left, or more than `MAX_QUESTION_CHARACTERS`.
    """
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(f"The question has {len(question)} characters; at most {MAX_QUESTION_CHARACTERS} are read.")
    kept = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in question)
    kept = re.sub(r" +", " ", kept).strip()
    if not re.search(r"\w", kept):
        raise QuestionError("Type a question about the photograph first.")
    return kept


def clean_caption(caption: str) -> str:
    """Without the space before a full stop, nor the full stop, that some captions end with."""
    return " ".join(caption.split()).rstrip(" .")


def clean_answer(answer: str) -> str:
    """Lower case, underscores as spaces, as answers are written out."""
    return " ".join(answer.lower().replace("_", " ").split())


def normalise(answer: str) -> str:
    """Lower case, single spaces, underscores as spaces, no full stop at the end: `Garbage_Bin.` is `garbage bin`."""
    text = " ".join(answer.lower().replace("_", " ").split())
    return text.rstrip(".").rstrip() or text


def normalise_vqa(answer: str) -> str:
    """The official VQA evaluation's normalisation (Antol et al. 2015): punctuation, number words and articles.

    Apostrophes are dropped, where the official script restores missing ones from a table; the effect is the same. A
    text of which nothing would be left, like `the` or `?`, stays as it is.
    """
    text = answer.lower().replace("'", "")
    has_grouped_digits = re.search(r"\d,\d", text) is not None
    for mark in PUNCTUATION:
        apart = f"{mark} " in text or f" {mark}" in text or has_grouped_digits
        text = text.replace(mark, "" if apart else " ")
    text = re.sub(r"\.(?!\d)", "", text)
    words = (NUMBERS.get(word, word) for word in text.split())
    return " ".join(word for word in words if word not in ARTICLES) or normalise(answer)


def split_list(answer: str) -> list[str]:
    """The items of an answer, normalised: DAQUAR's `table, garbage_bin` is two."""
    return [normalise(item) for item in answer.split(",") if item.strip()] or [normalise(answer)]


def is_single_word(answer: str) -> bool:
    """Whether an answer belongs to DAQUAR's single-word subset: not a list (`garbage_bin` is one word)."""
    return "," not in answer
