"""`python -m vqa bench`: what it prints and saves."""

import json

from vqa.__main__ import main
from vqa.cli import bench
from vqa.evaluate.rivals import RIVALS
from vqa.evaluate.tables import HERE


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
