"""`eval.json` and the digest of the weights that it names."""

import argparse
import json
import shutil

import pytest

from vqa.common.checksums import check_sums, write_sums
from vqa.data.images import ImageStore
from vqa.data.trained_on import TrainedOn
from vqa.evaluate.records import EvalFile, hash_weights


@pytest.fixture
def copy(tiny_weights, tmp_path):
    def make(name: str):
        return shutil.copytree(tiny_weights, tmp_path / name)

    return make


def test_the_digest_of_weights_does_not_depend_on_where_they_lie(copy):
    first = copy("first")
    expected = {variant: hash_weights(first, variant) for variant in ("aligned", "unaligned")}
    assert len(set(expected.values())) == 2
    for place in ("second", "aligned/third", "encoders/fourth", "unaligned/aligned"):
        folder = copy(place)
        assert {variant: hash_weights(folder, variant) for variant in expected} == expected
        assert hash_weights(folder / "aligned", "aligned") == expected["aligned"]  # the checkpoint's own folder


@pytest.mark.parametrize("name", ["model.safetensors", "answers.model", "config.json"])
def test_the_digest_of_weights_tells_of_all_that_is_loaded(copy, tmp_path, name):
    first = copy("first")
    before = {variant: hash_weights(first, variant) for variant in ("aligned", "unaligned")}
    path = first / "aligned" / name
    content = path.read_bytes()
    path.write_bytes(json.dumps(json.loads(content) | {"temperature": 3}).encode() if name == "config.json" else b"x")
    assert hash_weights(first, "aligned") != before["aligned"]
    assert hash_weights(first, "unaligned") == before["unaligned"]
    path.write_bytes(content)
    (first / "encoders" / "text" / "model.safetensors").write_bytes(b"x")
    assert not {hash_weights(first, variant) for variant in before} & set(before.values())


def test_records_of_weights_are_no_part_of_them(copy):
    first = copy("first")
    before = hash_weights(first, "aligned")
    for name in ("eval.json", "train.json", "maps.json"):
        (first / "aligned" / name).write_text("{}")
    TrainedOn.of_photographs(ImageStore([]), []).write(first / "aligned")
    assert hash_weights(first, "aligned") == before


def test_parts_are_kept_together_while_the_weights_are_the_same(copy):
    """Each record is put into the list of sums, which config.json tells of."""
    weights = copy("listed")
    write_sums(weights / "aligned")
    args = argparse.Namespace(variant="aligned", split="test", seed=0, weights=weights)
    for part in ({"benchmarks": {"colours": {"count": 3}}}, {"retrieval": {"count": 2}}, {"captions": {"count": 1}}):
        EvalFile(weights / "aligned" / "eval.json").write(part, args, [])
        check_sums(weights / "aligned")
    content = json.loads((weights / "aligned" / "eval.json").read_text())
    assert content["benchmarks"] == {"colours": {"count": 3}}
    assert [content[part]["count"] for part in ("retrieval", "captions")] == [2, 1]
    (weights / "aligned" / "answers.model").write_bytes(b"x")
    EvalFile(weights / "aligned" / "eval.json").write({"captions": {"count": 4}}, args, [])
    assert "retrieval" not in json.loads((weights / "aligned" / "eval.json").read_text())
