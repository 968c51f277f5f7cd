"""Measured results on the page."""

import json

from vqa.ui.results import read_results, results_html

# Results

EVAL = {
    "variant": "aligned",
    "split": "test",
    "seed": 0,
    "commit": "0123456789abcdef",
    "benchmarks": {
        "coco-qa": {
            "accuracy": 0.537,
            "count": 743,
            "interval": [0.501, 0.573],
            "by_type": {"color": {"accuracy": 0.44, "count": 99, "interval": [0.35, 0.54]}},
            "question_only": {"accuracy": 0.259, "count": 743},
        },
        "daquar": {
            "accuracy": 0.25,
            "count": 30,
            "interval": [0.1, 0.4],
            "by_type": {},
            "single_word": {
                "accuracy": 0.31,
                "count": 20,
                "interval": [0.2, 0.5],
                "wups_0.9": {"mean": 0.37, "count": 20},
            },
        },
    },
    "ece": 0.031,
    "reliability": [
        {"low": 0.0, "high": 0.5, "count": 10, "confidence": 0.3, "accuracy": 0.25},
        {"low": 0.5, "high": 1.0, "count": 0, "confidence": 0.0, "accuracy": 0.0},
    ],
    "retrieval": {"image_to_text": {"R@1": 0.21, "intervals": {"R@1": [0.1, 0.3]}}},
    "space": {"alignment": 0.71},
}


def test_results_are_read_and_shown(tmp_path):
    (tmp_path / "aligned").mkdir()
    (tmp_path / "aligned" / "eval.json").write_text(json.dumps(EVAL))
    results = read_results(tmp_path, ["aligned", "unaligned"])
    html = results_html(results, ["aligned", "unaligned"], "en")
    for expected in (
        "53.7 % [50.1, 57.3]",
        "743",
        "25.9 %",
        "31.0 % [20.0, 50.0]",
        "WUPS 0.9",
        "37.0 %",
        "color",
        "44.0 %",
        "0.031",
        "R@1",
        "21.0 % [10.0, 30.0]",
        "0.710",
        "0123456789ab",
    ):
        assert expected in html
    assert html.count("<circle") == 1 and "No eval.json for unaligned" in html


def test_a_summary_says_what_alignment_changes():
    other = {"benchmarks": {"coco-qa": {"accuracy": 0.5, "count": 773}}, "retrieval": {"image_to_text": {"R@1": 0.001}}}
    html = results_html({"aligned": EVAL, "unaligned": EVAL | other}, ["aligned", "unaligned"], "en")
    right = (0.537 * 743 + 0.25 * 30) / 773
    assert "first for 21.0 % of the photographs, the unaligned one for 0.1 %" in html
    assert f"Of the 773 questions below, they answer {100 * right:.1f} % and 50.0 % correctly." in html
    assert "What alignment changes" not in results_html({"aligned": EVAL}, ["aligned"], "en")


def test_photographs_are_called_new_only_where_that_is_known():
    def page(*trained_on) -> str:
        benchmarks = {f"b{i}": EVAL["benchmarks"]["coco-qa"] | {"photographs": 10} for i in range(len(trained_on))}
        for figures, seen in zip(benchmarks.values(), trained_on, strict=True):
            figures["trained_on"] = seen
        return results_html({"aligned": EVAL | {"benchmarks": benchmarks}}, ["aligned"], "en")

    new = "Accuracy on photographs the model never saw"
    assert new in page(0, 0)
    assert new not in results_html({"aligned": EVAL}, ["aligned"], "en")  # an older file, which does not tell
    assert new not in page(0, None) and "trained on" not in page(0, None)
    assert new not in page(0, 3) and "The model was trained on 3 of the 20 photographs" in page(0, 3)


def test_without_measurements_the_page_says_so(tmp_path):
    (tmp_path / "aligned").mkdir()
    assert "no measurements" in results_html(read_results(tmp_path, ["aligned"]), ["aligned"], "en")
    (tmp_path / "aligned" / "eval.json").write_text("{ damaged")
    assert read_results(tmp_path, ["aligned"]) == {} == read_results(None, ["aligned"])
