"""Files of results: written atomically, checked before the work begins, and recognised by their keys."""

import json
import os
from collections.abc import Iterable
from pathlib import Path


def check_writable(path: Path) -> None:
    """Tries before the work begins what `write_whole` will do at its end. Raises `ValueError`.

    Several processes may try at once.
    """
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {path.parent} to write {path.name} to.")
    partial = _partial(path)
    try:
        partial.touch()
        partial.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from error


def write_whole(path: Path, text: str) -> None:
    """Writes beside the file and then swaps, so that an interruption leaves the old one."""
    partial = _partial(path)
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def write_json(path: Path, content: dict) -> None:
    write_whole(path, json.dumps(content, indent=1) + "\n")


def write_lines(path: Path, rows: Iterable[dict]) -> None:
    """Writes JSON lines, one a row, as `write_whole` does."""
    write_whole(path, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))


def read_json(path: Path, keys: set[str], kind: str) -> dict:
    """An object with at least these `keys`. Raises `ValueError`, which calls anything else not `kind`."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON.") from error
    if not isinstance(content, dict) or not keys <= content.keys():
        raise ValueError(f"{path} is not {kind}.")
    return content


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")
