"""Reading questions and captions, with errors that name the file and the line.

Questions are JSONL rows `image_id, question, answer` and, where known, `source, split, type, answers` (ten human
answers); captions are rows `image_id, captions` and, where known, `split`. VQA v2's official pair of JSON files
(questions and annotations) is read too.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ALL_SPLITS = "all"
OPENING_VERBS = set("is are was were do does did has have had can could will would should am isn't aren't".split())


class RowError(ValueError):
    """A row of a file cannot be used; the message names the file, the line and the reason."""


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
    """All questions of the files, JSONL or VQA v2's official `.json` (give the annotations' file as well).

    `split` keeps the rows of one split and those that name none; `source` keeps one source's; None or "all" keeps
    everything. `answered` demands that every row has an answer. Raises `RowError`, or `ValueError` where nothing is
    left.
    """
    paths = [Path(path) for path in paths]
    official = [path for path in paths if path.suffix == ".json"]
    rows = [row for path in paths if path not in official for row in _raise_errors(iterate_questions(path))]
    if official:
        rows += read_vqa_v2(official)
    if answered and any(row.answer is None for row in rows):
        missing = next(row for row in rows if row.answer is None)
        raise RowError(f"The question {missing.question!r} about {missing.image_id} has no answer to compare with.")
    kept = [row for row in rows if _in_split(row.split, split) and source in (None, ALL_SPLITS, row.source)]
    if not kept:
        wanted = " and ".join(f"{key} {value!r}" for key, value in (("split", split), ("source", source)) if value)
        splits = ", ".join(sorted({str(row.split) for row in rows})) or "none"
        sources = ", ".join(sorted({row.source for row in rows})) or "none"
        raise ValueError(f"No questions{' of ' if wanted else ''}{wanted}. Splits: {splits}. Sources: {sources}.")
    return kept


def read_captions(paths: Iterable[str | Path], split: str | None = None) -> list[Captions]:
    """All captions of the files; `split` as in `read_questions`. Raises `RowError` and `ValueError`."""
    rows = [row for path in paths for row in _raise_errors(_iterate(Path(path), _captions))]
    kept = [row for row in rows if _in_split(row.split, split)]
    if not kept:
        splits = ", ".join(sorted({str(row.split) for row in rows})) or "none"
        raise ValueError(f"No captions of split {split!r}. Splits: {splits}.")
    return kept


def iterate_questions(path: str | Path) -> Iterator[tuple[int, Question | RowError]]:
    """Each line's number, from 1, with its question or with what is wrong with it; empty lines are passed over."""
    return _iterate(Path(path), _question)


def read_vqa_v2(paths: Iterable[str | Path]) -> list[Question]:
    """The questions of VQA v2's official files (Goyal et al. 2017), joined with the answers of its annotation files.

    Image ids are the official file names without suffix, `COCO_val2014_000000262148`, as a folder's are. Raises
    `RowError`.
    """
    asked, annotations = [], {}
    for path in map(Path, paths):
        document = _load_json(path)
        try:
            if "annotations" in document:
                annotations.update({row["question_id"]: row for row in document["annotations"]})
            else:
                pictures = "COCO" if document["data_type"] == "mscoco" else document["data_type"]
                stem = f"{pictures}_{document['data_subtype'].replace('test-dev', 'test')}"
                asked += [(f"{stem}_{row['image_id']:012d}", row) for row in document["questions"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RowError(f"{path} is not one of VQA v2's official files: {error!r} is missing or wrong.") from error
    if annotations and not any(row["question_id"] in annotations for _, row in asked):
        raise RowError("The annotations belong to other questions: no question_id is in both files.")
    questions = []
    for image_id, row in asked:
        note = annotations.get(row["question_id"])
        if note is None and annotations:
            raise RowError(f"The question {row['question_id']} has no annotation; are the files of one split?")
        known = {}
        if note is not None:
            answers = tuple(item["answer"] for item in note["answers"])
            known = {"answer": note["multiple_choice_answer"], "type": note["answer_type"], "answers": answers}
        questions.append(Question(image_id, row["question"], source="vqa-v2", **known))
    return questions


def _in_split(given: str | None, wanted: str | None) -> bool:
    return wanted in (None, ALL_SPLITS) or given in (None, wanted)


def _raise_errors(rows: Iterator) -> Iterator:
    for _, row in rows:
        if isinstance(row, RowError):
            raise row
        yield row


def _iterate(path: Path, build) -> Iterator[tuple[int, object]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    try:
                        yield number, build(json.loads(line))
                    except (ValueError, TypeError) as error:
                        reason = "not JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else error
                        yield number, RowError(f"{path}, line {number}: {reason}")
    except OSError as error:
        raise RowError(f"{path} cannot be read: {error.strerror}.") from error


def _load_json(path: Path) -> dict:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise RowError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise RowError(f"{path} is not JSON.") from error
    if not isinstance(document, dict):
        raise RowError(f"{path} is not one of VQA v2's official files. Rows of questions belong in a .jsonl file.")
    return document


def _question(row: object) -> Question:
    row = _fields(row, required=("image_id", "question"))
    answers = row.get("answers") or ()
    _check(isinstance(answers, list | tuple) and all(isinstance(a, str) for a in answers), "answers must be strings")
    for name in ("answer", "source", "split", "type"):
        _check(isinstance(row.get(name), str | None), f"{name} must be a string")
    return Question(
        image_id=row["image_id"],
        question=row["question"],
        answer=row.get("answer"),
        source=row.get("source") or "questions",
        split=row.get("split"),
        type=row.get("type"),
        answers=tuple(answers),
    )


def _captions(row: object) -> Captions:
    row = _fields(row, required=("image_id",))
    captions = row.get("captions")
    is_filled = isinstance(captions, list) and captions and all(isinstance(c, str) and c.strip() for c in captions)
    _check(is_filled, "captions must be a list of texts")
    _check(isinstance(row.get("split"), str | None), "split must be a string")
    return Captions(row["image_id"], tuple(captions), row.get("split"))


def _fields(row: object, required: tuple[str, ...]) -> dict:
    _check(isinstance(row, dict), "not a JSON object")
    for name in required:
        _check(name in row, f"{name} is missing")
        _check(isinstance(row[name], str) and row[name].strip(), f"{name} must be a text that is not empty")
    return row


def _check(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)
