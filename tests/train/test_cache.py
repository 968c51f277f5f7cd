"""`vqa.train.cache`: features are computed once, go on after an interruption, and are never mistaken for others."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from vqa.train.cache import FeatureCache, fingerprint


class Source:
    """Yields rows that tell which id they belong to, and remembers for which ids it was asked."""

    def __init__(self, offset: float = 0.0, size: int = 7, fail_at: int | None = None):
        self.offset, self.size, self.fail_at = offset, size, fail_at
        self.computed: list[str] = []

    def __call__(self, ids):
        for start in range(0, len(ids), self.size):
            chunk = ids[start : start + self.size]
            if self.fail_at is not None and int(chunk[-1]) >= self.fail_at:
                raise KeyboardInterrupt
            self.computed += chunk
            number = np.array([float(key) for key in chunk])
            features = (number[:, None, None] % 50 + self.offset) * np.ones((1, 3, 2))
            yield features, np.stack([number, -number], 1)


def make(directory, name: str, ids: list[str], source: Source) -> FeatureCache:
    return FeatureCache.make(directory, name, ids, source, "test")


def ids_of(count: int) -> list[str]:
    return [str(i) for i in range(count)]


def assert_rows(cache: FeatureCache, ids: list[str], offset: float = 0.0) -> None:
    expected = torch.tensor([float(key) % 50 + offset for key in ids])[:, None, None].expand(-1, 3, 2)
    torch.testing.assert_close(cache[ids], expected)
    rows = [cache.row[key] for key in ids]
    np.testing.assert_array_equal(cache.aux[rows, 0], [float(key) for key in ids])


def test_rows_come_back_by_id_as_float32(tmp_path):
    cache = make(tmp_path, "a", ids_of(17), Source())
    assert cache[["3"]].dtype == torch.float32 and cache[["3"]].shape == (1, 3, 2)
    assert cache.features.dtype == np.float16 and cache.features.shape == (17, 3, 2)
    assert_rows(cache, ["16", "0", "5", "5"])
    assert "16" in cache and "17" not in cache
    with pytest.raises(KeyError, match="17"):
        cache[["17"]]


def test_a_complete_cache_is_opened_and_not_computed(tmp_path):
    make(tmp_path, "a", ids_of(17), Source())
    again = Source()
    assert_rows(make(tmp_path, "a", ids_of(17), again), ids_of(17))
    assert again.computed == []
    assert_rows(FeatureCache(tmp_path), ids_of(17))


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    ids = ids_of(4507)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, "a", ids, Source(size=101, fail_at=4300))
    done = json.loads((tmp_path / "cache.json").read_text())["done"]
    assert 4000 <= done < 4300
    with pytest.raises(ValueError, match=f"{done} of 4507 rows"):
        FeatureCache(tmp_path)

    rest = Source(size=101)
    cache = make(tmp_path, "a", ids, rest)
    assert rest.computed == ids[done:]
    assert_rows(cache, ids)


@pytest.mark.parametrize("name, ids", [("b", ids_of(17)), ("b", ids_of(7)), ("a", ids_of(19)), ("a", ["3", "99"])])
def test_another_fingerprint_or_new_ids_are_computed_anew(tmp_path, name, ids):
    make(tmp_path, "a", ids_of(17), Source())
    source = Source(offset=5)
    assert_rows(make(tmp_path, name, ids, source), ids, offset=5)
    assert source.computed == ids


@pytest.mark.parametrize("ids", [ids_of(17)[::-1], ["4", "11"], []])
def test_ids_that_are_all_there_are_found_by_id(tmp_path, ids):
    make(tmp_path, "a", ids_of(17), Source())
    again = Source(offset=5)
    cache = make(tmp_path, "a", ids, again)
    assert again.computed == []
    assert_rows(cache, ids or ["0"])


def test_an_unfinished_cache_of_other_ids_is_not_gone_on_with(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, "a", ids_of(4507), Source(size=101, fail_at=4300))
    source = Source(offset=5)
    assert_rows(make(tmp_path, "a", ids_of(17), source), ids_of(17), offset=5)
    assert source.computed == ids_of(17)


def test_an_interrupted_replacement_does_not_pass_for_the_old_cache(tmp_path):
    ids = ids_of(17)
    make(tmp_path, "old", ids, Source())
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, "new", ids, Source(offset=5, fail_at=10))
    with pytest.raises(FileNotFoundError):
        FeatureCache(tmp_path)
    assert_rows(make(tmp_path, "old", ids, Source()), ids)


def test_too_few_rows_are_an_error(tmp_path):
    with pytest.raises((ValueError, FileNotFoundError)):
        FeatureCache.make(tmp_path, "a", ids_of(9), lambda ids: Source()(ids[:7]), "test")


def test_fingerprint_names_weights_and_settings():
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))
    name = fingerprint(layer, "train", 256)
    assert name == fingerprint(layer, "train", 256)
    assert name != fingerprint(layer, "train", 255)
    layer[0].weight.data[0, 0] += 1e-6
    assert name != fingerprint(layer, "train", 256)
    layer[0].weight.data[0, 0] -= 1e-6
    layer[1].running_mean += 1  # a buffer is part of what computes
    assert name != fingerprint(layer, "train", 256)
