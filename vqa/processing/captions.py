"""Captions as words, and what no caption says: the same thing on both sides of "and"."""

import re
from collections.abc import Iterable, Sequence

from vqa.processing.processor import EOS, VQAProcessor
from vqa.processing.text import ARTICLES

AND = "and"
WORD = re.compile(r"\w+(?:['’-]\w+)*")


def caption_words(caption: str) -> list[str]:
    """The words in lower case, without punctuation but for what stands inside a word: "a t-shirt, red" is three."""
    return WORD.findall(caption.lower())


def says_twice(words: Sequence[str]) -> bool:
    """Whether something is joined with itself by "and": "a sink and a sink", "a blue shirt and white shirt"."""
    return any(ends_twice(words[:length]) for length in range(1, len(words) + 1))


def ends_twice(words: Sequence[str]) -> bool:
    """Whether what follows the last "and" has just been said before it, articles apart.

    It is compared with what stands before that "and", and before earlier ones of a row in which single words are
    joined, such as "a cat and a dog and a cat". Under one article a thing may not come twice, whatever is said of it:
    "a blue shirt and white shirt" is one shirt, "a blue shirt and a white shirt" are two.
    """
    parts: list[list[str]] = [[]]  # between one "and" and the next
    for word in words:
        if word == AND:
            parts.append([])
        else:
            parts[-1].append(word)
    *before, said = parts
    last = _without_article(said)
    if not before or not last:
        return False
    if len(said) == len(last) == 2 and before[-1][-1:] == last[-1:]:
        return True
    for part in reversed(before):
        if part[-len(last) :] == last:
            return True
        if len(_without_article(part)) > 1:
            return False
    return False


def _without_article(words: list[str]) -> list[str]:
    return words[1:] if words and words[0] in ARTICLES else words


class NothingTwice:
    """For beam search: the pieces that must not follow a prefix, so that no caption is one that `says_twice`.

    A word is whole where the next piece begins another one or is the end: until then "a sink and a sink" may still
    become "a sink and a sinkhole".
    """

    def __init__(self, processor: VQAProcessor):
        pieces = processor.answer_pieces
        begins = [i for i in range(pieces.vocab_size()) if pieces.id_to_piece(i).startswith("▁")]
        self._ends_a_word, self._decode = [EOS, *begins], processor.decode_answer

    def __call__(self, prefix: Iterable[int]) -> list[int]:
        return self._ends_a_word if ends_twice(caption_words(self._decode(prefix))) else []
