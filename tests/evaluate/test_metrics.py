"""Metrics against their definitions, hand-computed values and published ones."""

import math

import numpy as np
import pytest

from vqa.evaluate import metrics
from vqa.processing.text import is_single_word


def test_lists_match_in_any_order():
    assert metrics.exact_match("Table, garbage_bin", "garbage bin,table") == 1
    assert metrics.exact_match("table", "table, chair") == 0
    assert metrics.exact_match("", "table") == 0
    assert is_single_word("garbage_bin") and not is_single_word("table, chair")


@pytest.mark.parametrize("said_by", range(11))
def test_soft_accuracy_is_the_mean_over_left_out_humans(said_by):
    humans = ["red"] * said_by + [f"other {i}" for i in range(10 - said_by)]
    expected = np.mean([min(sum(h == "red" for j, h in enumerate(humans) if j != i) / 3, 1) for i in range(10)])
    assert metrics.soft_accuracy("Red.", humans) == pytest.approx(expected)


def test_soft_accuracy_of_known_counts():
    humans = ["yes"] * 3 + ["no"] * 7
    assert metrics.soft_accuracy("yes", humans) == pytest.approx(0.9)  # 3 times 2/3 and 7 times 1
    assert metrics.soft_accuracy("no", humans) == 1
    assert metrics.soft_accuracy("maybe", humans) == 0


@pytest.mark.parametrize("people", [3, 4, 9])
def test_of_fewer_than_ten_people_the_formula_itself_is_taken(people):
    """As OK-VQA's rows need it, which repeat the answers that count."""
    assert metrics.soft_accuracy("ski pole", ["ski pole"] * people) == 1
    assert metrics.soft_accuracy("ski pole", ["ski pole"] * 2 + ["pole"] * (people - 2)) == pytest.approx(2 / 3)
    assert metrics.soft_accuracy("ski pole", ["pole"] * people) == 0


def test_one_or_two_people_have_no_soft_accuracy():
    for people in ([], ["red"], ["red", "red"]):
        assert metrics.soft_accuracy("red", people) is None


@pytest.mark.parametrize("truth", ["a", "the", "?", ".", "an", "!!", "...", ","])
def test_truths_of_which_nothing_is_left_are_not_all_equal(truth):
    others = {"a", "the", "?", ".", "an", "!!", "...", ",", "cat"} - {truth}
    for compared in ({}, {"answers": [truth]}, {"accepted": [truth]}):
        assert metrics.is_right(truth, truth, **compared)
        assert not any(metrics.is_right(other, truth, **compared) for other in others)
    assert metrics.soft_accuracy("the", ["a"] * 10) == 0 and metrics.soft_accuracy("the", ["the"] * 10) == 1


def test_any_accepted_answer_is_right_in_the_usual_form():
    accepted = ["bowl", "white bowl", "2"]
    for answer in ("bowl", "a Bowl.", "The white_bowl", "two", "dish"):
        assert metrics.is_right(answer, "dish", accepted=accepted)
    assert not metrics.is_right("cup", "dish", accepted=accepted)
    assert not metrics.is_right("bowl", "dish")


class TwoStepNouns:
    """Stands in for WordNet: senses are numbers, and similarity falls with their distance."""

    words = {"chair": (10,), "armchair": (11,), "table": (14,), "bank": (13, 90)}

    def senses(self, word):
        return self.words.get(word, ())

    def similarity(self, a, b):
        return max(0.0, 1 - abs(a - b) / 16)


def test_wups_takes_the_best_sense_and_a_tenth_below_the_threshold():
    nouns = TwoStepNouns()
    assert metrics.wups("chair", "chair", 0.9, nouns) == 1
    assert metrics.wups("chair", "armchair", 0.9, nouns) == pytest.approx(15 / 16)
    assert metrics.wups("chair", "table", 0.9, nouns) == pytest.approx(0.1 * 12 / 16)
    assert metrics.wups("chair", "table", 0.0, nouns) == pytest.approx(12 / 16)
    assert metrics.wups("chair", "bank", 0.0, nouns) == pytest.approx(13 / 16)
    assert metrics.wups("chair", "nonsense", 0.0, nouns) == 0
    assert metrics.wups("nonsense", "Nonsense", 0.9, nouns) == 1


def test_wups_of_lists_takes_the_worse_direction():
    nouns = TwoStepNouns()
    both = metrics.wups("chair", "chair, table", 0.0, nouns)
    assert both == pytest.approx(12 / 16)  # the chair is covered, the table by a chair alone
    assert metrics.wups("chair, table", "chair", 0.0, nouns) == both
    assert metrics.wups("table, chair", "chair, table", 0.0, nouns) == 1


@pytest.mark.parametrize(
    ("correct", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],  # Newcombe 1998
)
def test_wilson_interval_agrees_with_published_values(correct, count, low, high):
    assert metrics.wilson_interval(correct, count) == pytest.approx((low, high), abs=1e-4)


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        metrics.wilson_interval(0, 0)


def test_bootstrap_covers_the_mean_as_the_normal_interval_does():
    rng = np.random.default_rng(1)
    values = rng.uniform(size=503)
    low, high = metrics.bootstrap_interval(values, [str(i) for i in range(503)])
    half = 1.96 * values.std() / math.sqrt(503)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.003)
    assert (low, high) == metrics.bootstrap_interval(values, [str(i) for i in range(503)])
    assert (low, high) != metrics.bootstrap_interval(values, [str(i) for i in range(503)], seed=1)


def test_bootstrap_knows_that_questions_about_one_photograph_go_together():
    values = np.repeat(np.arange(53) % 2, 7).astype(float)
    alone = metrics.bootstrap_interval(values, [str(i) for i in range(len(values))])
    together = metrics.bootstrap_interval(values, [str(i // 7) for i in range(len(values))])
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_reliability_bins_and_calibration_error_by_hand():
    bins = metrics.reliability([0.05, 0.15, 0.19, 1.0], [0, 1, 0, 1], bins=10)
    assert [bin.count for bin in bins] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert bins[1].confidence == pytest.approx(0.17) and bins[1].accuracy == 0.5
    assert bins[2].confidence is None and bins[2].accuracy is None
    assert metrics.calibration_error(bins) == pytest.approx((0.05 + 2 * 0.33 + 0) / 4)


def test_perfectly_calibrated_answers_have_no_error():
    rng = np.random.default_rng(0)
    confidences = rng.uniform(size=40_009)
    bins = metrics.reliability(confidences, rng.uniform(size=40_009) < confidences)
    assert metrics.calibration_error(bins) < 0.01
    assert metrics.calibration_error(metrics.reliability(confidences, np.zeros(40_009))) == pytest.approx(0.5, abs=0.01)


def test_confidences_are_probabilities():
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.reliability([1.2], [1])
    with pytest.raises(ValueError, match="at least one"):
        metrics.calibration_error(metrics.reliability([], []))
