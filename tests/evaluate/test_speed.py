"""Measuring: what is timed. How fast anything is, no test can say."""

import time

import pytest

from vqa.evaluate.rivals import RIVALS
from vqa.evaluate.speed import BULK, SIDE, Here, interleave, measure_growth, measure_speed, photograph, summary
from vqa.evaluate.tables import HERE
from vqa.inference.predictor import VQAPredictor
from vqa.processing.photos import open_photo


def test_the_tasks_take_turns_and_only_the_call_is_timed():
    done = []

    def task(name: str, seconds: float):
        def ready(turn: int):
            done.append(f"ready {name}{turn}")
            time.sleep(0.05)
            return lambda: (done.append(f"{name}{turn}"), time.sleep(seconds))

        return ready

    found = interleave({"a": task("a", 0), "b": task("b", 0.1)}, rounds=2)
    assert done == ["ready a0", "a0", "ready b0", "b0", "ready a1", "a1", "ready b1", "b1"]
    assert found["a"]["median"] < 50 < 100 <= found["b"]["median"]
    assert found["a"]["rounds"] == 2


def test_a_summary_is_the_median_with_quartiles():
    assert summary([5, 1, 4, 2, 3]) == {"median": 3, "quartiles": [2, 4], "rounds": 5}
    assert summary([7.0]) == {"median": 7.0, "quartiles": [7.0, 7.0], "rounds": 1}


def test_photographs_differ_and_have_their_size():
    assert open_photo(photograph(1)).size == (SIDE, SIDE)
    assert photograph(1) == photograph(1) != photograph(2)
    assert open_photo(photograph(1, megapixels=0.01)).size == (100, 100)


@pytest.fixture(scope="module")
def models(tiny_predictor) -> dict:
    rivals = {name: rival(tiny_predictor.processor, "cpu", small=True) for name, rival in RIVALS.items()}
    return {HERE: Here(tiny_predictor, "aligned")} | rivals


def test_speed_is_measured_and_the_vit_runs_once_a_photograph(tiny_weights):
    predictor = VQAPredictor.from_pretrained(tiny_weights)  # that knows no photograph yet
    found = measure_speed({HERE: Here(predictor, "aligned")}, {"single": 2, "bulk": 1})
    assert predictor.calls["vit"] == 3 + 1 + 1 + BULK  # first with its warm-up, follow-up, and the two bulks
    assert [times[HERE]["rounds"] for times in found.values()] == [2, 2, 1, 1]


def test_growth_has_every_size_up_to_the_largest_wanted(models):
    found = measure_growth(models[HERE], rounds=1, most=4)
    assert [list(sizes) for sizes in found.values()] == [["1"], ["0.4", "3"], ["2"], ["1", "4"]]
