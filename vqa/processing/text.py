"""Ids, questions, captions and answers as texts: in one form where they are read, cleaned, and made to be compared."""

import re
import unicodedata
from collections.abc import Iterable

MAX_QUESTION_CHARACTERS = 500
MAX_QUESTION_TOKENS = 128  # what a map of a question costs grows faster than its length
CAPTION_REQUEST = "describe the image"
ARTICLES = {"a", "an", "the"}
NUMBERS = {
    word: str(value) for value, word in enumerate("zero one two three four five six seven eight nine ten".split())
} | {"none": "0"}
PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
BLANK = re.compile(  # letters and marks that Unicode has for what cannot be seen: fillers, joiners, variation selectors
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)


class QuestionError(ValueError):
    """A question cannot be asked; the message says why, in words fit for a visitor."""


def normal_form(text: str) -> str:
    """The one form of all that is read, Unicode's NFC: the same letters are then the same text.

    Macs write `é` in the name of a file as two characters, an `e` and an accent, and keyboards write it as one.
    """
    return unicodedata.normalize("NFC", text)


def clean_text(text: str) -> str:
    """A text in normal form on one line: without characters that format or control, and with single spaces."""
    kept = "".join(_written(character) for character in normal_form(text))
    return " ".join(kept.split())


def _written(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":  # joiners, soft hyphens, directions: they stand within words
        return ""
    return " " if category.startswith(("C", "Z")) else character


def is_blank(text: str) -> bool:
    """Whether there is nothing to be seen in a text."""
    if text.isascii() and text.isprintable():  # long lists are mostly so
        return not text.strip()
    return not BLANK.sub("", clean_text(text)).strip()


def visible_lines(lines: Iterable[str]) -> list[str]:
    """The lines of a list as they are written there, without space around them and without those that show nothing."""
    return [line.strip() for line in lines if not is_blank(line)]


def clean_question(question: str, kind: str = "question") -> str:
    """The question, or another `kind` of text for the text encoder, as `clean_text` writes it.

    Raises `QuestionError` where there is no word in it, or more than `MAX_QUESTION_CHARACTERS`.
    """
    characters = len(normal_form(question))
    if characters > MAX_QUESTION_CHARACTERS:
        raise QuestionError(f"The {kind} has {characters} characters; at most {MAX_QUESTION_CHARACTERS} are read.")
    kept = clean_text(question)
    if not re.search(r"\w", BLANK.sub("", kept)):
        raise QuestionError(f"Type a {kind} about the photograph first.")
    return kept


def clean_caption(caption: str) -> str:
    """Without the space before a full stop, nor the full stop, that some captions end with."""
    return " ".join(caption.split()).rstrip(" .")


def clean_answer(answer: str) -> str:
    """Lower case, underscores as spaces, as answers are written out."""
    return " ".join(normal_form(answer).lower().replace("_", " ").split())


def normalise(answer: str) -> str:
    """An answer in the form in which two are compared: `Garbage_Bin.` is `garbage bin`, and `½` is `1⁄2`.

    Compatible characters and capitals become what the answers' pieces write for them (NFKC, case folded), underscores
    are spaces, spaces single, and there is no full stop at the end.
    """
    folded = unicodedata.normalize("NFKC", answer).casefold()
    text = " ".join(folded.replace("_", " ").split())
    return text.rstrip(".").rstrip() or text


def normalise_vqa(answer: str) -> str:
    """The official VQA evaluation's normalisation (Antol et al. 2015): punctuation, number words and articles.

    Apostrophes are dropped, where the official script restores missing ones from a table; the effect is the same. A
    text of which nothing would be left, like `the` or `?`, stays as it is.
    """
    text = normal_form(answer).lower().replace("'", "")
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
