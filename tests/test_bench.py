"""Measuring: what is timed, what is compared, and what is written down. How fast anything is, no test can say."""

import json
import time

import pytest

from vqa import bench
from vqa.__main__ import main
from vqa.bench import BULK, Here, interleave, measure_growth, measure_speed, photograph, summary
from vqa.photos import open_photo
from vqa.predictor import VQAPredictor
from vqa.rivals import REGIONS, RIVALS
from vqa.tables import HERE


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
    assert open_photo(photograph(1)).size == (bench.SIDE, bench.SIDE)
    assert photograph(1) == photograph(1) != photograph(2)
    assert open_photo(photograph(1, megapixels=0.01)).size == (100, 100)


@pytest.fixture(scope="module")
def models(tiny_predictor) -> dict:
    rivals = {name: rival(tiny_predictor.processor, "cpu", small=True) for name, rival in RIVALS.items()}
    return {HERE: Here(tiny_predictor, "aligned")} | rivals


@pytest.mark.parametrize("name", [HERE, *RIVALS])
def test_every_model_answers_each_question(models, name):
    model, photos = models[name], [open_photo(photograph(number)) for number in (1, 2)]
    seen = model.look(photos)
    assert len(seen) == len(model.ask(seen, ["what is this?", "is there a cat?"])) == 2
    assert len(model.ask(seen[:1], ["what is this?", "is there a cat?", "how many?"])) == 3
    assert model.parameters > 0


def test_the_others_see_what_they_see_in_their_papers(models):
    photo = [open_photo(photograph(1))]
    assert models["ViLT-B/32"].look(photo).shape == (1, 3, 384, 384)
    assert models["BLIP base"].look(photo).shape[1] == 1 + (384 // 16) ** 2
    assert models["LXMERT"].look(photo).shape == (1, REGIONS, 2048 + 4)


def test_blip_asked_in_parts_answers_as_it_does_itself(models):
    model, photos = models["BLIP base"], [open_photo(photograph(1))]
    ids, mask = model.processor.questions(["what is this?"])
    pixel_values = model.images(photos, return_tensors="pt").pixel_values
    length = {"min_new_tokens": 2, "max_new_tokens": 2, "do_sample": False}
    whole = model.model.generate(ids, pixel_values, attention_mask=mask.long(), **length)
    assert model.ask(model.look(photos), ["what is this?"]).tolist() == whole.tolist()


def test_speed_is_measured_and_the_vit_runs_once_a_photograph(tiny_weights):
    predictor = VQAPredictor.from_pretrained(tiny_weights)  # that knows no photograph yet
    found = measure_speed({HERE: Here(predictor, "aligned")}, {"single": 2, "bulk": 1})
    assert predictor.calls["vit"] == 3 + 1 + 1 + BULK  # first with its warm-up, follow-up, and the two bulks
    assert [times[HERE]["rounds"] for times in found.values()] == [2, 2, 1, 1]


def test_growth_has_every_size_up_to_the_largest_wanted(models):
    found = measure_growth(models[HERE], rounds=1, most=4)
    assert [list(sizes) for sizes in found.values()] == [["1"], ["0.4", "3"], ["2"], ["1", "4"]]


def test_the_command_prints_and_saves_one_run(tiny_weights, tmp_path, capsys):
    out = tmp_path / "bench.json"
    assert main(["bench", "--quick", "--weights", str(tiny_weights), "--out", str(out)]) == 0
    told, found = capsys.readouterr().out, json.loads(out.read_text())
    assert list(found["parameters"]) == [HERE, *RIVALS] and list(found["costs"])
    assert f"| milliseconds | {' | '.join(found['parameters'])} |" in told
    assert "| follow-up question | " in told and "start to first answer" in told
    assert found["costs"]["start of the page until it is ready, s"]["median"] > 0
    assert found["threads"] >= 1 and len(found["speed"]) == len(found["growth"]) == 4


def test_a_trial_leaves_the_measured_figures_alone(tiny_weights, monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure_costs", lambda *args: {})
    monkeypatch.setattr(bench, "measure_speed", lambda *args: {})
    monkeypatch.setattr(bench, "measure_growth", lambda *args: {})
    assert main(["bench", "--quick", "--weights", str(tiny_weights)]) == 0
    assert not (tiny_weights / bench.FILE).exists()


def test_bad_places_are_told_before_anything_is_measured(tiny_weights, tmp_path, capsys):
    weights = ["--weights", str(tiny_weights)]
    assert main(["bench", *weights, "--out", str(tmp_path / "nowhere" / "bench.json")]) == 2
    assert "no folder" in capsys.readouterr().err
    assert main(["bench", "--quick", "--weights", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
