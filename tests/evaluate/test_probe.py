"""The linear probe."""

import numpy as np
import pytest

from vqa.common import extras
from vqa.data.questions import QuestionRow
from vqa.evaluate import probe

ANSWERS = ("cat", "dog", "bus")


def question(image_id, answer, split="train", **fields):
    return QuestionRow(image_id, "what?", answer, **({"source": "coco-qa", "type": "object", "split": split} | fields))


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


@pytest.fixture
def sklearn():
    """The extra `evaluate`, without which there is no probe."""
    return pytest.importorskip("sklearn", reason="the probe needs scikit-learn, of the extra vqa[evaluate]")


def test_it_is_the_ridge_regression_of_the_normal_equations(sklearn, monkeypatch):
    questions, alpha = example_set(count=30), 17.0
    examples, noisy = probe.choose_examples(questions, 3, "val"), features(questions, noise=5.0)
    monkeypatch.setattr(probe, "ALPHAS", (alpha,))
    (x, y), (x_new, truth) = (
        (np.stack([noisy[q.image_id] for q in part]), np.array([ANSWERS.index(q.answer) for q in part]))
        for part in (examples.train, examples.held_out)
    )
    z, z_new = ((part - x.mean(0)) / x.std(0) for part in (x, x_new))
    targets = np.eye(3)[y]
    slopes = np.linalg.solve(z.T @ z + alpha * np.eye(x.shape[1]), z.T @ (targets - targets.mean(0)))
    expected = ((z_new @ slopes + targets.mean(0)).argmax(1) == truth).mean()
    found = probe.probe(noisy, examples)
    assert (found.accuracy, found.alpha) == (pytest.approx(expected), alpha) and 0.4 < expected < 1


def test_one_photograph_is_too_few(sklearn):
    examples = probe.Examples([question("a", "cat"), question("a", "dog")], [question("b", "cat", "val")])
    with pytest.raises(ValueError, match="two photographs at least"):
        probe.probe({"a": np.ones(3), "b": np.ones(3)}, examples)


def test_without_scikit_learn_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"The probe needs scikit-learn: pip install scikit-learn, or .*vqa\[evaluate\]"
    ):
        probe.probe({}, probe.Examples([], []))


def test_knowing_features_probe_high_and_noise_at_chance(sklearn):
    questions = example_set()
    examples = probe.choose_examples(questions, 3, "val")
    known = probe.probe(features(questions, noise=0.1), examples)
    assert known.accuracy == 1
    unknown = probe.probe(features(questions, noise=1000.0), examples)
    assert unknown.accuracy < 0.55
    assert unknown.interval[0] < unknown.accuracy < unknown.interval[1]


def test_alpha_is_chosen_for_features_the_fit_has_not_seen(sklearn, monkeypatch):
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
