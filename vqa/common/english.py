"""The little English grammar that is needed: whether a question is English, plurals and articles."""

import re
import unicodedata

_ENGLISH = frozenset(
    "a an the is are was were be am do does did has have had can could will would should may might what which who whom "
    "whose where when why how many much it its this that these those there here of in on at to from by for with and or "
    "not no any some he she they his her their you your i we my me him them describe name tell count".split()
)
_FOREIGN = frozenset(
    "el la los las un una unos unas es son está están qué cuál cuántos cuántas dónde quién cómo hay hace del de "
    "le les des une est sont que quel quelle quels quelles où qui combien dans il elle ce cette sur du "
    "der die das ein eine ist sind was wo wer wie viele welche welcher welches auf und im den dem "
    "il lo gli uno sono cosa quale quanti quante dove chi nella nel di "
    "o os as um uma são quantos quantas onde quem onde na no da "
    "de het een zijn wat welke hoeveel waar wie op en "
    "vad är var vem hur många ett på och "
    "co jest są gdzie kto ile jaki jaka".split()
)


def is_english(question: str) -> bool:
    """A simple check: Latin letters, and function words of English rather than of its neighbours."""
    letters = [c for c in question if c.isalpha()]
    if any(not unicodedata.name(c, "").startswith("LATIN") for c in letters):
        return False
    words = re.findall(r"[^\W\d_]+", question.lower())
    english = sum(word in _ENGLISH for word in words)
    foreign = sum(word in _FOREIGN for word in words)
    return foreign <= english


_PLURALS = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "sheep": "sheep", "knife": "knives"
}  # fmt: skip


def is_plural(noun: str) -> bool:
    """Whether a noun, or the last word of a phrase, has a plural's form."""
    last = noun.split()[-1]
    return last in _PLURALS.values() or bool(re.search(r"[^su]s$", last))


def plural(noun: str) -> str:
    """The plural of a noun or phrase; what is one already stays as it is."""
    *before, last = noun.split()
    if not is_plural(last):
        regular = re.sub(r"([^aeiou])y$", r"\1ie", re.sub(r"(s|x|z|ch|sh)$", r"\1e", last)) + "s"
        last = _PLURALS.get(last, regular)
    return " ".join([*before, last])


def with_article(noun: str) -> str:
    """ "a dog", "an umbrella"; a plural has none."""
    if is_plural(noun):
        return noun
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
