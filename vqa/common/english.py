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


NOT_ENGLISH = "The model reads English only. Ask in English, for example: What color is the cat?"
_UNITS = ("MICRO SIGN", "OHM SIGN", "DEGREE", "GREEK")  # letters of other scripts that English writes, one at a time
_QUOTED = re.compile(r"“[^”]*”|‘[^’]*’|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|«[^»]*»|「[^」]*」|『[^』]*』|《[^》]*》")
_NAME = re.compile(r"\b(?:[A-ZÀ-Þ][a-zà-ÿ]+ ){1,2}[A-ZÀ-Þ][\w]*")  # "Los Angeles", "Rio De Janeiro"


def is_english(question: str) -> bool:
    """A simple check: Latin letters, and function words of English rather than of its neighbours.

    What stands in quotation marks may be in any script, and names may have another language's article.
    """
    rest = _QUOTED.sub(" ", question)
    if not any(c.isalnum() for c in rest):
        rest = question
    if any(not _is_latin(word) for word in re.findall(r"[^\W\d_]+", rest)):
        return False
    lowered = re.findall(r"[^\W\d_]+", _NAME.sub(_without_articles, rest).lower())
    english = sum(word in _ENGLISH for word in lowered)
    foreign = sum(word in _FOREIGN for word in lowered)
    return foreign <= english


def _is_latin(word: str) -> bool:
    others = [unicodedata.name(c, "") for c in word if not unicodedata.name(c, "").startswith("LATIN")]
    return not others or (len(others) == 1 and others[0].startswith(_UNITS))


def _without_articles(name: re.Match) -> str:
    """A name without the words in it that would count as another language's."""
    return " ".join(word for word in name[0].split() if word.lower() not in _FOREIGN)


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
