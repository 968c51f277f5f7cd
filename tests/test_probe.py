"""The linear probe."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from vqa import probe
from vqa.__main__ import main
from vqa.data.images import ImageStore
from vqa.modeling import load_encoder
from vqa.processing import image_processor
from vqa.questions import Question

ANSWERS = ("cat", "dog", "bus")


def question(image_id, answer, split="train", **fields):
    return Question(image_id, "what?", answer, **({"source": "coco-qa", "type": "object", "split": split} | fields))


def example_set(count=60, holdout="val"):
    """Photographs of which two questions are asked, whose name ends in their answer."""
    ids = [f"{split}-{i}-{ANSWERS[i % 3]}" for split in ("train", holdout) for i in range(count)]
    return [question(i, i.split("-")[2], i.split("-")[0]) for i in ids for _ in range(2)]


def features(questions, noise, width=7):
    """Vectors whose direction tells the answer, hidden in noise."""
    rng = np.random.default_rng(0)
    direction = {answer: rng.normal(size=width) for answer in ANSWERS}
    ids = sorted({q.image_id for q in questions})
    return {i: direction[i.split("-")[2]] * 3 + noise * rng.normal(size=width) for i in ids}


def test_ridge_equals_the_normal_equations():
    rng = np.random.default_rng(0)
    for rows, width in ((23, 5), (11, 31)):  # more rows than features, and fewer
        x, y, x_new = rng.normal(size=(rows, width)), rng.integers(3, size=rows), rng.normal(size=(201, width))
        z, z_new = ((part - x.mean(0)) / x.std(0) for part in (x, x_new))
        targets = np.eye(3)[y]
        for alpha in (0.1, 17.0):
            slopes = np.linalg.solve(z.T @ z + alpha * np.eye(width), z.T @ (targets - targets.mean(0)))
            expected = (z_new @ slopes + targets.mean(0)).argmax(1)
            np.testing.assert_array_equal(probe.ridge_predict(x, y, x_new, [1e3, alpha], 3)[1], expected)


def test_a_constant_feature_does_no_harm():
    x = np.column_stack([np.arange(10.0), np.full(10, 3.0)])
    predictions = probe.ridge_predict(x, (np.arange(10) > 4).astype(int), x, [0.1], 2)
    assert predictions[0].tolist() == [0] * 5 + [1] * 5


def test_knowing_features_probe_high_and_noise_at_chance():
    questions = example_set()
    examples = probe.choose_examples(questions, 3, "val")
    known = probe.probe(features(questions, noise=0.1), examples)
    assert known.accuracy == 1
    unknown = probe.probe(features(questions, noise=1000.0), examples)
    assert unknown.accuracy < 0.55
    assert unknown.interval[0] < unknown.accuracy < unknown.interval[1]


def test_alpha_is_chosen_for_features_the_fit_has_not_seen(monkeypatch):
    """With as many features as photographs and much noise, the least alpha fits the training part and little else."""
    questions = example_set(count=30)
    examples, noisy = probe.choose_examples(questions, 3, "val"), features(questions, noise=6.0, width=29)
    chosen = probe.probe(noisy, examples)
    monkeypatch.setattr(probe, "ALPHAS", probe.ALPHAS[:1])
    least = probe.probe(noisy, examples)
    assert chosen.alpha > least.alpha and chosen.accuracy > least.accuracy + 0.1


def test_examples_are_frequent_objects_of_the_right_split():
    questions = [question("a", "cat"), question("b", "cat"), question("c", "Dog"), question("d", "dog")]
    questions += [question("e", "rare"), question("f", "cat", type="color"), question("g", "cat", "test")]
    questions += [question("h", "rare", "val"), question("i", "dog", "val")]
    examples = probe.choose_examples(questions, 2, "val")
    assert [q.image_id for q in examples.train] == ["a", "b", "c", "d"]
    assert [q.image_id for q in examples.held_out] == ["i"]
    assert examples.image_ids == ["a", "b", "c", "d", "i"]
    assert examples.majority() in (0.0, 1.0)
    with pytest.raises(ValueError, match="photographs are in train and in val, for instance a"):
        probe.choose_examples([*questions, question("a", "cat", "val")], 2, "val")
    with pytest.raises(ValueError, match="in train and in test"):
        probe.choose_examples(questions[:4], 2, "test")


def test_a_fifth_of_the_photographs_is_left_out_of_train():
    examples = probe.choose_examples(example_set(), 3, "train")
    train, held_out = ({q.image_id for q in part} for part in (examples.train, examples.held_out))
    assert not train & held_out
    assert (len(train), len(held_out)) == (48, 12)
    assert {q.split for q in examples.held_out} == {"train"}
    other = probe.choose_examples(example_set(), 3, "train", seed=1)
    assert {q.image_id for q in other.held_out} != held_out


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


def test_the_command_on_pixels_and_an_encoder(photos, tiny_weights, capsys):
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
    from vqa.data.cache import FeatureCache

    ids = [f"train-{i}-cat" for i in range(3)]
    maps = np.random.default_rng(0).normal(size=(3, 5, 2, 3)).astype(np.float16)
    FeatureCache.make(tmp_path / "cache", "name", ids, lambda _: [(maps, np.zeros((3, 1)))], "")
    found = probe.features_of(str(tmp_path / "cache"), None, ids[1:])
    np.testing.assert_allclose(found[ids[2]], maps[2].astype(np.float32).mean((1, 2)), atol=1e-3)
    with pytest.raises(ValueError, match="lacks 1 of the photographs, for instance moon"):
        probe.features_of(str(tmp_path / "cache"), None, ["moon"])


def test_an_encoder_that_is_not_there(photos, capsys):
    files = ["--images", str(photos / "photos"), "--questions", str(photos / "q.jsonl")]
    assert main(["probe", "/nowhere/vit", *files]) == 2
    assert "no encoder at /nowhere/vit" in capsys.readouterr().err
