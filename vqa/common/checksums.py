"""Weights are loaded as they were saved or not at all: SHA-256 sums beside them, in the format of `sha256sum`."""

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

SUMS_FILE = "SHA256SUMS"
ENCODERS = ("vision", "text")
READ = {".safetensors", ".json", ".txt", ".model"}  # what encoders and their preprocessing are read from
RECORDS = {"train.json", "eval.json", "maps.json"}  # how weights were made and measured: never loaded


def write_sums(directory: str | Path) -> None:
    """Writes the sums of all files in `directory` that loading may read. Raises `FileNotFoundError` without weights."""
    directory = Path(directory)
    if not list(directory.glob("*.safetensors")):
        raise FileNotFoundError(f"There are no weights in {directory}.")
    partial = directory / f".{SUMS_FILE}.partial"
    lines = (f"{hash_files([path])}  {path.name}\n" for path in loaded_files(directory))
    partial.write_text("".join(lines), encoding="utf-8")
    os.replace(partial, directory / SUMS_FILE)


def check_sums(directory: str | Path) -> None:
    """Does nothing where the files are those that `write_sums` saw, or where there are no sums (a hub's checkpoint).

    Raises `ValueError` with the name of the first file that is missing, cut short, swapped or altered.
    """
    sums = Path(directory) / SUMS_FILE
    if not sums.is_file():
        return
    for line in sums.read_bytes().splitlines():
        match = re.fullmatch(rb"([0-9a-f]{64}) [ *]([^/\\]+)", line)
        if match is None:
            raise ValueError(f"{sums} is damaged: {line[:80]!r} is no SHA-256 sum with a file's name.")
        expected, path = match[1].decode(), sums.parent / os.fsdecode(match[2])
        if not path.is_file():
            raise ValueError(f"{path} is missing, and {SUMS_FILE} lists it; fetch it again.")
        found = hash_files([path])
        if found != expected:
            raise ValueError(
                f"{path} is not what was saved: it was cut short, swapped or altered (its SHA-256 is {found[:12]}…, "
                f"not the {expected[:12]}… in {SUMS_FILE}); fetch it again."
            )


def encoders_digest(encoders: str | Path) -> str:
    """SHA-256 of a folder's `vision/` and `text/` encoders: of their weights and of what they make their inputs with.

    Their configurations are left out: heads keep them in their own. The folder's place and name do not matter.
    """
    digest = hashlib.sha256()
    for part in ENCODERS:
        for path in loaded_files(Path(encoders) / part):
            if path.suffix in READ and path.name != "config.json":
                digest.update(f"{hash_files([path])}  {part}/{path.name}\n".encode())
    return digest.hexdigest()


def has_encoders(folder: str | Path) -> bool:
    """Whether a folder holds both encoders."""
    return all((Path(folder) / part).is_dir() for part in ENCODERS)


def check_encoders(heads: str | Path, expected: str | None, encoders: str | Path) -> None:
    """Does nothing where `encoders` are those that the `heads` were trained over, or where these name none.

    `expected` is the digest that the heads' configuration names. Raises `ValueError` where the encoders have another.
    """
    if expected is not None and (found := encoders_digest(encoders)) != expected:
        raise ValueError(
            f"{heads} was trained over other encoders than those in {encoders} (their digest is {found[:12]}…, not "
            f"the {expected[:12]}… in its config.json): train these heads again over them, or put the encoders back."
        )


def loaded_files(directory: str | Path) -> list[Path]:
    """The files of a checkpoint's or an encoder's own directory that loading may read."""
    unread = RECORDS | {SUMS_FILE}
    files = (path for path in Path(directory).iterdir() if path.is_file() and path.name not in unread)
    return sorted(path for path in files if not path.name.startswith("."))


def hash_paths(paths: Iterable[str | Path]) -> str:
    """SHA-256 of files, and of folders with all that is in them: of names and bytes, not of where they lie."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            digest.update(f"{len(name)} {name} {hash_files([file])}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def hash_files(files: Sequence[Path]) -> str:
    """SHA-256 of the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return digest.hexdigest()
