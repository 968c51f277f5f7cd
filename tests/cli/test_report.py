"""The tables of results in documents."""

import json

import numpy as np
import pytest

from vqa.__main__ import main
from vqa.cli.report import TABLES, fill, read_measured
from vqa.evaluate.contrast import FILE
from vqa.evaluate.paired import note
from vqa.evaluate.plots import curve_svg
from vqa.evaluate.tables import count_parameters


def figures(accuracy, **more):
    return {"accuracy": accuracy, "count": 1009, "interval": [accuracy - 0.1, accuracy + 0.1]} | more


def mean(value):
    return {"mean": value, "count": 7, "interval": [0.0, 1.0]}


def evaluation(accuracy):
    recalls = {"R@1": accuracy, "R@5": 0.5, "R@10": 1.0, "count": 5, "intervals": {}}
    recalls["intervals"] = {key: [0.1, 0.9] for key in ("R@1", "R@5", "R@10")}
    single = figures(0.25) | {"wups_0.9": mean(0.375), "wups_0.0": mean(0.625)}
    return {
        "variant": "aligned",
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
        "captions": {
            "bleu_4": {"value": 0.211, "interval": [0.125, 0.25]},
            "cider": {"value": 0.5, "interval": [0.4, 0.6]},
            "count": 1009,
            "references": 5045,
            "repeated": 3,
        },
        "zero_shot": {
            "count": 529,
            "answers": 40,
            "chance": 0.025,
            "majority": 0.0625,
            "cosine": {"accuracy": accuracy, "interval": [0.3, 0.6]},
            "closed_search": {"accuracy": 0.625, "interval": [0.5, 0.75]},
        },
        "space": {"alignment": 0.9, "modality_gap": 0.125},
    }


@pytest.fixture
def weights(tmp_path):
    for variant, accuracy in (("aligned", 0.5), ("unaligned", 0.4)):
        (tmp_path / variant).mkdir()
        (tmp_path / variant / "eval.json").write_text(json.dumps(evaluation(accuracy)))
    return tmp_path


def document(name):
    return f"before\n<!-- results:{name} -->\nby hand: 99 %\n<!-- /results -->\nafter <!-- of -->\n"


def test_benchmarks_stand_side_by_side():
    results = {"eval.json": {"aligned": evaluation(0.5), "unaligned": evaluation(0.4)}}
    text = fill(document("benchmarks"), results)
    assert "by hand" not in text
    assert text.startswith("before\n<!-- results:benchmarks -->\n| benchmark | questions | aligned | unaligned |")
    assert text.endswith("|\n<!-- /results -->\nafter <!-- of -->\n")
    assert "| coco-qa | 1,009 | 50.0 [40.0, 60.0] | 40.0 [30.0, 50.0] | 20.0 |" in text
    assert "| vqa-human, soft accuracy | 7 | 45.0 [0.0, 100.0] |" in text
    assert "| daquar, single word, WUPS 0.9 | 7 | 37.5 [0.0, 100.0] |" in text
    assert fill(text, results) == text


def test_benchmarks_tell_the_paired_difference_of_two_models():
    rights = {"aligned": [True] * 4, "unaligned": [True, True, True, False]}
    files = {name: evaluation(0.5) for name in rights}
    for name, right in rights.items():
        own = note((f"p{i}", "what?", is_right) for i, is_right in enumerate(right))
        files[name]["benchmarks"]["coco-qa"]["paired"] = own
    text = fill(document("benchmarks"), {"eval.json": files})
    assert "| question-only | aligned − unaligned |" in text
    assert "| 20.0 | +25.0 [-17.4, +67.4] |" in text
    assert text.count("| – |\n") > 2  # of what holds no note
    assert "−" not in fill(document("benchmarks"), {"eval.json": {"aligned": files["aligned"]}})


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("types", "| coco-qa, color | 1,009 | 30.0 [20.0, 40.0] | 30.0 [20.0, 40.0] | – |"),
        ("calibration", "| 50% – 100% | 75.0 of 1,009, said 80.0 | 75.0 of 1,009, said 80.0 |"),
        ("calibration", "| 0% – 50% | – | – |"),
        ("calibration", "| expected calibration error | 0.031 | 0.031 |"),
        ("retrieval", "| unaligned | image to text | 5 | 40.0 [10.0, 90.0] | 50.0 [10.0, 90.0] | 100.0 [10.0, 90.0] |"),
        ("captions", "| aligned | 1,009 | 21.1 [12.5, 25.0] | 50.0 [40.0, 60.0] | 3 |"),
        ("zero_shot", "| nearest by cosine | 50.0 [30.0, 60.0] | 40.0 [30.0, 60.0] |"),
        ("zero_shot", "| closed search on the question | 62.5 [50.0, 75.0] | 62.5 [50.0, 75.0] |"),
        ("zero_shot", "| always the most frequent answer | 6.2 | 6.2 |"),
        ("zero_shot", "| chance | 2.5 | 2.5 |"),
        ("zero_shot", "529 questions, 40 answers."),
        ("space", "| modality gap | 0.125 | 0.125 |"),
        ("origin", "| commit | `0123456789ab` | `0123456789ab` |"),
    ],
)
def test_other_tables(name, row):
    results = {"aligned": evaluation(0.5), "unaligned": evaluation(0.4)}
    assert row in fill(document(name), {"eval.json": results}).splitlines()


def test_easy_vqa_has_a_table_of_its_own():
    text = fill(document("easy"), {"easy-vqa.json": evaluation(0.5)})
    assert "| benchmark | questions | aligned | question-only |" in text
    assert "| vqa-human | 1,009 | 40.0 [30.0, 50.0] | – |" in text


@pytest.mark.parametrize("name", [name for name, (file, _) in TABLES.items() if file == "eval.json"])
def test_every_table_does_without_what_was_not_measured(name):
    poor = evaluation(0.5)
    del poor["retrieval"], poor["space"], poor["captions"], poor["zero_shot"]
    poor["benchmarks"] = {"other": figures(0.1, by_type={})}
    text = fill(document(name), {"eval.json": {"aligned": evaluation(0.5), "unaligned": poor}})
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1


@pytest.mark.parametrize("name", ["captions", "zero_shot"])
def test_what_no_checkpoint_was_measured_by_is_not_measured_yet(name):
    poor = {key: value for key, value in evaluation(0.5).items() if key != name}
    assert fill(document(name), {"eval.json": {"aligned": poor}}).splitlines()[2:-2] == ["Not measured yet."]


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


def test_a_table_stands_in_one_document_only(weights, tmp_path, capsys):
    first, second = tmp_path / "first.md", tmp_path / "second.md"
    first.write_text(document("space"))
    second.write_text(document("benchmarks") + document("space"))
    assert main(["report", str(first), str(second), "--weights", str(weights)]) == 2
    assert f"'space' stands in {first} and again in {second}" in capsys.readouterr().err
    assert "by hand" in first.read_text()
    second.write_text(document("benchmarks"))
    assert main(["report", str(first), str(second), "--weights", str(weights)]) == 0
    assert "by hand" not in first.read_text() + second.read_text()


def test_the_summary_has_the_main_figures():
    results = {"eval.json": {"aligned": evaluation(0.5), "unaligned": evaluation(0.375)}}
    assert fill(document("summary"), results).splitlines()[2:-2] == [
        "| test split | aligned | unaligned | question-only |",
        "| --- | --- | --- | --- |",
        "| vqa-human: accuracy, % | 40.0 | 40.0 | – |",
        "| coco-qa: accuracy, % | 50.0 | 37.5 | 20.0 |",
        "| daquar, single words: accuracy, % | 25.0 | 25.0 | – |",
        "| photograph to caption: R@1, % | 50.0 | 37.5 | – |",
        "| caption to photograph: R@1, % | 50.0 | 37.5 | – |",
        "| captions: BLEU-4 | 21.1 | 21.1 | – |",
        "| expected calibration error | 0.031 | 0.031 | – |",
    ]


CONFIG = {
    "variant": "aligned",
    "fusion": "coattention",
    "hidden_size": 96,
    "num_heads": 3,
    "patch_blocks": 1,
    "word_blocks": 5,
    "decoder_layers": 2,
    "answer_vocab_size": 4001,
    "temperatures": {"yes/no": 1.25},
    "sure_threshold": 0.375,
    "vision_config": {"hidden_size": 11, "image_size": [320, 160], "patch_size": 32},
    "text_config": {"hidden_size": 13},
}


@pytest.mark.parametrize(
    "row",
    [
        "| photograph, pixels | 320 × 160 | 64 × 64 |",
        "| P, patches | 50 (10 × 5) | 4 (2 × 2) |",
        "| W, width of the image encoder | 11 | 11 |",
        "| word blocks | 5 | – |",
        "| V, answer pieces | 4,001 | 4,001 |",
        "| called a guess below | 38% | 38% |",
    ],
)
def test_the_table_of_settings(row):
    vision = {"hidden_size": 11, "image_size": 64, "patch_size": 32}
    configs = {"aligned": CONFIG, "unaligned": CONFIG | {"fusion": "pooled", "vision_config": vision}}
    assert row in fill(document("settings"), {"config.json": configs}).splitlines()


def test_the_table_of_contrasting_cases():
    said = {"aligned": {"answer": "no", "probability": 0.643}, "unaligned": {"answer": "yes", "probability": 0.35}}
    case = {"kind": "helps", "example": "astronaut", "question": "Is it snow?", "truth": "no"} | said
    lines = fill(document("contrast"), {FILE: {"cases": [case], "count": 76}}).splitlines()
    assert "| helps | astronaut | Is it snow? | no | no, 64% | yes, 35% |" in lines
    assert "Chosen among 76 questions." in lines


def test_the_table_of_training():
    record = {
        "variant": "aligned",
        "settings": {"align": {"steps": 70}, "fit": {"steps": 1100}},
        "examples": {"coco-qa": 1009},
        "seconds": 7260,
    }
    other = record | {"variant": "unaligned", "examples": {"vsr": 13}, "trained_on": "GPU"}
    encoders = {"settings": {"fit": {"steps": 5}}, "examples": {"vsr": 2}, "seconds": 60}
    records = {"aligned": record, "encoders": encoders, "unaligned": other}
    rows = fill(document("training"), {"train.json": records}).splitlines()
    assert {
        "| steps on captions alone | 70 | – | – |",
        "| steps | 1,100 | 5 | 1,100 |",
        "| minutes | 121 | 1 | 121 |",
        "| machine | – | – | GPU |",
        "| rows of `coco-qa` | 1,009 | – | – |",
        "| rows of `vsr` | – | 2 | 13 |",
    } <= set(rows)


def test_parameters_are_counted_in_the_files(weights, tmp_path):
    from safetensors.numpy import save_file

    folder = weights / "encoders" / "vision"
    folder.mkdir(parents=True)
    tensors = {"a": np.zeros((1000, 700), np.float16), "b": np.zeros(50_000, np.float32), "c": np.zeros(())}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert count_parameters(folder / "model.safetensors") == 750_001
    assert "| `encoders/vision` | 0.8 |" in fill(document("parameters"), read_measured(weights)).splitlines()


@pytest.mark.parametrize("content", [b"", b"\x02\0\0\0\0\0\0\0[]", b"\xff" * 16, b"\x02\0\0\0\0\0\0\0{"])
def test_a_file_that_is_no_safetensors(content, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="is not a safetensors file"):
        count_parameters(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (document("nonsense"), "no table 'nonsense', only summary"),
        ("<!-- results:space -->\n", "needs a `<!-- /results -->`"),
        ("<!-- /results -->\n", "needs a `<!-- /results -->`"),
    ],
)
def test_bad_markers(text, reason, weights, tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text(text)
    assert main(["report", str(path), "--weights", str(weights)]) == 2
    assert reason in capsys.readouterr().err
    assert path.read_text() == text


def curve():
    def part(*seeds):
        figure = {"mean": sum(seeds) / len(seeds), "deviation": 0.0123, "seeds": list(seeds)}
        return {"benchmarks": {"coco-qa": figure}, "space": {}}

    variants = {"aligned": [part(0.25, 0.75), part(0.5)], "unaligned": [part(0.2, 0.5), part(0.625)]}
    return {"shares": [0.1, 1.0], "questions": [1234.5, 12345], "variants": variants}


def test_the_table_of_the_curve_and_its_picture():
    lines = fill(document("curve"), {"curve.json": curve()}).splitlines()
    assert lines[2].startswith("![") and lines[2].endswith("](curve.svg)") and lines[3] == ""
    assert lines[4] == "| benchmark | variant | 10% (1,234 questions) | 100% (12,345 questions) |"
    assert lines[6:9] == [
        "| coco-qa | aligned | 50.0 ± 1.2 | 50.0 ± 1.2 |",
        "| coco-qa | unaligned | 35.0 ± 1.2 | 62.5 ± 1.2 |",
        "| coco-qa | aligned − unaligned | +15.0 ± 14.1 | -12.5 |",
    ]


def test_a_picture_is_written_beside_its_document_and_checked(weights, tmp_path, capsys):
    (tmp_path / "docs").mkdir()
    path, picture = tmp_path / "docs" / "results.md", tmp_path / "docs" / "curve.svg"
    path.write_text(document("curve"))
    command = ["report", str(path), "--weights", str(weights)]
    assert main(command) == 0 and not picture.exists()  # nothing is measured yet
    (weights / "curve.json").write_text(json.dumps(curve()))
    assert main([*command, "--check"]) == 1 and not picture.exists()
    assert main(command) == 0
    drawn = picture.read_text()
    assert drawn == curve_svg(curve())
    assert main([*command, "--check"]) == 0
    picture.write_text(drawn.replace("coco-qa", "coco"))
    capsys.readouterr()
    assert main([*command, "--check"]) == 1
    assert f"{picture} is out of date" in (told := capsys.readouterr().out) and str(path) not in told
    assert main(command) == 0 and picture.read_text() == drawn


def times(median, rounds=3):
    return {"median": median, "quartiles": [median - 1, median + 2], "rounds": rounds}


BENCH = {
    "device": "cpu",
    "threads": 2,
    "torch": "2.13.0",
    "commit": "0123456789abcdef",
    "parameters": {"this model": 39e6, "ViLT-B/32": 118e6},
    "speed": {"follow-up question": {"this model": times(20.0), "ViLT-B/32": times(250.0, 15)}},
    "growth": {"allowed answers": {"2": times(7.0), "4096": times(123.4)}},
    "costs": {"start, s": times(5.25), "peak memory, MB": None, "all weights, MB": 88.9},
}
LOAD = {
    "visits": [
        {
            "visitors": 64,
            "seconds": 120,
            "answers": 3000,
            "p50": 0.9,
            "p95": 2.25,
            "refused": 12,
            "errors": 0,
            "different": 0,
        }
    ],
    "soak": {"questions": 1000, "photographs": 200, "memory_mb": [700.0, 704.0]},
}


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("bench", "| milliseconds | this model | ViLT-B/32 |"),
        ("bench", "| follow-up question | 20.0 [19.0, 22.0] | 250 [249, 252], 12.5 × |"),
        ("bench", "| parameters, millions | 39 | 118 |"),
        ("growth", "| allowed answers | 2: 7.00, 4096: 123 |"),
        ("costs", "| start, s | 5.25 [4.25, 7.25] |"),
        ("costs", "| peak memory, MB | – |"),
        ("costs", "| all weights, MB | 88.9 |"),
        ("load", "| 64 | 3,000 | 25.0 | 0.90 | 2.25 | 12 | 0 | 0 |"),
    ],
)
def test_speed_tables(name, row):
    text = fill(document(name), {"bench.json": BENCH, "load.json": LOAD})
    assert row in text.splitlines()
    assert "by hand" not in text


def test_the_notes_below_the_speed_tables():
    text = fill(document("bench") + document("load"), {"bench.json": BENCH, "load.json": LOAD})
    assert "cpu, 2 threads, float32, torch 2.13.0; medians [quartiles] of 3 or 15 rounds" in text
    assert "1,000 questions about 200 photographs: the server held 700 MB after the first fifth and 704 MB" in text


def maps_report(gain):
    share = {"mean": gain, "count": 9, "interval": [gain - 0.01, gain + 0.01]}
    curves = {"deletion_gain": share, "insertion_gain": share, "deletion_over_centre": share}
    pointed = {"hits": mean(0.5), "ratio": 2.0}
    return {
        "curves": {"count": 9, "looking": 4, "methods": {"relevance": curves, "centre": curves}},
        "sanity": {"count": 3, "methods": {"relevance": {"decoder": 0.5, "projections": 0.125}}},
        "crops": {"count": 3, "methods": {"relevance": {"same": 0.75, "others": 0.25}}},
        "pointing": {
            "scenes": {
                "count": 9,
                "chance": 0.25,
                "methods": {"relevance": pointed | {"weight_in_boxes": mean(0.375)}, "centre": pointed},
            },
            "existence": None,
        },
        "default": "relevance",
    }


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "maps",
            "| **relevance** | unaligned | +3.00 [+2.00, +4.00] | +3.00 [+2.00, +4.00] | +3.00 [+2.00, +4.00] "
            "| 0.12 | 0.75 (0.25) |",
        ),
        (
            "maps",
            "| centre | aligned | +2.00 [+1.00, +3.00] | +2.00 [+1.00, +3.00] | +2.00 [+1.00, +3.00] | – | – |",
        ),
        (
            "pointing",
            "| scenes (9) | relevance | 25.0 | 50.0 [0.0, 100.0], 2.00 × | 37.5 | 50.0 [0.0, 100.0], 2.00 × | 37.5 |",
        ),
        (
            "pointing",
            "| scenes (9) | centre | 25.0 | 50.0 [0.0, 100.0], 2.00 × | – | 50.0 [0.0, 100.0], 2.00 × | – |",
        ),
    ],
)
def test_tables_of_maps(name, row):
    reports = {"aligned": maps_report(0.02), "unaligned": maps_report(0.03)}
    text = fill(document(name), {"maps.json": reports})
    assert row in text.splitlines()
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_empty_until_it_is_measured(name):
    assert fill(document(name), {}) == f"before\n<!-- results:{name} -->\n<!-- /results -->\nafter <!-- of -->\n"


@pytest.mark.parametrize(("content", "reason"), [("{", "is not JSON"), ("{}", "is not what bench measures")])
def test_a_file_that_is_no_measurement(content, reason, tmp_path, capsys):
    (tmp_path / "bench.json").write_text(content)
    (tmp_path / "README.md").write_text(document("bench"))
    assert main(["report", str(tmp_path / "README.md"), "--weights", str(tmp_path)]) == 2
    assert reason in capsys.readouterr().err
