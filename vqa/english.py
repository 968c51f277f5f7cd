"""Whether a question is in the language that the model reads."""

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
