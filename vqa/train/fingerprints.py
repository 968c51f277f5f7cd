"""What a run is made from, as fingerprints: what is resumed, completed or reused is compared by them."""

import dataclasses
import hashlib
import json
from pathlib import Path

from vqa.common.checksums import hash_loaded, hash_paths, loaded_files
from vqa.train.settings import JointSettings

DATA = ("images", "questions", "captions", "boxes", "labels")  # by their bytes, wherever they lie
ENCODERS = ("vision", "text")
PLACES = ("cache", "out", "start")  # not what a run is made from, or told by its weights
SCHEDULES = ("align", "fit")  # compared setting by setting in `train.loop`, where a run may be prolonged
PACKAGE = Path(__file__).resolve().parents[1]
CODE = ("common", "processing", "model", "data", "evaluate", "train")  # the floors that bear on what is trained


def made_from(settings: JointSettings, variant: str) -> dict[str, str]:
    """The SHA-256 of each kind of data, of the encoders and heads that a run starts from, and of its settings.

    Data and weights count by their bytes and names, not by where they lie. The schedules are left out.
    """
    found = {name: hash_paths(getattr(settings, name)) for name in DATA}
    found |= {name: _hash_weights(getattr(settings, name)) for name in ENCODERS}
    if settings.start:
        found["start"] = _hash_weights(settings.start_folder(variant))
    said = {name: value for name, value in _said(settings).items() if name not in SCHEDULES}
    return found | {"settings": json_digest([said, variant])}


def settings_digest(settings: JointSettings, *others: object) -> str:
    """SHA-256 of what settings say but for files and folders, and of `others` beside them."""
    return json_digest([_said(settings), *others])


def code_digest() -> str:
    """SHA-256 of the code that bears on what is trained and measured."""
    files = sorted(file for floor in CODE for file in (PACKAGE / floor).rglob("*.py"))
    return json_digest([[file.relative_to(PACKAGE).as_posix(), hash_paths([file])] for file in files])


def json_digest(said: object) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _said(settings: JointSettings) -> dict:
    return {
        name: value for name, value in dataclasses.asdict(settings).items() if name not in (*DATA, *ENCODERS, *PLACES)
    }


def _hash_weights(source: str | Path) -> str:
    """Of a folder what is loaded from it, whatever is measured of it; of a hub's model its name."""
    if not Path(source).is_dir():
        return json_digest(str(source))
    return json_digest([[file.name, hash_loaded(file)] for file in loaded_files(source)])
