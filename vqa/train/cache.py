"""Features of frozen encoders, computed once and read from disk through a memory map.

A cache is a folder: `features.npy` (N, ...) in half precision, `aux.npy` (N, K) for small per-row numbers, and
`cache.json` with the ids, the fingerprint of what made them and how many rows are done, so that an interrupted
run goes on where it stopped and features of other weights are never mistaken for these.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from accelerate.utils import tqdm
from torch import nn


def fingerprint(module: nn.Module, *settings) -> str:
    """A short name for a module's weights and the settings they are used with."""
    digest = hashlib.sha256(repr(settings).encode())
    for name, tensor in module.state_dict().items():
        values = tensor.detach().cpu().contiguous() + 0  # -0.0 and 0.0 are one weight
        digest.update(name.encode() + values.numpy().tobytes())
    return digest.hexdigest()[:16]


class FeatureCache:
    """Rows of features by id; `cache[ids]` is a float32 tensor (len(ids), ...)."""

    def __init__(self, directory: str | Path):
        """Opens a complete cache. Raises `FileNotFoundError` or, where rows are missing, `ValueError`."""
        directory = Path(directory)
        meta = json.loads((directory / "cache.json").read_text())
        if meta["done"] != len(meta["ids"]):
            raise ValueError(f"{directory} holds {meta['done']} of {len(meta['ids'])} rows; make it again to go on.")
        self.features = np.load(directory / "features.npy", mmap_mode="r")
        self.aux = np.load(directory / "aux.npy", mmap_mode="r")
        self.row = {key: i for i, key in enumerate(meta["ids"])}

    def __contains__(self, key: str) -> bool:
        return key in self.row

    def __getitem__(self, ids: list[str]) -> torch.Tensor:
        rows = [self.row[key] for key in ids]
        return torch.from_numpy(np.stack([self.features[row] for row in rows])).float()

    @classmethod
    def make(
        cls,
        directory: str | Path,
        name: str,
        ids: list[str],
        batches: Callable[[list[str]], Iterable[tuple[np.ndarray, np.ndarray]]],
        description: str,
    ) -> "FeatureCache":
        """Opens the cache at `directory`, computing what it lacks.

        `name` is the fingerprint of what computes; `batches(ids)` yields features (n, ...) and aux (n, K) for
        the ids in order. A folder that holds these ids and more is used as it is; one of another name, or of
        fewer ids, is computed anew.
        """
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        meta_path = directory / "cache.json"
        meta = json.loads(meta_path.read_text()) if meta_path.is_file() else {}
        if meta.get("name") == name and meta["done"] == len(meta["ids"]) and set(ids) <= set(meta["ids"]):
            return cls(directory)
        done = meta["done"] if meta.get("name") == name and meta["ids"] == ids else 0
        if done < len(ids):
            if not done:  # from here on the arrays are no longer what the old file says
                meta_path.unlink(missing_ok=True)
            features = aux = None
            if done:
                features = np.load(directory / "features.npy", mmap_mode="r+")
                aux = np.load(directory / "aux.npy", mmap_mode="r+")
            with tqdm(total=len(ids), initial=done, desc=description) as bar:
                for chunk, chunk_aux in batches(ids[done:]):
                    if features is None:
                        shapes = {"features": chunk.shape[1:], "aux": chunk_aux.shape[1:]}
                        features, aux = (
                            np.lib.format.open_memmap(
                                directory / f"{file}.npy", mode="w+", dtype=dtype, shape=(len(ids), *shapes[file])
                            )
                            for file, dtype in (("features", np.float16), ("aux", np.float32))
                        )
                    features[done : done + len(chunk)] = chunk
                    aux[done : done + len(chunk)] = chunk_aux
                    done += len(chunk)
                    bar.update(len(chunk))
                    if done == len(ids) or done // 2000 != (done - len(chunk)) // 2000:
                        features.flush()
                        aux.flush()
                        partial = meta_path.with_suffix(".tmp")
                        partial.write_text(json.dumps({"name": name, "done": done, "ids": ids}))
                        partial.replace(meta_path)
        return cls(directory)
