"""Weights are loaded as they were saved or not at all: SHA-256 sums beside them, in the format of `sha256sum`."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

SUMS_FILE = "SHA256SUMS"
ENCODERS = ("vision", "text")
READ = {".safetensors", ".json", ".txt", ".model"}  # what encoders and their preprocessing are read from
CONFIG_FILE = "config.json"
CONFIG_KEY = "checksums"  # in config.json: the digest of the list, so that it cannot be taken away
TRAINED_ON_FILE = "trained-on.safetensors"
SHOWN = {"eval.json", "maps.json", "contrast.json", TRAINED_ON_FILE}  # measured, and shown or told: listed too
RECORDS = SHOWN | {"train.json"}  # how weights were made and measured: never loaded
DOCUMENTS = (".md", ".txt", ".partial")  # beside weights; what a write that was broken off left
READ_TEXTS = {"vocab.txt", "merges.txt"}  # which tokenizers read


def write_sums(directory: str | Path) -> None:
    """Writes the sums of all files in `directory` that loading may read or a page shows, and notes it in config.json.

    Raises `FileNotFoundError` without weights.
    """
    directory = Path(directory)
    if not any(path.suffix == ".safetensors" for path in loaded_files(directory)):
        raise FileNotFoundError(f"There are no weights in {directory}.")
    names = {path.name for path in loaded_files(directory)} | {name for name in SHOWN if (directory / name).is_file()}
    _write(directory, {name: hash_files([directory / name]) for name in names})
    mode = (directory / SUMS_FILE).stat().st_mode
    for name in names:  # safetensors are written for their owner alone: whoever may read the list may read them
        (directory / name).chmod(mode)


def list_again(path: Path) -> None:
    """Puts a record that was written anew into the list beside it, where there is one; no other sum is made anew."""
    sums = path.parent / SUMS_FILE
    if path.name in SHOWN and sums.is_file():
        _write(path.parent, _read(sums) | {path.name: hash_files([path])})


def check_sums(directory: str | Path) -> None:
    """Does nothing where the files are those that `write_sums` saw, or where there are no sums (a hub's checkpoint).

    Raises `ValueError` with the name of the first file that is missing, cut short, swapped, altered or added, or of
    a list that is empty, or missing though config.json tells of one.
    """
    sums = Path(directory) / SUMS_FILE
    noted = _noted(sums.parent)
    if not sums.is_file():
        if noted is not None:
            raise ValueError(f"{sums} is missing, and {CONFIG_FILE} tells of it; fetch it again.")
        return
    listed = _read(sums)
    if not listed:
        raise ValueError(f"{sums} is empty; fetch it again.")
    for name, expected in listed.items():
        path = sums.parent / name
        if not path.is_file():
            raise ValueError(f"{path} is missing, and {SUMS_FILE} lists it; fetch it again.")
        found = hash_files([path])
        if found != expected:
            raise ValueError(
                f"{path} is not what was saved: it was cut short, swapped or altered (its SHA-256 is {found[:12]}…, "
                f"not the {expected[:12]}… in {SUMS_FILE}); fetch it again."
            )
    there = {path.name for path in loaded_files(sums.parent)} | {n for n in SHOWN if (sums.parent / n).is_file()}
    if added := sorted(there - listed.keys()):
        raise ValueError(f"{sums.parent / added[0]} was added: {SUMS_FILE} does not list it. Remove it.")
    if noted is not None and noted != _digest(listed):
        raise ValueError(f"{sums} is not the list that {CONFIG_FILE} tells of; fetch it again.")


def _write(directory: Path, sums: dict[str, str]) -> None:
    """The list, sorted by names, after config.json tells of it."""
    config = directory / CONFIG_FILE
    if config.is_file():
        content = json.loads(config.read_bytes()) | {CONFIG_KEY: _digest(sums)}
        _replace(config, json.dumps(content, indent=2, sort_keys=True) + "\n")
        sums = sums | {CONFIG_FILE: hash_files([config])}
    _replace(directory / SUMS_FILE, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _read(sums: Path) -> dict[str, str]:
    """Sums by the files' names. Raises `ValueError`."""
    listed = {}
    for line in sums.read_bytes().splitlines():
        match = re.fullmatch(rb"([0-9a-f]{64}) [ *]([^/\\]+)", line)
        if match is None:
            raise ValueError(f"{sums} is damaged: {line[:80]!r} is no SHA-256 sum with a file's name.")
        listed[os.fsdecode(match[2])] = match[1].decode()
    return listed


def _digest(sums: dict[str, str]) -> str:
    """SHA-256 of a list but for config.json, which holds it."""
    lines = (f"{sums[name]}  {name}\n" for name in sorted(sums) if name != CONFIG_FILE)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _noted(directory: Path) -> str | None:
    """The digest of the list that config.json tells of."""
    try:
        content = json.loads((directory / CONFIG_FILE).read_bytes())
    except (OSError, ValueError):  # loading will tell what is wrong with it
        return None
    return content.get(CONFIG_KEY) if isinstance(content, dict) else None


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
    return sorted(
        path
        for path in files
        if not path.name.startswith(".") and (path.suffix not in DOCUMENTS or path.name in READ_TEXTS)
    )


def hash_paths(paths: Iterable[str | Path]) -> str:
    """SHA-256 of files, and of folders with all that is in them: of names and bytes, not of where they lie."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            digest.update(f"{len(name)} {name} {hash_files([file])}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def hash_loaded(path: Path) -> str:
    """SHA-256 of one of `loaded_files`; of config.json without the digest of the list, which new records change."""
    if path.name != CONFIG_FILE or _noted(path.parent) is None:
        return hash_files([path])
    content = json.loads(path.read_bytes())
    del content[CONFIG_KEY]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def hash_files(files: Sequence[Path]) -> str:
    """SHA-256 of the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return digest.hexdigest()
