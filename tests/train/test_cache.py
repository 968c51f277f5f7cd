"""`vqa.train.cache`: features are computed once, go on after an interruption, and are never mistaken for others."""

import json
import threading

import numpy as np
import pytest
import torch
from torch import nn

from vqa.train.cache import BLOCK, CacheError, FeatureCache, digest_of, fingerprint


class Source:
    """Yields rows that tell which digest they belong to, and remembers for which it was asked."""

    def __init__(self, offset: float = 0.0, size: int = 7, fail_at: int | None = None):
        self.offset, self.size, self.fail_at = offset, size, fail_at
        self.computed: list[str] = []

    def __call__(self, digests):
        for start in range(0, len(digests), self.size):
            chunk = digests[start : start + self.size]
            if self.fail_at is not None and int(chunk[-1]) >= self.fail_at:
                raise KeyboardInterrupt
            self.computed += chunk
            yield (np.array([float(key) for key in chunk])[:, None, None] % 50 + self.offset) * np.ones((1, 3, 2))


def make(directory, name: str, digests: list[str], source: Source) -> FeatureCache:
    return FeatureCache.make(directory, name, digests, source, "test")


def digests_of(count: int) -> list[str]:
    return [str(i) for i in range(count)]


def assert_rows(cache: FeatureCache, digests: list[str], offset: float = 0.0) -> None:
    expected = torch.tensor([float(key) % 50 + offset for key in digests])[:, None, None].expand(-1, 3, 2)
    torch.testing.assert_close(cache[digests], expected)


def test_rows_come_back_by_digest_as_float32(tmp_path):
    cache = make(tmp_path, "a", digests_of(17), Source())
    assert cache[["3"]].dtype == torch.float32 and cache[["3"]].shape == (1, 3, 2)
    features = np.load(tmp_path / "000" / "features.npy")
    assert features.dtype == np.float16 and features.shape == (17, 3, 2)
    assert_rows(cache, ["16", "0", "5", "5"])
    assert "16" in cache and "17" not in cache
    with pytest.raises(KeyError, match="17"):
        cache[["17"]]


def test_one_photograph_under_two_ids_is_one_row(tmp_path):
    source = Source()
    cache = make(tmp_path, "a", ["4", "2", "4"], source)
    assert source.computed == ["4", "2"] and len(cache) == 2


def test_a_complete_cache_is_opened_and_not_computed(tmp_path):
    make(tmp_path, "a", digests_of(17), Source())
    again = Source()
    assert_rows(make(tmp_path, "a", digests_of(17), again), digests_of(17))
    assert again.computed == []
    assert_rows(FeatureCache(tmp_path), digests_of(17))


def test_an_interrupted_run_goes_on_after_its_last_whole_block(tmp_path):
    digests = digests_of(5 * BLOCK + 7)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, "a", digests, Source(size=101, fail_at=4 * BLOCK + 150))
    assert len(FeatureCache(tmp_path)) == 0
    rest = Source(size=101)
    assert_rows(make(tmp_path, "a", digests, rest), digests)
    assert rest.computed == digests[4 * BLOCK :]


def test_a_second_run_waits_for_the_first_and_takes_its_rows(tmp_path, capsys):
    first, second, begun, waits, made = Source(), Source(), threading.Event(), threading.Event(), []

    def slowly(digests):
        for chunk in first(digests):
            begun.set()
            assert waits.wait(60)
            yield chunk

    runs = [threading.Thread(target=lambda: made.append(make(tmp_path, "a", digests_of(17), slowly)))]
    runs[0].start()
    assert begun.wait(60)
    runs += [threading.Thread(target=lambda: made.append(make(tmp_path, "a", digests_of(17), second)))]
    runs[1].start()
    runs[1].join(0.5)
    waits.set()
    for run in runs:
        run.join(60)
    assert len(made) == 2 and first.computed == digests_of(17) and second.computed == []
    for cache in made:
        assert_rows(cache, digests_of(17))
    assert f"Another process writes to {tmp_path}: waiting" in capsys.readouterr().out


@pytest.mark.parametrize("digests", [digests_of(17), digests_of(7)])
def test_features_of_other_weights_are_computed_anew(tmp_path, digests):
    make(tmp_path, "a", digests_of(17), Source())
    source = Source(offset=5)
    assert_rows(make(tmp_path, "b", digests, source), digests, offset=5)
    assert source.computed == digests
    assert len(FeatureCache(tmp_path)) == len(digests)


def test_new_photographs_are_added_to_those_that_are_there(tmp_path):
    make(tmp_path, "a", digests_of(17), Source())
    source = Source()
    cache = make(tmp_path, "a", ["3", "99", "18"], source)
    assert source.computed == ["99", "18"]
    assert_rows(cache, ["99", "3", "18", "16"])
    assert_rows(make(tmp_path, "a", ["99", "16"], Source(fail_at=0)), ["99", "16"])


def test_an_interrupted_shard_whose_rows_are_not_wanted_any_more_is_deleted(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, "a", digests_of(2 * BLOCK), Source(size=16, fail_at=BLOCK + 20))
    source = Source()
    assert_rows(make(tmp_path, "a", digests_of(17), source), digests_of(17))
    assert source.computed == digests_of(17)


@pytest.mark.parametrize("digests", [digests_of(17)[::-1], ["4", "11"], []])
def test_rows_that_are_all_there_are_found(tmp_path, digests):
    make(tmp_path, "a", digests_of(17), Source())
    again = Source(offset=5)
    cache = make(tmp_path, "a", digests, again)
    assert again.computed == []
    assert_rows(cache, digests or ["0"])


def test_an_interrupted_replacement_does_not_pass_for_the_old_cache(tmp_path):
    make(tmp_path, "old", digests_of(17), Source())
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, "new", digests_of(17), Source(offset=5, fail_at=10))
    assert len(FeatureCache(tmp_path)) == 0
    assert_rows(make(tmp_path, "old", digests_of(17), Source()), digests_of(17))


def test_too_few_rows_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="7 of 9 rows"):
        FeatureCache.make(tmp_path, "a", digests_of(9), lambda digests: Source()(digests[:7]), "test")


def altered(directory) -> None:
    features = np.load(directory / "features.npy", mmap_mode="r+")
    features[5, 1, 1] = np.nan
    features.flush()


def cut(directory) -> None:
    path = directory / "features.npy"
    path.write_bytes(path.read_bytes()[:-30])


def damaged_list(directory) -> None:
    path = directory / "cache.json"
    path.write_text(path.read_text()[:-9])


def of_an_older_version(directory) -> None:
    (directory / "cache.json").write_text(json.dumps({"name": "a", "ids": digests_of(17), "done": 17}))


@pytest.mark.parametrize("damage", [altered, cut, damaged_list, of_an_older_version])
def test_a_damaged_cache_is_refused_with_the_way_out(tmp_path, damage):
    make(tmp_path, "a", digests_of(17), Source())
    shard = tmp_path / "000"
    damage(shard)
    for use in (lambda: FeatureCache(tmp_path), lambda: make(tmp_path, "a", digests_of(17), Source())):
        with pytest.raises(CacheError, match=f"{shard}.*delete {shard}"):
            use()


def test_other_bytes_have_another_digest():
    assert digest_of(b"a") != digest_of(b"b") and digest_of(b"a") == digest_of(b"a")


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
