"""Questions and captions to be answered and measured, as values. `vqa.data.rows` reads the files."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vqa.common.english import with_article
from vqa.data.rows import (
    RowError,
    caption_row,
    cut_splits,
    iterate_rows,
    of_split,
    question_row,
    read_rows,
    split_name,
    with_photographs,
)

ALL_SPLITS = "all"
TrainedOnCheck = Callable[[set[str]], Container[str]]  # of photographs' ids, those that were trained on
OPENING_VERBS = set("is are was were do does did has have had can could will would should am isn't aren't".split())


@dataclass(frozen=True)
class QuestionRow:
    """One question about one photograph.

    `answers` are people's, with repetitions, and each of `accepted` is right; empty where there are none.
    """

    image_id: str
    question: str
    answer: str | None = None
    source: str = "questions"
    split: str | None = None
    type: str | None = None
    answers: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()

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
    if "how many" in question.lower():
        return "number"
    if any(word.startswith(("color", "colour")) for word in question.lower().split()):
        return "color"
    return "yes/no" if _opens_with_a_verb(question) else "other"


def answer_kind(question: str) -> str:
    """Which of the configuration's temperatures a question's answers take: "yes/no", or "open" for all others."""
    return "yes/no" if _opens_with_a_verb(question) else "open"


def _opens_with_a_verb(question: str) -> bool:
    words = question.lower().split()
    return bool(words) and words[0] in OPENING_VERBS


def read_questions(
    paths: Iterable[str | Path],
    split: str | None = None,
    source: str | None = None,
    answered: bool = True,
    trained_on: TrainedOnCheck | None = None,
    beside: Sequence[list[dict]] = (),
    images: Container[str] | None = None,
) -> list[QuestionRow]:
    """All questions of the files, in any format of `vqa.data.rows` (of VQA v2, give the annotations' file as well).

    `split` keeps the rows of one split, as `cut_splits` cuts them, which also says what `trained_on` is, together with
    rows of other kinds `beside` them; `source` keeps one source's; None or "all" keeps everything. `answered` demands
    that every row has an answer. With `images` given, questions about others are left out, with a warning. Raises
    `RowError`, or `ValueError` where nothing is left.
    """
    rows = read_rows(paths, question_row)
    if answered:
        missing = next((row for row in rows if row.get("answer") is None), None)
        if missing:
            raise RowError(
                f"The question {missing['question']!r} about {missing['image_id']} has no answer to compare with."
            )
    found = rows_of_split(rows, split, "questions", trained_on, beside)
    kept = [row for row in found if source in (None, ALL_SPLITS, row["source"])]
    if not kept:
        sources = ", ".join(sorted({row["source"] for row in found})) or "none"
        raise ValueError(f"No questions of source {source!r}. Sources: {sources}.")
    return [_question(row) for row in (kept if images is None else with_photographs(kept, images, "questions"))]


def read_captions(
    paths: Iterable[str | Path], split: str | None = None, trained_on: TrainedOnCheck | None = None
) -> list[Captions]:
    """Each photograph's captions in the files; the rest as in `read_questions`. Raises `RowError` and `ValueError`."""
    rows = rows_of_split(read_rows(paths, caption_row), split, "captions", trained_on)
    return [Captions(row["image_id"], tuple(row["captions"]), row["split"]) for row in rows]


def iterate_questions(path: str | Path) -> Iterator[tuple[int, QuestionRow | RowError]]:
    """Each row's number, from 1, with its question or with what is wrong with it; empty lines are passed over.

    Whatever split a row names, it is asked.
    """
    for number, row in iterate_rows(path, _asked_row):
        yield number, row if isinstance(row, RowError) else _question(row)


def _asked_row(row: object) -> dict:
    return question_row(row | {"split": None} if isinstance(row, dict) else row)


def rows_of_split(
    rows: list[dict],
    split: str | None,
    kind: str,
    trained_on: TrainedOnCheck | None = None,
    beside: Sequence[list[dict]] = (),
) -> list[dict]:
    """The rows of a `kind`, like `questions`, that belong to a split by any of its names; all for None or "all".

    Raises `ValueError` where there are none, which says how rows without a split are measured.
    """
    if not rows:
        raise ValueError(f"There are no {kind} in the files.")
    wanted = None if split in (None, ALL_SPLITS) else split_name(split)
    are_named = any(row["split"] for row in rows)
    cut_splits(rows, *beside, trained_on=trained_on or (lambda image_ids: ()))
    if found := rows if wanted is None else of_split(rows, wanted):
        return found
    there = ", ".join(sorted({row["split"] for row in rows}))
    if are_named:
        raise ValueError(f"No {kind} of split {split!r}. Splits: {there}. `--split all` takes every row.")
    if wanted == "val":
        raise ValueError(
            f"No {kind} of split {split!r}: the rows name no split, and none of their photographs is held out. They "
            "are few, or the model was trained on them or on copies of them. `--split all` takes every row."
        )
    raise ValueError(
        f"No {kind} of split {split!r}, for the rows name no split. Training on them holds out a tenth of the "
        "photographs as val: `--split val` takes these, `--split all` every row."
    )


def _question(row: dict) -> QuestionRow:
    return QuestionRow(
        image_id=row["image_id"],
        question=row["question"],
        answer=row.get("answer"),
        source=row["source"],
        split=row.get("split"),
        type=row.get("type"),
        answers=tuple(row.get("answers") or ()),
        accepted=tuple(row.get("accepted") or ()),
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
