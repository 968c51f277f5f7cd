"""Questions and captions to be answered and measured, as values. `vqa.data.rows` reads the files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vqa.common.english import with_article
from vqa.data.rows import RowError, caption_row, iterate_rows, question_row, read_rows, split_rows

ALL_SPLITS = "all"
OPENING_VERBS = set("is are was were do does did has have had can could will would should am isn't aren't".split())


@dataclass(frozen=True)
class Question:
    """One question about one photograph. `answers` are human answers, empty where there are none."""

    image_id: str
    question: str
    answer: str | None = None
    source: str = "questions"
    split: str | None = None
    type: str | None = None
    answers: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`type` where the row gives one, else what the question's first words tell."""
        return self.type or guess_type(self.question)


@dataclass(frozen=True)
class Captions:
    """The human captions of one photograph."""

    image_id: str
    captions: tuple[str, ...]
    split: str | None = None


def guess_type(question: str) -> str:
    """number, color, yes/no or other, by the question's words."""
    words = question.lower().split()
    if "how many" in question.lower():
        return "number"
    if any(word.startswith(("color", "colour")) for word in words):
        return "color"
    return "yes/no" if words and words[0] in OPENING_VERBS else "other"


def read_questions(
    paths: Iterable[str | Path], split: str | None = None, source: str | None = None, answered: bool = True
) -> list[Question]:
    """All questions of the files, in any format of `vqa.data.rows` (of VQA v2, give the annotations' file as well).

    `split` keeps the rows of one split, as `split_rows` cuts them in training too; `source` keeps one source's; None
    or "all" keeps everything. `answered` demands that every row has an answer. Raises `RowError`, or `ValueError`
    where nothing is left.
    """
    rows = read_rows(paths, question_row)
    if answered:
        missing = next((row for row in rows if row.get("answer") is None), None)
        if missing:
            raise RowError(
                f"The question {missing['question']!r} about {missing['image_id']} has no answer to compare with."
            )
    kept = [row for row in _of_split(rows, split) if source in (None, ALL_SPLITS, row["source"])]
    if not kept:
        wanted = " and ".join(f"{key} {value!r}" for key, value in (("split", split), ("source", source)) if value)
        sources = ", ".join(sorted({row["source"] for row in rows})) or "none"
        raise ValueError(f"No questions{' of ' if wanted else ''}{wanted}. {_splits_of(rows)} Sources: {sources}.")
    return [_question(row) for row in kept]


def read_captions(paths: Iterable[str | Path], split: str | None = None) -> list[Captions]:
    """All captions of the files; `split` as in `read_questions`. Raises `RowError` and `ValueError`."""
    rows = read_rows(paths, caption_row)
    kept = _of_split(rows, split)
    if not kept:
        raise ValueError(f"No captions of split {split!r}. {_splits_of(rows)}")
    return [Captions(row["image_id"], tuple(row["captions"]), row.get("split")) for row in kept]


def iterate_questions(path: str | Path) -> Iterator[tuple[int, Question | RowError]]:
    """Each row's number, from 1, with its question or with what is wrong with it; empty lines are passed over."""
    for number, row in iterate_rows(path, question_row):
        yield number, row if isinstance(row, RowError) else _question(row)


def _of_split(rows: list[dict], split: str | None) -> list[dict]:
    return rows if split in (None, ALL_SPLITS) else split_rows(rows, split)


def _splits_of(rows: list[dict]) -> str:
    return f"Splits: {', '.join(sorted({str(row.get('split')) for row in rows})) or 'none'}."


def _question(row: dict) -> Question:
    return Question(
        image_id=row["image_id"],
        question=row["question"],
        answer=row.get("answer"),
        source=row["source"],
        split=row.get("split"),
        type=row.get("type"),
        answers=tuple(row.get("answers") or ()),
    )


# A model that has met one way to ask whether something is there says "no" to the others.
ASKED_OF_ONE = (
    "is there {} in the photo?",
    "is there {}?",
    "is this {}?",
    "could this be {}?",
    "do you see {}?",
)


def existence_question(noun: str) -> str:
    """The way to ask that maps are tested with."""
    return ASKED_OF_ONE[0].format(with_article(noun))
