"""The tables of results in documents."""

import json

import pytest

from vqa.__main__ import main
from vqa.report import TABLES, fill


def figures(accuracy, **more):
    return {"accuracy": accuracy, "count": 1009, "interval": [accuracy - 0.1, accuracy + 0.1]} | more


def mean(value):
    return {"mean": value, "count": 7, "interval": [0.0, 1.0]}


def evaluation(accuracy):
    recalls = {"R@1": accuracy, "R@5": 0.5, "R@10": 1.0, "count": 5, "intervals": {}}
    recalls["intervals"] = {key: [0.1, 0.9] for key in ("R@1", "R@5", "R@10")}
    single = figures(0.25) | {"wups_0.9": mean(0.375), "wups_0.0": mean(0.625)}
    return {
        "features": "aligned",
        "split": "test",
        "seed": 0,
        "commit": "0123456789abcdef",
        "weights": "fedcba9876543210",
        "benchmarks": {
            "coco-qa": figures(accuracy, by_type={"color": figures(0.3)}, question_only=figures(0.2)),
            "vqa-human": figures(0.4, by_type={}, soft_accuracy=mean(0.45)),
            "daquar": figures(0.22, by_type={}, single_word=single),
        },
        "ece": 0.0314,
        "reliability": [
            {"low": 0.0, "high": 0.5, "count": 0, "confidence": None, "accuracy": None},
            {"low": 0.5, "high": 1.0, "count": 1009, "confidence": 0.8, "accuracy": 0.75},
        ],
        "retrieval": {"photographs": 1, "captions": 5, "image_to_text": recalls, "text_to_image": recalls},
        "space": {"alignment": 0.9, "modality_gap": 0.125},
    }


@pytest.fixture
def weights(tmp_path):
    for features, accuracy in (("aligned", 0.5), ("unaligned", 0.4)):
        (tmp_path / features).mkdir()
        (tmp_path / features / "eval.json").write_text(json.dumps(evaluation(accuracy)))
    return tmp_path


def document(name):
    return f"before\n<!-- results:{name} -->\nby hand: 99 %\n<!-- /results -->\nafter <!-- of -->\n"


def test_benchmarks_stand_side_by_side():
    results = {"aligned": evaluation(0.5), "unaligned": evaluation(0.4)}
    text = fill(document("benchmarks"), results)
    assert "by hand" not in text
    assert text.startswith("before\n<!-- results:benchmarks -->\n| benchmark | questions | aligned | unaligned |")
    assert text.endswith("|\n<!-- /results -->\nafter <!-- of -->\n")
    assert "| coco-qa | 1,009 | 50.0 [40.0, 60.0] | 40.0 [30.0, 50.0] | 20.0 |" in text
    assert "| vqa-human, soft accuracy | 7 | 45.0 [0.0, 100.0] |" in text
    assert "| daquar, single word, WUPS 0.9 | 7 | 37.5 [0.0, 100.0] |" in text
    assert fill(text, results) == text


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("types", "| coco-qa, color | 1,009 | 30.0 [20.0, 40.0] | 30.0 [20.0, 40.0] | – |"),
        ("calibration", "| 50% – 100% | 75.0 of 1,009, said 80.0 | 75.0 of 1,009, said 80.0 |"),
        ("calibration", "| 0% – 50% | – | – |"),
        ("calibration", "| expected calibration error | 0.031 | 0.031 |"),
        ("retrieval", "| unaligned | image to text | 5 | 40.0 [10.0, 90.0] | 50.0 [10.0, 90.0] | 100.0 [10.0, 90.0] |"),
        ("space", "| modality gap | 0.125 | 0.125 |"),
        ("origin", "| commit | `0123456789ab` | `0123456789ab` |"),
    ],
)
def test_other_tables(name, row):
    assert row in fill(document(name), {"aligned": evaluation(0.5), "unaligned": evaluation(0.4)}).splitlines()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_does_without_what_was_not_measured(name):
    poor = evaluation(0.5)
    del poor["retrieval"], poor["space"]
    poor["benchmarks"] = {"other": figures(0.1, by_type={})}
    text = fill(document(name), {"aligned": evaluation(0.5), "unaligned": poor})
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1


def test_write_then_check(weights, tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text(document("benchmarks") + document("space"))
    command = ["report", str(path), "--weights", str(weights)]
    assert main([*command, "--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert "by hand" in path.read_text()
    assert main(command) == 0
    assert "by hand" not in path.read_text()
    assert main([*command, "--check"]) == 0
    path.write_text(path.read_text().replace("50.0 [40.0", "55.0 [40.0"))
    assert main([*command, "--check"]) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (document("nonsense"), "no table 'nonsense', only benchmarks"),
        ("<!-- results:space -->\n", "lacks its"),
        ("<!-- /results -->\n", "lacks its"),
    ],
)
def test_bad_markers(text, reason, weights, tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text(text)
    assert main(["report", str(path), "--weights", str(weights)]) == 2
    assert reason in capsys.readouterr().err
    assert path.read_text() == text


def test_nothing_measured_yet(tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text(document("space"))
    assert main(["report", str(path), "--weights", str(tmp_path)]) == 2
    assert "evaluate" in capsys.readouterr().err
    path.write_text("no tables here\n")
    assert main(["report", str(path), "--weights", str(tmp_path), "--check"]) == 0
