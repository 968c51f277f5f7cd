"""The nouns of WordNet 3 (Fellbaum 1998) and how alike two of them are (Wu and Palmer 1994), for WUPS scores.

Reads the files `index.noun`, `data.noun` and `noun.exc` of the `dict` folder that WordNet is published as; their
format is described in WordNet's manual pages wndb(5WN) and morphy(7WN).
"""

import os
from functools import lru_cache
from pathlib import Path

FOLDERS = ("/usr/share/wordnet", "/usr/local/WordNet-3.0/dict", "/opt/homebrew/opt/wordnet/dict")
VARIABLE = "WNSEARCHDIR"  # the variable by which WordNet's own programs find the folder
FILES = ("index.noun", "data.noun", "noun.exc")
ENDINGS = (
    ("s", ""),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
HYPERNYMS = ("@", "@i")  # "is a kind of" and "is an instance of"


class WordNetError(ValueError):
    """WordNet's files are not there or cannot be read; the message says what to do."""


def find_wordnet() -> Path:
    """The folder of WordNet's files. Raises `WordNetError`."""
    folders = [os.environ[VARIABLE]] if os.environ.get(VARIABLE) else FOLDERS
    for folder in map(Path, folders):
        if all((folder / name).is_file() for name in FILES):
            return folder
    raise WordNetError(
        f"WUPS needs WordNet's nouns, and {' and '.join(FILES)} are not in {', '.join(map(str, folders))}. "
        f"Install Debian's package wordnet-base, or name a WordNet 3 dict folder in the variable {VARIABLE}."
    )


class WordNet:
    """Noun senses and their Wu-Palmer similarity. A sense is the offset of its line in `data.noun`."""

    def __init__(self, folder: str | Path | None = None):
        """Reads the nouns in `folder`, or wherever `find_wordnet` finds them. Raises `WordNetError`."""
        folder = find_wordnet() if folder is None else Path(folder)
        try:
            self._senses = _read_index(folder / "index.noun")
            self._parents, self._first_words = _read_synsets(folder / "data.noun")
            self._exceptions = _read_exceptions(folder / "noun.exc")
        except (OSError, ValueError, IndexError) as error:
            raise WordNetError(f"WordNet's files in {folder} cannot be read: {error}") from error
        self._distances = lru_cache(maxsize=None)(self._measure_distances)

    def senses(self, word: str) -> tuple[int, ...]:
        """The noun senses of a word, its plurals included, most frequent first; empty for an unknown word."""
        word = word.strip().lower().replace(" ", "_")
        forms = [word, *self._exceptions.get(word, ())]
        if len(forms) == 1:
            forms += [word.removesuffix(end) + stem for end, stem in ENDINGS if word.endswith(end)]
        return tuple(dict.fromkeys(sense for form in forms for sense in self._senses.get(form, ())))

    def similarity(self, a: int, b: int) -> float:
        """Wu-Palmer similarity: the depth of the deepest hypernym that both senses share, relative to their own.

        Between 0 (nothing shared) and 1; equals NLTK's `wup_similarity`, which the published scores were made with.
        """
        shared = self._distances(a).keys() & self._distances(b).keys()
        if not shared:
            return 0.0
        deepest = max(self._depth(sense, min) for sense in shared)
        subsumers = [sense for sense in shared if self._depth(sense, min) == deepest]
        subsumer = a if a in subsumers else min(subsumers, key=self._name)
        depth = self._depth(subsumer, max) + 1  # the root's is 1
        return 2.0 * depth / (self._steps(a, subsumer) + self._steps(b, subsumer) + 2 * depth)

    def _steps(self, a: int, b: int) -> int:
        """The fewest steps between two senses, up to a shared hypernym and down again."""
        from_a, from_b = self._distances(a), self._distances(b)
        return min(from_a[sense] + from_b[sense] for sense in from_a.keys() & from_b.keys())

    def _measure_distances(self, sense: int) -> dict[int, int]:
        """The fewest steps from a sense up to each of its hypernyms, itself included."""
        distances, frontier = {sense: 0}, [sense]
        while frontier:
            above = {parent for child in frontier for parent in self._parents[child]} - distances.keys()
            distances.update(dict.fromkeys(above, max(distances.values()) + 1))
            frontier = list(above)
        return distances

    def _name(self, sense: int) -> str:
        """`dog.n.01`, the usual name of a sense, by which NLTK breaks ties."""
        word = self._first_words[sense].lower()
        return f"{word}.n.{self._senses[word].index(sense) + 1:02d}"

    def _depth(self, sense: int, choose) -> int:
        """Steps to the root along the shortest (`choose=min`) or longest (`max`) way."""
        parents = self._parents[sense]
        return 1 + choose(self._depth(parent, choose) for parent in parents) if parents else 0


def _read_index(path: Path) -> dict[str, tuple[int, ...]]:
    senses = {}
    for line in _lines(path):
        word, *fields = line.split()
        count = int(fields[1])
        senses[word] = tuple(map(int, fields[-count:]))
    return senses


def _read_synsets(path: Path) -> tuple[dict[int, tuple[int, ...]], dict[int, str]]:
    """The hypernyms and the first word of each sense."""
    parents, first_words = {}, {}
    for line in _lines(path):
        fields = line.partition(" | ")[0].split()
        first = 4 + 2 * int(fields[3], 16)  # after the words comes the number of pointers, four fields each
        pointers = [fields[i : i + 4] for i in range(first + 1, first + 1 + 4 * int(fields[first]), 4)]
        first_words[int(fields[0])] = fields[4]
        parents[int(fields[0])] = tuple(int(offset) for symbol, offset, _, _ in pointers if symbol in HYPERNYMS)
    return parents, first_words


def _read_exceptions(path: Path) -> dict[str, list[str]]:
    exceptions: dict[str, list[str]] = {}
    for line in _lines(path):
        inflected, *bases = line.split()
        exceptions.setdefault(inflected, []).extend(bases)
    return exceptions


def _lines(path: Path):
    with path.open(encoding="utf-8") as file:
        yield from (line for line in file if line.strip() and not line.startswith("  "))  # indented: the licence
