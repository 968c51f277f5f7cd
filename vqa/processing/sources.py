"""Where a model is loaded from: a folder on this machine, or a hub. The one rule for weights, encoders and commands."""

import re
from pathlib import Path

OWN_FOLDERS = {"runs", "weights"}  # that this project writes: never the owner of a model on a hub
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")  # owner/name


def model_source(source: str | Path, kind: str = "model") -> str | Path:
    """A folder that is there, as a `Path`, or a hub's id, as a text.

    A hub is asked only where `source` is a text `owner/name`, there is no folder `owner` here, and `owner` is no folder
    that this project writes. A `Path`, and any other text, is a folder. Raises `FileNotFoundError` where it is not
    there.
    """
    path = Path(source)
    if path.is_dir():
        return path
    is_id = isinstance(source, str) and HUB_ID.fullmatch(source) and path.parts[0] not in OWN_FOLDERS
    if is_id and not path.parent.is_dir():
        return source
    hint = "; on a hub, models go by owner/name" if isinstance(source, str) and len(path.parts) == 1 else ""
    raise FileNotFoundError(f"There is no {kind} at {source}{hint}.")


def local_folder(weights: str | Path) -> Path:
    """The folder of weights at a path, or of a hub's id (see `model_source`), fetched unless it was before.

    Raises `FileNotFoundError` where there is neither.
    """
    try:
        source = model_source(weights, "folder of weights")
    except FileNotFoundError as error:
        wanted = "a folder of them" + (", or a Hub id (owner/name)" if isinstance(weights, str) else "")
        raise FileNotFoundError(f"There are no weights at {weights}; name {wanted}: --weights says where.") from error
    if isinstance(source, Path):
        return source
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(source))
    except (OSError, ValueError) as error:  # the Hub's errors are one or the other
        raise FileNotFoundError(f"There is no folder {weights}, and no such model on the Hub: {error}") from error
