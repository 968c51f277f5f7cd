"""Which photographs a model was trained on, told beside its weights, so that measuring on them can be told too.

The file beside the weights holds the first 8 bytes of the SHA-256 of each photograph's bytes, sorted: a tensor (N, 8)
of N photographs, of which none can be had from it. The same photograph in another encoding is another one.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from vqa.common.checksums import TRAINED_ON_FILE
from vqa.common.files import read_json
from vqa.data.images import ImageStore

logger = logging.getLogger(__name__)
DIGEST_BYTES = 8
TENSOR = "digests"


def parts_of(weights: str | Path, variant: str) -> dict[str, Path]:
    """The folders that one checkpoint of a folder of weights is read from: `heads`, and `vision` and `text` if shared.

    A folder that holds a single model is its only part. Raises `ValueError` for one that holds none.
    """
    weights = Path(weights)
    own = weights / variant if (weights / variant).is_dir() else weights
    if not (own / "config.json").is_file():
        raise ValueError(f"There are no {variant!r} weights in {weights}.")
    config = read_json(own / "config.json", set(), "the configuration of a model")
    shared = config.get("encoders")
    return {"heads": own} | ({part: own / shared / part for part in ("vision", "text")} if shared else {})


class TrainedOn:
    """The photographs that a model was trained on. `is_known` is False where its weights do not tell."""

    def __init__(self, digests: Iterable[bytes] = (), is_known: bool = True):
        self.digests, self.is_known = frozenset(digests), is_known

    @classmethod
    def of_photographs(cls, store: ImageStore, image_ids: Iterable[str]) -> "TrainedOn":
        """These photographs. Raises `PhotoError` for one that cannot be read."""
        return cls(_digest(store, image_id) for image_id in image_ids)

    @classmethod
    def read(cls, *directories: str | Path) -> "TrainedOn":
        """What the folders of a model's parts tell, taken together. Raises `ValueError` for a damaged file."""
        digests: set[bytes] = set()
        files = [Path(directory) / TRAINED_ON_FILE for directory in directories]
        files = [file for file in files if file.is_file()]
        for file in files:
            try:
                digests.update(map(bytes, load_file(file)[TENSOR].reshape(-1, DIGEST_BYTES)))
            except (SafetensorError, KeyError, ValueError) as error:
                raise ValueError(f"{file} is damaged: it does not hold {DIGEST_BYTES} bytes a photograph.") from error
        return cls(digests, is_known=bool(files))

    @classmethod
    def of_weights(cls, weights: str | Path, variant: str) -> "TrainedOn":
        """What a folder of weights tells of one checkpoint and of its encoders, or of the single model in it."""
        return cls.read(*parts_of(weights, variant).values())

    def write(self, directory: str | Path) -> None:
        """Writes the file into the folder of a model's part; `write_sums` comes after it."""
        digests = np.frombuffer(b"".join(sorted(self.digests)), np.uint8).reshape(-1, DIGEST_BYTES)
        save_file({TENSOR: digests}, Path(directory) / TRAINED_ON_FILE)

    def __or__(self, other: "TrainedOn") -> "TrainedOn":
        return TrainedOn(self.digests | other.digests, self.is_known or other.is_known)

    def among(self, store: ImageStore, image_ids: Iterable[str]) -> set[str]:
        """Those of the photographs that were trained on; one that is missing or cannot be read was not."""
        wanted = set(image_ids) if self.digests else set()
        return {i for i in store if i in wanted and _digest_or_none(store, i) in self.digests}

    def tell(self, store: ImageStore, measured: dict[str, set[str]]) -> dict[str, dict]:
        """For each set of ids: how many `photographs`, and how many of them were `trained_on`, None if not known.

        Warns where there are some.
        """
        everything = set().union(*measured.values())
        seen = self.among(store, everything)
        if seen:
            logger.warning(
                "%d of the %d photographs that are measured were trained on: the figures say little about new ones.",
                len(seen),
                len(everything),
            )
        return {
            name: {"photographs": len(ids), "trained_on": len(ids & seen) if self.is_known else None}
            for name, ids in measured.items()
        }


def _digest(store: ImageStore, image_id: str) -> bytes:
    return bytes.fromhex(store.digest(image_id))[:DIGEST_BYTES]


def _digest_or_none(store: ImageStore, image_id: str) -> bytes | None:
    try:
        return _digest(store, image_id)
    except ValueError:
        return None
