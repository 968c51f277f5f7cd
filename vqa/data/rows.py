"""JSON lines of questions, captions and boxes in the documented layout."""

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


def training_rows(rows: Iterable[dict]) -> list[dict]:
    """The rows that may be trained on: split `train`, or `train-extra` where a data set has one."""
    return [row for row in rows if row.get("split", "train") in ("train", "train-extra")]
