"""`python -m vqa maps`: the file and the tables it writes."""

import json
import shutil

import pytest

from vqa.__main__ import main
from vqa.common import extras
from vqa.data.images import ImageStore
from vqa.data.trained_on import TrainedOn
from vqa.evaluate.tables import maps_table, pointing_table
from vqa.explain.explanation import METHODS

pytestmark = pytest.mark.usefixtures("one_thread")


def command(photos, weights, *more) -> list[str]:
    return [
        *("maps", "--images", str(photos / "photos"), "--questions", str(photos / "questions.jsonl")),
        *("--weights", str(weights), "--limit", "6", "--few", "3", *more),
    ]


@pytest.fixture
def scipy():
    """The extra `evaluate`, without which maps are not compared."""
    return pytest.importorskip("scipy", reason="comparing maps needs SciPy, of the extra vqa[evaluate]")


def test_without_scipy_it_says_how_to_get_it(photos, tiny_weights, monkeypatch, capsys):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert main(command(photos, tiny_weights)) == 2
    assert "Comparing maps needs scipy: pip install scipy" in capsys.readouterr().err


def test_the_command_writes_the_table(scipy, photos, tiny_weights, capsys):
    out = photos / "maps.json"
    arguments = ["--boxes", str(photos / "boxes.jsonl"), "--variant", "unaligned", "--out", str(out)]
    assert main(command(photos, tiny_weights, *arguments)) == 0
    report = json.loads(out.read_text())
    assert report["variant"] == "unaligned" and report["split"] == "test" and len(report["weights"]) == 64
    assert set(report["data"]) == {"questions.jsonl", "boxes.jsonl"}
    assert report["curves"]["count"] == 6 and set(report["curves"]["methods"]) == {*METHODS, "centre", "random"}
    assert report["pointing"]["questions"]["count"] == report["pointing"]["existence"]["count"] == 6
    drawn = report["pointing"]["drawn scenes"]
    assert drawn["count"] == 6 and 0 < drawn["chance"] < 0.2
    assert report["sanity"]["count"] == report["crops"]["count"] == 3
    assert report["default"] in ("attention", "rollout", "relevance")
    printed = capsys.readouterr().out
    assert printed.strip() == "\n\n".join(make({"unaligned": report}) for make in (maps_table, pointing_table))
    assert all(f"| {method} " in printed or f"| **{method}** " in printed for method in METHODS)


def test_without_boxes_there_is_no_pointing_game_and_the_file_lies_beside_the_weights(scipy, photos, tiny_weights):
    assert main(command(photos, tiny_weights)) == 0
    written = tiny_weights / "aligned" / "maps.json"
    report = json.loads(written.read_text())
    written.unlink()
    assert report["pointing"]["questions"] is None and report["pointing"]["existence"] is None


def test_boxes_go_with_their_photographs_and_what_was_trained_on_is_told(scipy, photos, tiny_weights, tmp_path, caplog):
    weights = tmp_path / "mine"
    shutil.copytree(tiny_weights, weights)
    store = ImageStore([photos / "photos"])
    TrainedOn.of_photographs(store, ["p1", "p2"]).write(weights / "aligned")
    rows = [json.loads(line) for line in (photos / "boxes.jsonl").read_text().splitlines()]
    rows[6]["split"] = "train"
    lines = [json.dumps({key: row[key] for key in row if key != "split" or row["split"] == "train"}) for row in rows]
    (photos / "boxes.jsonl").write_text("\n".join(lines))
    questions = (photos / "questions.jsonl").read_text().splitlines()[:10]  # of p0 to p4: p5 and p6 are unknown
    (photos / "questions.jsonl").write_text("\n".join(questions))
    (photos / "photos" / "p0.png").unlink()
    options = ["--boxes", str(photos / "boxes.jsonl"), "--limit", "20"]
    assert main(command(photos, weights, *options)) == 0
    report = json.loads((weights / "aligned" / "maps.json").read_text())
    assert report["curves"]["count"] == 8  # two questions about each of p1 to p4
    asked = report["pointing"]["existence"]["count"]
    assert asked == 2 * 4  # a dog and a cup in each
    assert (report["photographs"], report["trained_on"]) == (4, 2)
    assert "2 of 10 questions are left out: 1 photograph is not among the images, for instance p0" in caplog.text
    assert "1 of 7 photographs with boxes are left out" in caplog.text


def test_bad_input_is_refused_in_one_line(scipy, photos, tiny_weights, capsys):
    assert main(command(photos, tiny_weights, "--out", str(photos / "nowhere" / "maps.json"))) == 2
    assert main(command(photos, tiny_weights, "--split", "val")) == 2
    assert main(command(photos, photos / "no-weights")) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 3
