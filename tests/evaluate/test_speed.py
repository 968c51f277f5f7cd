"""Measuring: what is timed. How fast anything is, no test can say."""

import pytest

from vqa.evaluate import speed
from vqa.evaluate.rivals import RIVALS
from vqa.evaluate.speed import BULK, SIDE, Here, growth_parts, interleave, photograph, speed_parts, summary
from vqa.evaluate.tables import HERE
from vqa.inference.predictor import VQAPredictor
from vqa.processing.photos import open_photo


def test_the_tasks_take_turns_and_only_the_call_is_timed(monkeypatch):
    done, now = [], [0.0]  # a clock that only the tasks move
    monkeypatch.setattr(speed.time, "perf_counter", lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    def task(name: str, seconds: float):
        def ready(turn: int):
            done.append(f"ready {name}{turn}")
            pass_time(7)
            return lambda: (done.append(f"{name}{turn}"), pass_time(seconds * (1 + turn)))

        return ready

    found = interleave({"a": task("a", 0), "b": task("b", 0.1)}, 2, done.append)
    rounds = [
        ["round 1 of 2", "ready a0", "a0", "ready b0", "b0"],
        ["round 2 of 2", "ready a1", "a1", "ready b1", "b1"],
    ]
    assert done == rounds[0] + rounds[1]
    assert found["a"] == {"median": 0, "quartiles": [0, 0], "rounds": 2}
    assert found["b"] == {
        "median": pytest.approx(150),
        "quartiles": [pytest.approx(125), pytest.approx(175)],
        "rounds": 2,
    }


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


def quiet(_: str) -> None:
    """For those who do not want to hear of rounds."""


def test_speed_is_measured_and_the_vit_runs_once_a_photograph(tiny_weights):
    predictor = VQAPredictor.from_pretrained(tiny_weights)  # that knows no photograph yet
    parts, seen, rounds = speed_parts({HERE: Here(predictor, "aligned")}, {"single": 2, "bulk": 1}), [], []
    for measure in parts.values():
        rounds += [times[HERE]["rounds"] for times in measure(quiet).values()]
        seen.append(predictor.calls["vit"])
    assert list(parts) == ["single", "bulk"] and rounds == [2, 2, 1, 1]
    assert seen == [3 + 1, 3 + 1 + 1 + BULK]  # first with its warm-up, follow-up, and the two bulks


def test_all_models_take_their_turns(models):
    found = speed_parts(models, {"single": 1, "bulk": 1})["single"](quiet)
    assert [list(times) for times in found.values()] == [[HERE, *RIVALS]] * 2


def test_growth_has_every_size_up_to_the_largest_wanted(models):
    found = {name: measure(quiet) for name, measure in growth_parts(models[HERE], rounds=1, most=4).items()}
    assert [list(sizes) for sizes in found.values()] == [["1"], ["0.4", "3"], ["2"], ["1", "4"]]
