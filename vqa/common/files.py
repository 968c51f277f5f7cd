"""Files of results: written whole or not at all, refused before the work is done, and known again by their keys."""

import json
import os
from pathlib import Path


def check_folder(path: Path) -> None:
    """Raises `ValueError` where the folder of a file to be written is missing."""
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {path.parent} to write {path.name} to.")


def check_writable(path: Path) -> None:
    """Tries what `write_whole` will do, now and not when all is measured. Raises `ValueError`."""
    check_folder(path)
    partial = _partial(path)
    try:
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from error


def write_whole(path: Path, text: str) -> None:
    """Writes beside the file and then swaps, so that an interruption leaves the old one."""
    partial = _partial(path)
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def write_json(path: Path, content: dict) -> None:
    write_whole(path, json.dumps(content, indent=1) + "\n")


def read_json(path: Path, keys: set[str], kind: str) -> dict:
    """An object with at least these `keys`. Raises `ValueError`, which calls anything else not `kind`."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON.") from error
    if not isinstance(content, dict) or not keys <= content.keys():
        raise ValueError(f"{path} is not {kind}.")
    return content


def local_folder(weights: str | Path) -> Path:
    """The folder of weights at a path, or of a Hub id `owner/name`, fetched unless it was before.

    Raises `FileNotFoundError` where there is neither.
    """
    folder, name = Path(weights), os.fspath(weights)
    if folder.is_dir():
        return folder
    if folder.is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise FileNotFoundError(
            f"There are no weights at {weights}; name a folder of them, or a Hub id (owner/name): --weights says where."
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name))
    except (OSError, ValueError) as error:  # the Hub's errors are one or the other
        raise FileNotFoundError(f"There is no folder {weights}, and no such model on the Hub: {error}") from error


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")
