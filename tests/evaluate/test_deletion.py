"""The deletion test on models in which the truth is known."""

import numpy as np
import pytest

from tests.toys import GRID, OnePatchModel, P, Processor, encoded, one_patch_image, tiny_model
from vqa.evaluate.deletion import area, by_value, deletion_steps, deletion_test, hide_in_order
from vqa.explain.cases import Cases

pytestmark = pytest.mark.usefixtures("one_thread")


def test_deletion_holds_for_the_true_map_and_fails_for_its_opposite():
    model, processor, image = OnePatchModel(7, by="value", strength=60), Processor(), one_patch_image()
    true = np.zeros(GRID)
    true[1, 2] = 1
    test = deletion_test(model, processor, image, "what hue", true, steps=15)
    assert test.answer == "yes" and test.holds
    np.testing.assert_allclose(test.fractions, np.arange(16) / 15)
    assert test.beaten > 0.9 and test.gain > 0.1
    assert test.map_probability[0] == test.random_mean[0] > 2 * test.map_probability[1]
    assert test.map_probability[1] == test.map_probability[-1] == test.random_low[-1] == test.random_high[-1]
    assert (test.random_low <= test.random_mean).all() and (test.random_mean <= test.random_high).all()
    assert not deletion_test(model, processor, image, "what hue", -true, steps=15).holds


def test_a_flat_map_is_a_random_order():
    model, processor, image = OnePatchModel(0, by="value", strength=60), Processor(), one_patch_image()
    held = [deletion_test(model, processor, image, "is it", np.ones(GRID), 5, seed=s).holds for s in range(40)]
    assert sum(held) <= 8  # raster order would hide patch 0 first and always hold


def test_deletion_is_the_same_for_the_same_seed_and_refuses_another_grid():
    model, processor = tiny_model(), Processor()
    image, image_map = encoded(model), np.random.default_rng(0).random(GRID)
    one, two = (deletion_test(model, processor, image, "is it", image_map, answer="yes") for _ in range(2))
    np.testing.assert_array_equal(one.random_mean, two.random_mean)
    with pytest.raises(ValueError, match=r"\(5, 3\).*\(3, 5\)"):
        deletion_test(model, processor, image, "is it", image_map.T)


def test_a_test_in_steps_counts_them_and_says_the_same():
    model, processor = tiny_model(), Processor()
    image, image_map = encoded(model), np.random.default_rng(0).random(GRID)
    steps, told = deletion_steps(model, processor, image, "is it", image_map, answer="yes", parts=7), []
    try:
        while True:
            told.append(next(steps))
    except StopIteration as end:
        result = end.value
    assert told == [(done, 7) for done in range(7)]
    whole = deletion_test(model, processor, image, "is it", image_map, answer="yes")
    np.testing.assert_allclose(result.random_mean, whole.random_mean, rtol=1e-5)
    np.testing.assert_allclose(result.map_probability, whole.map_probability, rtol=1e-5)


def test_insertion_is_deletion_seen_from_the_end():
    model, processor = tiny_model(), Processor()
    cases = Cases.encode(model, processor, encoded(model).states.clone(), ["is it"], ["yes"])
    order = np.random.default_rng(0).permutation(P)[None]
    fractions, deleted = hide_in_order(model, cases, 0, order, 5)
    _, inserted = hide_in_order(model, cases, 0, order[:, ::-1].copy(), 5, insert=True)
    np.testing.assert_allclose(inserted[:, ::-1], deleted, rtol=1e-5)
    np.testing.assert_allclose(area(fractions, np.ones(6)), 1)


def test_equal_values_are_ordered_at_random_and_others_by_value():
    order = by_value(np.array([[0.0, 3.0], [0.0, 9.0]]), np.random.default_rng(0))
    assert order[:2].tolist() == [3, 1] and sorted(order[2:].tolist()) == [0, 2]
    firsts = {by_value(np.zeros((2, 2)), np.random.default_rng(seed))[0] for seed in range(40)}
    assert firsts == {0, 1, 2, 3}
