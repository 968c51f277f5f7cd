"""Rows of questions, captions and boxes in the documented layout, from files in any of three formats:

- JSON lines, which hold the rows as they are;
- VQA v2's official JSON (Goyal et al. 2017), a file of questions and, with answers, the file of their annotations;
- a dataset of the `datasets` library, a `save_to_disk` folder or a Parquet file.
"""

import hashlib
import json
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from vqa.data.datasets import is_saved_dataset, table_rows
from vqa.processing.text import clean_question, clean_text, normal_form

logger = logging.getLogger(__name__)
Check = Callable[[object], dict]
VQA_V2 = "vqa-v2"  # the source of its official files
SPLITS = ("train", "val", "test")
SPLIT_NAMES = {  # what a split is called, before a year or a part's name
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "development": "val",
    "test": "test",
    "testing": "test",
}
HELD_OUT = 26 / 256  # of the photographs whose rows name no split


class RowError(ValueError):
    """A row of a file cannot be used; the message names the file, the row and the reason."""


def any_row(row: object) -> dict:
    """A row about a photograph. This and the other checks raise `ValueError` with the reason."""
    return _fields(row, ("image_id",))


def question_row(row: object) -> dict:
    """A row with a question. Without a `source` it is of the source `questions`.

    `answers` are people's, with repetitions; each of `accepted` is right.
    """
    row = _fields(row, ("image_id", "question"))
    for name in ("answers", "accepted"):
        texts = row.get(name) or ()
        _check(isinstance(texts, list | tuple) and all(isinstance(t, str) for t in texts), f"{name} must be strings")
    for name in ("answer", "source", "type"):
        _check(isinstance(row.get(name), str | None), f"{name} must be a string")
    cleaned = {"question": clean_question(row["question"]), "source": row.get("source") or "questions"}
    if row.get("answer") is not None:
        cleaned["answer"] = normal_form(row["answer"])
    cleaned |= {name: [normal_form(text) for text in row[name]] for name in ("answers", "accepted") if row.get(name)}
    return row | cleaned


def answered_row(row: object) -> dict:
    """A row with a question and its answer."""
    return question_row(_fields(row, ("image_id", "question", "answer")))


def caption_row(row: object) -> dict:
    """A row with captions of a photograph."""
    row = _fields(row, ("image_id",))
    captions = row.get("captions")
    is_filled = isinstance(captions, list) and captions and all(isinstance(c, str) and c.strip() for c in captions)
    _check(is_filled, "captions must be a list of texts")
    wordless = next((caption for caption in captions if not re.search(r"\w", caption)), None)
    _check(wordless is None, f"the caption {wordless!r} has no word")
    return row | {"captions": [clean_text(caption) for caption in captions]}


def box_row(row: object) -> dict:
    """A row with boxes `[class, x1, y1, x2, y2]`, and of which `classes` all there are have one."""
    row = _fields(row, ("image_id",))
    boxes = row.get("boxes")
    _check(isinstance(boxes, list) and all(map(_is_box, boxes)), "boxes must be a list of [class, x1, y1, x2, y2]")
    _check(row.get("classes") in ("all", "person"), "classes must be all or person")
    return row


def label_row(row: object) -> dict:
    """A row with the `labels`, names of COCO's classes, that a photograph has: all of those, where it is `labelled`."""
    row = _fields(row, ("image_id",))
    labels = row.get("labels")
    _check(isinstance(labels, list) and all(isinstance(name, str) for name in labels), "labels must be a list of names")
    _check(isinstance(row.get("labelled"), bool), "labelled must be true or false")
    return row


def _is_box(box: object) -> bool:
    if not isinstance(box, list) or len(box) != 5 or not isinstance(box[0], str):
        return False
    return all(isinstance(corner, int | float) and not isinstance(corner, bool) for corner in box[1:])


def read_rows(files: Iterable[str | Path], check: Check = any_row) -> list[dict]:
    """All rows of the files, each as `check` returns it. Raises `RowError`.

    Of captions and boxes there is one row for each photograph, however many rows and files they are spread over.
    """
    files = [Path(file) for file in files]
    official = [file for file in files if _suffix(file) == ".json"]
    numbered = [_numbered([file]) for file in files if file not in official]
    if official:
        numbered.append(_numbered(official))
    rows = []
    for _, row in chain.from_iterable(_checked(found, check) for found in numbered):
        if isinstance(row, RowError):
            raise row
        rows.append(row)
    return _merged(rows, MERGED[check]) if check in MERGED else rows


def _merged(rows: list[dict], contents: Callable[[list[dict]], dict]) -> list[dict]:
    """One row for each photograph, with the `contents` of all of its rows; rather held out where they disagree."""
    of_image: dict[str, list[dict]] = {}
    for row in rows:
        of_image.setdefault(row["image_id"], []).append(row)
    _warn_of_shared_photographs(rows)
    return [
        group[0] | contents(group) | {"split": _held_out({row["split"] for row in group if row.get("split")})}
        for group in of_image.values()
    ]


def _all_captions(rows: list[dict]) -> dict:
    return {"captions": list(dict.fromkeys(caption for row in rows for caption in row["captions"]))}


def _all_boxes(rows: list[dict]) -> dict:
    """Each box once. Where a row has all classes, persons are those that it has, and not once more from another."""
    whole = [box for row in rows if row["classes"] == "all" for box in row["boxes"]]
    persons = [box for row in rows if row["classes"] == "person" for box in row["boxes"]]
    boxes = whole if any(box[0] == "person" for box in whole) else whole + persons
    classes = "all" if any(row["classes"] == "all" for row in rows) else "person"
    return {"boxes": [list(box) for box in dict.fromkeys(map(tuple, boxes))], "classes": classes}


MERGED = {caption_row: _all_captions, box_row: _all_boxes}


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
        if _suffix(file) == ".json":
            for number, row in enumerate(vqa_v2_rows(files), start=1):
                yield number, f"{file}, question", row
        elif _suffix(file) == ".parquet" or is_saved_dataset(file):
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

    Image ids that are numbers become the official file names without suffix, `COCO_val2014_000000262148`, as a folder's
    are; texts are ids of one's own, and stay. The split is the official one. Raises `RowError`.
    """
    asked, annotations = [], {}
    for file in map(Path, files):
        document = _load_json(file)
        try:
            if "annotations" in document:
                annotations.update({note["question_id"]: note for note in document["annotations"]})
            else:
                subtype = document.get("data_subtype")
                common = {"source": VQA_V2, "split": _official_split(subtype)}
                for row in document["questions"]:
                    image_id = _official_id(row["image_id"], document.get("data_type"), subtype)
                    asked.append((row.get("question_id"), common | {"image_id": image_id, "question": row["question"]}))
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


def _official_id(image_id: object, pictures: str | None, subtype: str | None) -> str:
    if isinstance(image_id, str):
        return image_id
    if not isinstance(image_id, int) or isinstance(image_id, bool):
        raise ValueError(f"image_id {image_id!r}")
    if not pictures or not subtype:
        return str(image_id)
    return f"{'COCO' if pictures == 'mscoco' else pictures}_{subtype.replace('test-dev', 'test')}_{image_id:012d}"


def _official_split(subtype: str | None) -> str | None:
    """The split that a `data_subtype` like `train2014` names, None for one that names none."""
    try:
        return split_name(subtype) if subtype else None
    except ValueError:
        return None


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


def _suffix(file: Path) -> str:
    return file.suffix.lower()


def _fields(row: object, required: tuple[str, ...]) -> dict:
    """The row with these texts, its split by the name that it has here."""
    _check(isinstance(row, dict), "not a JSON object")
    for name in required:
        is_apart = name == "answer" and row.get("source") == VQA_V2
        way_out = "; give the file of the annotations as well" if is_apart else ""
        _check(name in row, f"{name} is missing{way_out}")
        _check(isinstance(row[name], str) and row[name].strip(), f"{name} must be a text that is not empty")
    split = row.get("split")
    _check(isinstance(split, str | None), "split must be a string")
    split = split_name(split) if split and split.strip() else None
    return row | {"image_id": normal_form(row["image_id"]), "split": split}


def _check(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)


@cache
def split_name(name: str) -> str:
    """`train`, `val` or `test`: also of `Training`, `validation`, `dev`, `val2014`. Raises `ValueError` for others."""
    start, rest = re.fullmatch(r"([a-z]*)(.*)", name.strip().lower(), re.DOTALL).groups()
    if start not in SPLIT_NAMES or re.search("train|val|test", rest):
        raise ValueError(f"the split {name!r} is none of {', '.join(SPLITS)}")
    return SPLIT_NAMES[start]


def cut_splits(*groups: list[dict], trained_on: Callable[[set[str]], Container[str]] = lambda image_ids: ()) -> None:
    """Gives each row its split, in place: the one way in which every command divides its rows. By photograph.

    A row that names a split keeps it. A row that names none takes the split that other rows, of any group, give its
    photograph, rather one that is held out; where there is none either, a tenth of the photographs, by their ids, is
    `val` and the others are `train`. Where no row names `val`, such a tenth of what is named `train` is `val` as well.
    Nothing is `test` that does not say so. `trained_on(image_ids)` tells which photographs a model is known to have
    been trained on: they are never cut off as `val`. Warns where photographs are given for training and for measuring.
    """
    given = defaultdict(set)
    for row in chain(*groups):
        if row.get("split"):
            given[row["image_id"]].add(row["split"])
    _warn_of_shared_photographs(chain(*groups))
    may_be_cut = {row["image_id"] for row in chain(*groups) if row["image_id"] not in given}
    if not any("val" in splits for splits in given.values()):
        may_be_cut |= {image_id for image_id, splits in given.items() if splits == {"train"}}
    val = {image_id for image_id in may_be_cut if _share(image_id) < HELD_OUT}
    known = trained_on(val)
    val = {image_id for image_id in val if image_id not in known}
    for row in chain(*groups):
        image_id = row["image_id"]
        if image_id in val:
            row["split"] = "val"
        elif not row.get("split"):
            row["split"] = _held_out(given[image_id]) if image_id in given else "train"


def of_split(rows: Iterable[dict], split: str) -> list[dict]:
    """The rows of one split, as `cut_splits` has cut them."""
    return [row for row in rows if row["split"] == split]


def with_photographs(rows: list[dict], images: Container[str], kind: str) -> list[dict]:
    """The rows whose photograph is among the images. Warns of how many of a `kind`, like `questions`, are not."""
    missing = {row["image_id"] for row in rows if row["image_id"] not in images}
    kept = [row for row in rows if row["image_id"] not in missing]
    if missing:
        logger.warning(
            "%d of %d %s are left out: %s not among the images, for instance %s.",
            len(rows) - len(kept),
            len(rows),
            kind,
            _photographs_are(len(missing)),
            min(missing),
        )
    return kept


def _photographs_are(count: int) -> str:
    return "1 photograph is" if count == 1 else f"{count} photographs are"


def _share(image_id: str) -> float:
    """Evenly in 0..1, by the id."""
    return hashlib.sha256(image_id.encode("utf-8", "surrogatepass")).digest()[0] / 256


def _held_out(splits: set[str]) -> str | None:
    """One of several splits of a photograph: rather held out than trained on."""
    return min(splits, key=lambda split: (split == "train", split), default=None)


def _warn_of_shared_photographs(rows: Iterable[dict]) -> None:
    given = defaultdict(set)
    for row in rows:
        given[row["image_id"]].add(row.get("split"))
    shared = sorted(image_id for image_id, splits in given.items() if "train" in splits and splits & {"val", "test"})
    if shared:
        logger.warning(
            "%s in train and in another split, for instance %s: "
            "what is measured there says nothing about new photographs.",
            _photographs_are(len(shared)),
            shared[0],
        )
