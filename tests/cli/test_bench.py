"""`python -m vqa bench`: what it prints and saves."""

import json

import pytest

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


@pytest.fixture
def quick(tiny_weights, tmp_path):
    """Runs a trial and returns its exit code; `quick.out` and `quick.parts` are the files."""
    out = tmp_path / "bench.json"

    def run(*options: str) -> int:
        return main(["bench", "--quick", "--weights", str(tiny_weights), "--out", str(out), *options])

    run.out, run.parts = out, tmp_path / "bench.json.parts"
    return run


def interrupted_at(monkeypatch, name: str, round_number: int = 1) -> None:
    """Ends a run as Ctrl-C would, as a round of a part begins."""
    tell = bench._tell

    def stop(line: str) -> None:
        tell(line)
        if line == f"{name}: round {round_number} of 1":
            raise KeyboardInterrupt

    monkeypatch.setattr(bench, "_tell", stop)


PARTS = ["single", "bulk", "questions on one photograph, one by one", "megapixels of the photograph, first question"]


def test_an_interrupted_run_keeps_its_parts_and_goes_on(quick, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupted_at(patch, PARTS[-1])
        assert quick() == 130
    lines = [line for line in capsys.readouterr().err.splitlines() if ": round" in line]
    assert lines == [f"{name}: round 1 of 1" for name in PARTS]  # progress, told on lines
    kept = json.loads(quick.parts.read_text())["found"]
    assert list(kept) == PARTS[:-1] and not quick.out.exists()

    assert quick() == 0
    lines = capsys.readouterr().err.splitlines()
    taken = [f"{name}: taken from the run that was interrupted" for name in PARTS[:-1]]
    assert [line for line in lines if "taken from" in line] == taken
    found = json.loads(quick.out.read_text())
    assert found["speed"] == kept["single"] | kept["bulk"]
    assert found["growth"][PARTS[2]] == kept[PARTS[2]] and len(found["growth"]) == 4
    assert not quick.parts.exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda saved: saved["made_from"].update(weights="0" * 64), "measured anew: weights differs."),
        (lambda saved: saved["made_from"].update(code="", threads=99), "measured anew: threads, code differ."),
        (lambda saved: saved.pop("found"), "measured anew: file differs."),
    ],
    ids=["weights", "code", "file"],
)
def test_what_was_made_from_something_else_is_measured_anew(quick, change, told, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupted_at(patch, "bulk")
        assert quick() == 130
    saved = json.loads(quick.parts.read_text())
    change(saved)
    quick.parts.write_text(json.dumps(saved))
    capsys.readouterr()
    interrupted_at(monkeypatch, "single")
    assert quick() == 130
    assert told in capsys.readouterr().err


def test_a_trial_leaves_the_measured_figures_alone(tiny_weights, monkeypatch, capsys):
    before = sorted(tiny_weights.iterdir())
    interrupted_at(monkeypatch, "bulk")
    assert main(["bench", "--quick", "--weights", str(tiny_weights)]) == 130
    assert sorted(tiny_weights.iterdir()) == before


def test_bad_places_are_told_before_anything_is_measured(tiny_weights, tmp_path, capsys):
    weights = ["--weights", str(tiny_weights)]
    assert main(["bench", *weights, "--out", str(tmp_path / "nowhere" / "bench.json")]) == 2
    assert "no folder" in capsys.readouterr().err
    assert main(["bench", "--quick", "--weights", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
