"""Features of frozen encoders, computed once and read from disk through a memory map.

A cache is a folder of shards, and grows by a shard where rows are missing: nothing that was computed is thrown away.
A shard is a folder: `features.npy` (N, ...) in half precision and `cache.json`, which says what the features were made
from: the fingerprint of the weights and settings, and the SHA-256 of the bytes of what each row shows. Rows go by these
digests and not by ids, so that another photograph under a known id is never mistaken for the first. Runs that need one
cache at one time fill it one after the other.
"""

import hashlib
import json
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from accelerate.utils import tqdm
from torch import nn

from vqa.common.locks import sole_writer

META_FILE, FEATURES_FILE = "cache.json", "features.npy"
BLOCK = 256  # rows that share a checksum; an interrupted run goes on after its last whole block


class CacheError(ValueError):
    """A cache is damaged; the message names the file and the way out."""


def fingerprint(module: nn.Module, *settings) -> str:
    """A short name for a module's weights and the settings they are used with."""
    digest = hashlib.sha256(repr(settings).encode())
    for name, tensor in module.state_dict().items():
        values = tensor.detach().cpu().contiguous() + 0  # -0.0 and 0.0 are one weight
        digest.update(name.encode() + values.numpy().tobytes())
    return digest.hexdigest()[:16]


def digest_of(content: bytes) -> str:
    """The name of a row: what its photograph's (or text's) bytes are."""
    return hashlib.sha256(content).hexdigest()[:32]


class FeatureCache:
    """Rows of features by the digests of what they show; `cache[digests]` is a float32 tensor (len(digests), ...)."""

    def __init__(self, directory: str | Path, name: str | None = None):
        """Opens all complete shards, those of one `name` where it is given. Raises `CacheError` for a damaged one."""
        self.directory = Path(directory)
        self._place: dict[str, tuple[np.ndarray, int]] = {}
        for shard in _shards(self.directory):
            meta = _read_meta(shard)
            if name in (None, meta["name"]) and len(meta["checksums"]) == _num_blocks(meta):
                features = _open_features(shard, meta)
                _check(shard, features, meta)
                self._place.update((digest, (features, i)) for i, digest in enumerate(meta["rows"]))

    def __contains__(self, digest: str) -> bool:
        return digest in self._place

    def __len__(self) -> int:
        return len(self._place)

    def __getitem__(self, digests: Sequence[str]) -> torch.Tensor:
        places = [self._place[digest] for digest in digests]
        return torch.from_numpy(np.stack([features[row] for features, row in places])).float()

    @classmethod
    def make(
        cls,
        directory: str | Path,
        name: str,
        digests: Sequence[str],
        batches: Callable[[list[str]], Iterable[np.ndarray]],
        description: str,
    ) -> "FeatureCache":
        """Opens the cache at `directory`, computing what it lacks.

        `name` is the fingerprint of what computes; shards of other names are deleted. `batches(digests)` yields
        features (n, ...) for digests in order. Missing rows go into a new shard; a shard that an interruption left is
        gone on with where its rows are still wanted. Where another run fills the same cache, this one waits, and then
        finds its rows. Raises `CacheError` for a damaged shard.
        """
        directory, wanted = Path(directory), dict.fromkeys(digests)
        directory.mkdir(parents=True, exist_ok=True)
        with sole_writer(directory, waits=True):
            return cls._filled(directory, name, wanted, batches, description)

    @classmethod
    def _filled(
        cls, directory: Path, name: str, wanted: dict[str, None], batches: Callable, description: str
    ) -> "FeatureCache":
        for shard in _shards(directory):
            meta = _read_meta(shard)
            is_complete = len(meta["checksums"]) == _num_blocks(meta)
            if meta["name"] != name or not (is_complete or wanted.keys() >= set(meta["rows"])):
                shutil.rmtree(shard)
            elif not is_complete:
                _fill(shard, meta, batches, description)
        cache = cls(directory, name)
        missing = [digest for digest in wanted if digest not in cache]
        if not missing:
            return cache
        shard = directory / f"{max((int(shard.name) for shard in _shards(directory)), default=-1) + 1:03d}"
        shard.mkdir(exist_ok=True)
        _fill(shard, {"name": name, "rows": missing, "checksums": []}, batches, description)
        return cls(directory, name)


def _shards(directory: Path) -> list[Path]:
    return sorted(path.parent for path in directory.glob(f"[0-9][0-9][0-9]/{META_FILE}"))


def _fill(directory: Path, meta: dict, batches: Callable, description: str) -> None:
    """Computes the rows of a shard after its last whole block."""
    rows, features = meta["rows"], None
    done = len(meta["checksums"]) * BLOCK
    if done:
        features = _open_features(directory, meta, "r+")
        _check(directory, features, meta)
    with tqdm(total=len(rows), initial=done, desc=description) as bar:
        for chunk in batches(rows[done:]):
            if features is None:
                path, shape = directory / FEATURES_FILE, (len(rows), *chunk.shape[1:])
                features = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
            features[done : done + len(chunk)] = chunk
            done += len(chunk)
            bar.update(len(chunk))
            whole = _num_blocks(meta) if done == len(rows) else done // BLOCK
            if whole > len(meta["checksums"]):
                meta["checksums"] += [_checksum(features, i) for i in range(len(meta["checksums"]), whole)]
                features.flush()
                partial = directory / f"{META_FILE}.partial"
                partial.write_text(json.dumps(meta))
                partial.replace(directory / META_FILE)
    if done < len(rows):
        raise ValueError(f"{directory} got {done} of {len(rows)} rows.")


def _num_blocks(meta: dict) -> int:
    return -(-len(meta["rows"]) // BLOCK)


def _checksum(features: np.ndarray, block: int) -> int:
    return zlib.crc32(np.ascontiguousarray(features[block * BLOCK : (block + 1) * BLOCK]))


def _read_meta(directory: Path) -> dict:
    path = directory / META_FILE
    try:
        meta = json.loads(path.read_bytes())
        if not {"name", "rows", "checksums"} <= meta.keys():
            raise ValueError
    except (ValueError, AttributeError) as error:
        raise CacheError(f"{path} is damaged or of an older version; delete {directory} to make it anew.") from error
    return meta


def _open_features(directory: Path, meta: dict, mode: str = "r") -> np.ndarray:
    path = directory / FEATURES_FILE
    try:
        features = np.load(path, mmap_mode=mode)
    except (ValueError, EOFError, OSError) as error:
        raise CacheError(f"{path} is missing or damaged; delete {directory} to make it anew.") from error
    if len(features) != len(meta["rows"]):
        raise CacheError(f"{path} has {len(features)} rows, not {len(meta['rows'])}; delete {directory}.")
    return features


def _check(directory: Path, features: np.ndarray, meta: dict) -> None:
    for block, checksum in enumerate(meta["checksums"]):
        if _checksum(features, block) != checksum:
            raise CacheError(
                f"{directory / FEATURES_FILE} is not what was computed: rows {block * BLOCK} and following were "
                f"altered; delete {directory} to make it anew."
            )
