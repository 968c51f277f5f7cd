"""`python -m vqa probe`: the encoders it takes."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from vqa.__main__ import main
from vqa.cli import probe
from vqa.data.images import ImageStore
from vqa.data.questions import QuestionRow
from vqa.model.checkpoint import load_encoder
from vqa.processing.processor import image_processor

ANSWERS = ("cat", "dog", "bus")


def question(image_id, answer, split="train", **fields):
    return QuestionRow(image_id, "what?", answer, **({"source": "coco-qa", "type": "object", "split": split} | fields))


def example_set(count=60, holdout="val"):
    """Photographs of which two questions are asked, whose name ends in their answer."""
    ids = [f"{split}-{i}-{ANSWERS[i % 3]}" for split in ("train", holdout) for i in range(count)]
    return [question(i, i.split("-")[2], i.split("-")[0]) for i in ids for _ in range(2)]


def test_tokens_before_the_patches_are_left_out():
    states = torch.arange(2 * 5 * 3, dtype=torch.float32).view(2, 5, 3)
    np.testing.assert_allclose(probe.pool(states, 4), states[:, 1:].mean(1))
    np.testing.assert_allclose(probe.pool(states, 9), states.mean(1))
    assert probe.pool(torch.ones(2, 7, 3, 5)).shape == (2, 7)


@pytest.fixture
def photos(tmp_path):
    """Photographs in the colour of their answer, and the questions' file."""
    (tmp_path / "photos").mkdir()
    colours = dict(zip(ANSWERS, ("red", "green", "blue"), strict=True))
    questions = example_set(count=12)
    for q in questions:
        Image.new("RGB", (64, 48), colours[q.answer]).save(tmp_path / "photos" / f"{q.image_id}.png")
    rows = [{k: v for k, v in vars(q).items() if k != "answers"} for q in questions]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.fixture
def sklearn():
    """The extra `evaluate`, without which there is no probe."""
    return pytest.importorskip("sklearn", reason="the probe needs scikit-learn, of the extra vqa[evaluate]")


def test_the_command_on_pixels_and_an_encoder(sklearn, photos, tiny_weights, capsys):
    files = ["--images", str(photos / "photos"), "--questions", str(photos / "q.jsonl"), "--classes", "3"]
    encoder = str(tiny_weights / "encoders" / "vision")
    assert main(["probe", "pixels", encoder, *files]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "fitted on 24 questions, scored on 24 (val)" in told[0]
    assert told[1].startswith("pixels: 100.0%") and "3072 features" in told[1]
    assert told[2].startswith(f"{encoder}: ") and "22 features" in told[2]


def test_an_encoder_gives_the_mean_of_its_patches(photos, tiny_weights, tiny_predictor):
    store = ImageStore([photos / "photos"])
    image_id = next(iter(store))
    found = probe.features_of(str(tiny_weights / "encoders" / "vision"), store, [image_id])[image_id]
    expected = tiny_predictor.encode(store.open(image_id)).states.states[0].mean(0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_encoder_is_probed_at_the_size_it_is_used_at(photos, tiny_weights):
    store, vision = ImageStore([photos / "photos"]), tiny_weights / "encoders" / "vision"
    image_id = next(iter(store))
    found = probe.features_of(str(vision), store, [image_id], image_size=160)[image_id]
    pixels = image_processor(vision, 160)(images=[store.open(image_id)], return_tensors="pt").pixel_values
    with torch.inference_mode():
        expected = load_encoder(vision, 160)(pixels).last_hidden_state[0, 1:].mean(0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_feature_cache_is_a_candidate(photos, tmp_path):
    from vqa.train.cache import FeatureCache, digest_of

    store = ImageStore([photos / "photos"])
    by_digest = {digest_of(store.read(image_id)): image_id for image_id in store}  # some photographs are the same
    (*digests, last), (*ids, other) = list(by_digest)[:4], list(by_digest.values())[:4]
    maps = np.random.default_rng(0).normal(size=(len(digests), 5, 2, 3)).astype(np.float16)
    FeatureCache.make(tmp_path / "cache", "name", digests, lambda _: [maps], "")
    assert ids and last not in digests
    found = probe.features_of(str(tmp_path / "cache"), store, ids)
    np.testing.assert_allclose(found[ids[-1]], maps[-1].astype(np.float32).mean((1, 2)), atol=1e-3)
    with pytest.raises(ValueError, match=f"lacks 1 of the photographs, for instance {other}"):
        probe.features_of(str(tmp_path / "cache"), store, [other])


def test_an_encoder_that_is_not_there(sklearn, photos, capsys):
    files = ["--images", str(photos / "photos"), "--questions", str(photos / "q.jsonl")]
    assert main(["probe", "/nowhere/vit", *files]) == 2
    assert "no encoder at /nowhere/vit" in capsys.readouterr().err
