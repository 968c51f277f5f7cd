"""Rows of questions, captions and boxes in the documented layout, from files in any of three formats:

- JSON lines, which hold the rows as they are;
- VQA v2's official JSON (Goyal et al. 2017), a file of questions and, with answers, the file of their annotations;
- a dataset of the `datasets` library, a `save_to_disk` folder or a Parquet file.
"""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from vqa.data.datasets import is_saved_dataset, table_rows

logger = logging.getLogger(__name__)
Check = Callable[[object], dict]
SPLITS = ("train", "val", "test")


class RowError(ValueError):
    """A row of a file cannot be used; the message names the file, the row and the reason."""


def any_row(row: object) -> dict:
    """A row about a photograph. This and the other checks raise `ValueError` with the reason."""
    return _fields(row, ("image_id",))


def question_row(row: object) -> dict:
    """A row with a question. Without a `source` it is of the source `questions`."""
    row = _fields(row, ("image_id", "question"))
    answers = row.get("answers") or ()
    _check(isinstance(answers, list | tuple) and all(isinstance(a, str) for a in answers), "answers must be strings")
    for name in ("answer", "source", "split", "type"):
        _check(isinstance(row.get(name), str | None), f"{name} must be a string")
    return row | {"source": row.get("source") or "questions"}


def answered_row(row: object) -> dict:
    """A row with a question and its answer."""
    return question_row(_fields(row, ("image_id", "question", "answer")))


def caption_row(row: object) -> dict:
    """A row with the captions of a photograph."""
    row = _fields(row, ("image_id",))
    captions = row.get("captions")
    is_filled = isinstance(captions, list) and captions and all(isinstance(c, str) and c.strip() for c in captions)
    _check(is_filled, "captions must be a list of texts")
    _check(isinstance(row.get("split"), str | None), "split must be a string")
    return row


def box_row(row: object) -> dict:
    """A row with boxes `[class, x1, y1, x2, y2]`, and of which `classes` all there are have one."""
    row = _fields(row, ("image_id",))
    boxes = row.get("boxes")
    _check(
        isinstance(boxes, list) and all(isinstance(box, list) and len(box) == 5 for box in boxes),
        "boxes must be a list of [class, x1, y1, x2, y2]",
    )
    _check(row.get("classes") in ("all", "person"), "classes must be all or person")
    return row


def read_rows(files: Iterable[str | Path], check: Check = any_row) -> list[dict]:
    """All rows of the files, each as `check` returns it. Raises `RowError`."""
    files = [Path(file) for file in files]
    official = [file for file in files if file.suffix == ".json"]
    numbered = [_numbered([file]) for file in files if file not in official]
    if official:
        numbered.append(_numbered(official))
    rows = []
    for _, row in chain.from_iterable(_checked(found, check) for found in numbered):
        if isinstance(row, RowError):
            raise row
        rows.append(row)
    return rows


def iterate_rows(file: str | Path, check: Check = any_row) -> Iterator[tuple[int, dict | RowError]]:
    """Each row's number, from 1, with the row or with what is wrong with it; empty lines are passed over."""
    return _checked(_numbered([Path(file)]), check)


def _checked(found: Iterator, check: Check) -> Iterator[tuple[int, dict | RowError]]:
    for number, place, row in found:
        if not isinstance(row, RowError):
            try:
                row = check(row)
            except ValueError as error:
                row = RowError(f"{place} {number}: {error}")
        yield number, row


def _numbered(files: list[Path]) -> Iterator[tuple[int, str, object]]:
    """Each row's number, what is counted ("a.jsonl, line"), and the row: of one file, or of VQA v2's two."""
    file = files[0]
    try:
        if file.suffix == ".json":
            for number, row in enumerate(vqa_v2_rows(files), start=1):
                yield number, f"{file}, question", row
        elif file.suffix == ".parquet" or is_saved_dataset(file):
            for number, row in enumerate(table_rows(file), start=1):
                yield number, f"{file}, row", _translated(row)
        else:
            with file.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        try:
                            row = json.loads(line)
                        except ValueError:
                            row = RowError(f"{file}, line {number}: not JSON")
                        yield number, f"{file}, line", row
    except OSError as error:
        raise RowError(f"{error.filename or file} cannot be read: {error.strerror}.") from error


def vqa_v2_rows(files: Iterable[str | Path]) -> list[dict]:
    """The questions of VQA v2's official files, joined with the answers of its annotation files.

    Image ids are the official file names without suffix, `COCO_val2014_000000262148`, as a folder's are, and the
    split is the official one. Raises `RowError`.
    """
    asked, annotations = [], {}
    for file in map(Path, files):
        document = _load_json(file)
        try:
            if "annotations" in document:
                annotations.update({note["question_id"]: note for note in document["annotations"]})
            else:
                pictures = "COCO" if document["data_type"] == "mscoco" else document["data_type"]
                subtype = document["data_subtype"]
                stem = f"{pictures}_{subtype.replace('test-dev', 'test')}"
                common = {"source": "vqa-v2", "split": next((s for s in SPLITS if subtype.startswith(s)), None)}
                for row in document["questions"]:
                    about = {"image_id": f"{stem}_{row['image_id']:012d}", "question": row["question"]}
                    asked.append((row["question_id"], common | about))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RowError(f"{file} is not one of VQA v2's official files: {error!r} is missing or wrong.") from error
    if annotations and not any(number in annotations for number, _ in asked):
        raise RowError("The annotations belong to other questions: no question_id is in both files.")
    if annotations:
        for number, row in asked:
            if number not in annotations:
                raise RowError(f"The question {number} has no annotation; are the files of one split?")
            fields = ("multiple_choice_answer", "answer_type", "answers")
            row |= _translated({name: annotations[number].get(name) for name in fields})
    return [row for _, row in asked]


def _translated(row: dict) -> dict:
    """A row whose answers go by VQA v2's names, in the documented layout; any other row as it is."""
    if "multiple_choice_answer" not in row:
        return row
    row = dict(row)
    row["answer"], row["type"] = row.pop("multiple_choice_answer"), row.pop("answer_type", None)
    row["answers"] = [given["answer"] if isinstance(given, dict) else given for given in row.get("answers") or ()]
    return row


def _load_json(file: Path) -> dict:
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise RowError(f"{file} is not JSON.") from error
    if not isinstance(document, dict):
        raise RowError(f"{file} is not one of VQA v2's official files. Rows of questions belong in a .jsonl file.")
    return document


def _fields(row: object, required: tuple[str, ...]) -> dict:
    _check(isinstance(row, dict), "not a JSON object")
    for name in required:
        _check(name in row, f"{name} is missing")
        _check(isinstance(row[name], str) and row[name].strip(), f"{name} must be a text that is not empty")
    return row


def _check(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)


def settle_splits(*groups: list[dict]) -> None:
    """Gives rows that name no split the one that other rows, of any group, give their photograph.

    Warns where photographs are given for training and for measuring.
    """
    given = defaultdict(set)
    for row in chain(*groups):
        if row.get("split"):
            given[row["image_id"]].add(row["split"])
    for row in chain(*groups):
        if not row.get("split") and row["image_id"] in given:
            row["split"] = min(given[row["image_id"]], key=lambda split: (split == "train", split))  # rather held out
    shared = sorted(image_id for image_id, splits in given.items() if "train" in splits and len(splits) > 1)
    if shared:
        logger.warning(
            "%d photographs are in train and in another split, for instance %s: "
            "what is measured on them says nothing about new ones.",
            len(shared),
            shared[0],
        )


def split_rows(rows: Iterable[dict], split: str) -> list[dict]:
    """The rows of one split. Where a source has no `val`, a tenth of its training photographs, by their ids, is it.

    Rows without a split are for training; a file that names none is also measured whole, as `test`.
    """
    rows = list(rows)
    have_val = {row.get("source") for row in rows if row.get("split") == "val"}

    def split_of(row: dict) -> str:
        given = row.get("split") or "train"
        if given != "train" or row.get("source") in have_val:
            return given
        return "val" if hashlib.sha256(row["image_id"].encode()).digest()[0] < 26 else "train"

    return [row for row in rows if split_of(row) == split or (split == "test" and not row.get("split"))]
