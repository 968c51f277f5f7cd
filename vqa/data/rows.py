"""JSON lines of questions, captions and boxes in the documented layout."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path


def read_rows(files: Iterable[str | Path]) -> list[dict]:
    """All rows of JSONL files. Raises `ValueError` naming the file and line that is no JSON object."""
    rows = []
    for file in files:
        with open(file, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as error:
                    raise ValueError(f"{file}, line {number}: not JSON ({error.msg}).") from error
                if not isinstance(row, dict) or "image_id" not in row:
                    raise ValueError(f"{file}, line {number}: a row is an object with an image_id.")
                rows.append(row)
    return rows


def split_rows(rows: Iterable[dict], split: str) -> list[dict]:
    """The rows of one split. Rows without a split are for training.

    Where a source has no `val`, a tenth of its training photographs, chosen by their ids, is its `val`.
    """
    rows = list(rows)
    have_val = {row.get("source") for row in rows if row.get("split") == "val"}

    def split_of(row: dict) -> str:
        given = row.get("split", "train")
        if given != "train" or row.get("source") in have_val:
            return given
        return "val" if hashlib.sha256(row["image_id"].encode()).digest()[0] < 26 else "train"

    return [row for row in rows if split_of(row) == split]
