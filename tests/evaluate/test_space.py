"""The shared space's figures against double loops and hand-computed values."""

import math

import numpy as np
import pytest

from vqa.evaluate import space


def unit_rows(rows: int, width: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(rows, width))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


IMAGES, TEXTS = unit_rows(7, 5, 0), unit_rows(7, 5, 1)


def test_alignment_is_zero_for_equal_pairs_and_four_for_opposite_ones():
    assert space.alignment(IMAGES, IMAGES) == 0
    assert space.alignment(IMAGES, -IMAGES) == pytest.approx(4)
    by_hand = np.mean([np.linalg.norm(a - b) ** 2 for a, b in zip(IMAGES, TEXTS, strict=True)])
    assert space.alignment(IMAGES, TEXTS) == pytest.approx(by_hand)


def test_uniformity_against_a_double_loop():
    pairs = [
        math.exp(-2 * np.linalg.norm(IMAGES[i] - IMAGES[j]) ** 2)
        for i in range(len(IMAGES))
        for j in range(len(IMAGES))
        if i < j
    ]
    assert space.uniformity(IMAGES) == pytest.approx(math.log(np.mean(pairs)))
    assert space.uniformity(np.repeat(IMAGES[:1], 3, axis=0)) == pytest.approx(0)


def test_the_gap_is_the_distance_of_the_centres():
    assert space.modality_gap(IMAGES, IMAGES[::-1]) == pytest.approx(0)
    assert space.modality_gap(np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 0], [1, 0]])) == pytest.approx(
        math.sqrt(0.5)
    )


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_sums_to_one_and_sharpens_as_the_temperature_falls(axis):
    similarity = IMAGES @ TEXTS[:4].T
    warm, cold = space.softmax(similarity, 1.0, axis), space.softmax(similarity, 0.01, axis)
    np.testing.assert_allclose(warm.sum(axis=axis), 1)
    assert (cold.max(axis=axis) > warm.max(axis=axis)).all()
    np.testing.assert_array_equal(cold.argmax(axis=axis), similarity.argmax(axis=axis))


def test_info_nce_against_a_double_loop():
    similarity, temperature = IMAGES @ TEXTS.T, 0.3
    terms = []
    for i in range(7):
        row = sum(math.exp(similarity[i, j] / temperature) for j in range(7))
        column = sum(math.exp(similarity[j, i] / temperature) for j in range(7))
        own = math.exp(similarity[i, i] / temperature)
        terms += [-math.log(own / row), -math.log(own / column)]
    assert space.info_nce(similarity, temperature) == pytest.approx(np.mean(terms))
    assert space.info_nce(np.zeros((7, 7)), temperature) == pytest.approx(math.log(7))
    assert math.isfinite(space.info_nce(similarity, 1e-4))


def test_recall_counts_the_rows_that_find_their_own():
    similarity = np.array([[0.9, 0.1, 0.2], [0.8, 0.7, 0.1], [0.3, 0.2, 0.1]])
    recall = space.recall_at_k(similarity, ks=(1, 2, 3))
    assert recall == {1: pytest.approx(1 / 3), 2: pytest.approx(2 / 3), 3: 1.0}


def test_recall_takes_the_best_of_several_relevant_columns_and_gives_nothing_for_a_tie():
    similarity = np.array([[0.2, 0.9, 0.5], [0.5, 0.5, 0.5]])
    relevant = np.array([[True, True, False], [False, False, True]])
    assert space.recall_at_k(similarity, (1,), relevant) == {1: 0.5}
    with pytest.raises(ValueError, match="relevant column"):
        space.recall_at_k(similarity, (1,), np.zeros_like(relevant))


def test_the_projection_keeps_what_lies_in_a_plane():
    plane = np.linalg.qr(np.random.default_rng(2).normal(size=(5, 2)))[0]
    flat = np.random.default_rng(3).normal(size=(11, 2)) @ plane.T
    first, second = space.project_2d(flat[:4], flat[4:])
    assert first.shape == (4, 2) and second.shape == (7, 2)
    joined = np.concatenate([first, second])
    for i, j in [(0, 1), (2, 9), (5, 10)]:
        assert np.linalg.norm(joined[i] - joined[j]) == pytest.approx(np.linalg.norm(flat[i] - flat[j]))
    np.testing.assert_allclose(joined.mean(axis=0), 0, atol=1e-12)


def test_bad_input_is_refused_with_a_reason():
    with pytest.raises(ValueError, match="positive"):
        space.softmax(np.eye(2), 0)
    with pytest.raises(ValueError, match="square"):
        space.info_nce(np.zeros((2, 3)), 1)
    with pytest.raises(ValueError, match="equal shapes"):
        space.alignment(IMAGES, TEXTS[:3])
    with pytest.raises(ValueError, match="two embeddings"):
        space.uniformity(IMAGES[:1])


def test_a_match_curve_finds_the_curve_that_pairs_were_drawn_from():
    random = np.random.default_rng(3)
    cosines = random.uniform(-1, 1, 40_000)
    matches = random.random(40_000) < space.sigmoid(6 * cosines - 1)
    slope, intercept = space.match_curve(cosines[matches], cosines[~matches])
    balance = np.log((~matches).sum() / matches.sum())  # both kinds count the same, whatever their numbers
    assert slope == pytest.approx(6, rel=0.05) and intercept == pytest.approx(-1 + balance, abs=0.1)


def test_a_match_curve_knows_nothing_where_the_two_kinds_are_alike_and_stays_finite_where_they_lie_apart():
    slope, intercept = space.match_curve([0.1, 0.2, 0.3], [0.3, 0.2, 0.1])
    assert space.sigmoid(slope * 0.3 + intercept) == pytest.approx(0.5)
    slope, intercept = space.match_curve([0.8, 0.9], [0.1, 0.2])
    assert np.isfinite(slope) and space.sigmoid(slope * 0.9 + intercept) > 0.95 > 0.05 > space.sigmoid(intercept)
    with pytest.raises(ValueError, match="needs matching pairs"):
        space.match_curve([], [0.1])


def test_the_sigmoid_does_not_overflow():
    assert space.sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
