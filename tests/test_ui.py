"""What the page says and draws, without a browser: texts, markup, plots, results, one visitor's state."""

import json
import re
import string
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vqa.english import is_english
from vqa.predictor import Answer, Prediction, Similarity
from vqa.ui import visit as visits
from vqa.ui.answers import answers_html, history_html, sureness
from vqa.ui.checks import question_problem
from vqa.ui.gallery import Gallery, load_examples
from vqa.ui.lab import captions_found_html, figures_html, matrix_html, photos_found_html, plane_html
from vqa.ui.maps import cosines_html, maps_html
from vqa.ui.markup import choice, percent
from vqa.ui.results import read_results, results_html
from vqa.ui.suggestions import KINDS, suggest
from vqa.ui.texts import TEXTS, T, language_of, text
from vqa.ui.visit import COMPARE, Focus, Turn, View, Visit

QUESTION = "what color is the cat?"
HOSTILE = "<img src=x onerror=alert(1)>"


def prediction(answer: str, probability: float, features: str = "aligned", sure: bool = True) -> Prediction:
    timings = {"image": 40.0, "question": 3.0, "fusion": 2.0, "decode": 5.0, "total": 50.0}
    return Prediction(QUESTION, features, [Answer(answer, probability), Answer("other", 0.05)], sure, timings)


def similarity(percentile: float | None) -> Similarity:
    return Similarity(0.31, ["cat"], np.full((1, 3, 3), 0.1), percentile, percentile)


def turn(first: bool = True, **answers: Prediction) -> Turn:
    blind = {name: prediction("black", 0.2, name) for name in answers}
    similarities = {name: similarity(80.0) for name in answers} if len(answers) > 1 else {}
    return Turn(QUESTION, COMPARE if len(answers) > 1 else "aligned", answers, blind, similarities, first)


@pytest.fixture
def visited(tiny_predictor, photo) -> Visit:
    return Visit(tiny_predictor.encode(photo))


# Texts


def test_every_text_exists_in_both_languages_with_the_same_values():
    for key, pair in TEXTS.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(words) if name} for words in pair]
        assert all(pair) and fields[0] == fields[1], key
        assert re.search(r"[\u4e00-\u9fff]", pair[1]), f"{key} is not in Chinese"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.5", "en"),
        ("fr-FR,zh;q=0.5", "zh"),
        ("fr", "en"),
        (None, "en"),
    ],
)
def test_the_browsers_language_is_understood(header, language):
    assert language_of(header) == language


@pytest.mark.parametrize(
    "question",
    ["What color is the cat?", "cat?", "Is the café open?", "how many 7-Eleven signs", "What does 'la' mean?", "🐈?"],
)
def test_english_questions_pass(question):
    assert is_english(question)


@pytest.mark.parametrize(
    "question",
    ["这只猫是什么颜色？", "какого цвета кот?", "¿de qué color es el gato?", "de quelle couleur est le chat ?",
     "welche Farbe hat die Katze?", "この猫は何色ですか", "ما لون القطة؟", "di che colore è il gatto?"],
)  # fmt: skip
def test_other_languages_are_noticed(question):
    assert not is_english(question)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "Type a question"),
        (" \n?!", "Type a question"),
        ("why " * 200, "800 characters"),
        ("por qué", "English only"),
    ],
)
def test_what_cannot_be_asked_gets_a_reason(question, said):
    assert said in question_problem(question, "en") and question_problem(question, "zh")
    assert question_problem("Why?", "en") == ""


def test_a_key_carries_its_values():
    assert text("en", "map.layer.decoder", **T("map.layer.decoder", n=2).values) == "decoder 2"


# What a visitor picks


def test_picks_are_parsed_and_nonsense_is_refused():
    assert Focus.parse("word:2") == Focus("word", index=2)
    assert Focus.parse("piece:unaligned:1") == Focus("piece", "unaligned", 1)
    assert Focus.parse("spot:3,5") == Focus("spot", spot=(3, 5))
    for nonsense in ("", "spot:1", "word:x", "file:/etc/passwd"):
        with pytest.raises(ValueError):
            Focus.parse(nonsense)


def test_views_become_arguments_of_explain():
    assert View("relevance", "1", "0").arguments() == {"method": "relevance"}
    assert View("attention", "rollout", "1").arguments() == {"method": "rollout"}
    assert View("attention", "mean", "1").arguments() == {"method": "attention", "layer": None, "head": 1}
    assert View("attention", "2", "mean").arguments() == {"method": "attention", "layer": 2, "head": None}


# Answers


@pytest.mark.parametrize(
    ("probability", "sure", "words"),
    [(0.95, True, "very"), (0.7, True, "fairly"), (0.5, True, "leaning"), (0.7, False, "guess"), (0.1, False, "guess")],
)
def test_words_for_confidence(probability, sure, words):
    assert sureness(prediction("cat", probability, sure=sure)) == words


def test_what_others_wrote_comes_out_as_text(visited):
    asked = replace(
        turn(aligned=prediction(HOSTILE, 0.6)), question=HOSTILE, blind={"aligned": prediction(HOSTILE, 0.5)}
    )
    visit = replace(visited, turns=(asked,), current=0)
    html = answers_html(visit, "en") + history_html(visit, "en") + choice(HOSTILE, HOSTILE, note=HOSTILE)
    assert "<img" not in html and "&lt;img" in html


def test_the_card_says_whether_looking_mattered(visited):
    same = replace(visited, turns=(turn(aligned=prediction("black", 0.6)),), current=0)
    other = replace(visited, turns=(turn(aligned=prediction("white", 0.6)),), current=0)
    assert "would say the same" in answers_html(same, "en")
    assert "The photograph changed its mind" in answers_html(other, "en")


def test_a_follow_up_says_what_was_saved(visited):
    answer = replace(prediction("cat", 0.9), timings_ms={"image": 0.0, "question": 3.0, "fusion": 2.0, "decode": 5.0})
    photo = replace(visited.photo, image_ms=40.0)
    visit = replace(visited, photo=photo, turns=(turn(first=False, aligned=answer),), current=0)
    assert "10 ms instead of 50 ms, 80 % less" in answers_html(visit, "en")


def test_a_comparison_tells_the_truth_where_unaligned_does_better(visited):
    results = {
        "aligned": {"benchmarks": {"coco-qa": {"accuracy": 0.5}, "vsr": {"accuracy": 0.6}}},
        "unaligned": {"benchmarks": {"coco-qa": {"accuracy": 0.4}, "vsr": {"accuracy": 0.7}}},
    }
    asked = turn(aligned=prediction("cat", 0.4), unaligned=prediction("dog", 0.8, "unaligned"))
    html = answers_html(replace(visited, turns=(asked,), current=0), "en", results)
    assert "unaligned is the surer one (80 % against 40 %)" in html
    assert "aligned : unaligned – coco-qa 50 % : 40 %, vsr 60 % : 70 %." in html
    assert "above 80 % of mismatched pairs" in html


def test_shares_are_written_with_sense():
    assert [percent(x) for x in (0, 0.0001, 0.0312, 0.72, 0.0999, 1)] == [
        "0 %",
        "< 0.1 %",
        "3.1 %",
        "72 %",
        "10 %",
        "100 %",
    ]


# One visit, with a tiny model


def test_a_photograph_is_read_once_and_questions_leave_the_vit_alone(tiny_predictor):
    shown = Image.new("RGB", (70, 50), "olive")
    tiny_predictor.encode(shown)
    before = tiny_predictor.calls["vit"]
    again = tiny_predictor.encode(shown)  # a browser may tell twice of an upload; no question was asked yet
    visit = visits.ask(Visit(again), tiny_predictor, QUESTION, "aligned", View())
    visit = visits.ask(visit, tiny_predictor, "is there a dog?", COMPARE, View("attention", "0", "1"))
    assert tiny_predictor.calls["vit"] == before
    assert [asked.first for asked in visit.turns] == [True, False]
    assert visit.turn.milliseconds["image"] == 0
    assert set(visit.turn.predictions) == set(visit.explanations) == {"aligned", "unaligned"}
    assert visit.explanations["aligned"].method == "attention"


def test_the_result_is_exported_as_plain_json(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, View("off"))
    exported = json.loads(json.dumps(visit.turn.to_dict()))
    assert exported["question"] == QUESTION
    result = exported["results"]["unaligned"]
    assert result["top"][0]["answer"] == result["answer"] and "without_looking" in result
    assert len(result["similarity"]["word_patch"]) == len(result["similarity"]["words"])
    assert visit.explanations == {} and maps_html(visit, 0.5, "en") == ""


def test_maps_follow_what_is_picked(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, View("relevance"))
    whole = maps_html(visit, 0.7, "en")
    assert whole.count('alt="Heatmap over the photograph, relevance') == 2
    assert cosines_html(visit, 0.7, "en").count('alt="Cosine similarity of') == 2
    word = maps_html(replace(visit, focus=Focus("word", index=1)), 0.7, "en")
    assert "The patches that the word “color” reads." in word
    spot = maps_html(replace(visit, focus=Focus("spot", spot=(2, 1))), 0.7, "en")
    assert "row 3, column 2" in spot and "marked" in spot
    beyond = maps_html(replace(visit, focus=Focus("spot", spot=(99, -4))), 0.7, "en")
    assert "row 3, column 1" in beyond
    assert "图块" in maps_html(visit, 0.7, "zh")


def test_a_flat_map_is_called_flat_and_looks_it(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", View("relevance"))
    found = visit.explanations["aligned"]
    flat = replace(found, image_map=np.full_like(found.image_map, 1 / 9))
    peaked = replace(found, image_map=np.eye(3) / 3)
    assert "nearly flat" in maps_html(replace(visit, explanations={"aligned": flat}), 0.7, "en")
    assert "nearly flat" not in maps_html(replace(visit, explanations={"aligned": peaked}), 0.7, "en")


def test_a_map_that_another_outshines_is_called_faint(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, View("relevance"))
    strong, weak = (replace(visit.explanations["aligned"], image_map=np.eye(3) * peak) for peak in (0.3, 0.1))
    both = maps_html(replace(visit, explanations={"aligned": strong, "unaligned": weak}), 0.7, "en")
    assert both.count("this map is faint") == 1 and both.index("this map is faint") > both.index("unaligned")
    assert "faint" not in maps_html(replace(visit, explanations={"aligned": weak}), 0.7, "en")


def test_a_map_is_tested_and_the_verdict_shown(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", View("relevance"))
    tested = visits.try_maps(visit, tiny_predictor)
    html = maps_html(tested, 0.7, "en")
    holds = tested.tests["aligned"].holds
    assert ("The map holds" in html) == holds and ("does not hold" in html) == (not holds)
    assert "<svg" in html
    assert visits.look(tested, tiny_predictor, View("attention")).tests == {}


def test_a_question_asked_again_takes_the_place_of_its_answer(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", View("off"))
    visit = visits.ask(visit, tiny_predictor, QUESTION, COMPARE, View("off"))
    assert [asked.features for asked in visit.turns] == [COMPARE]


def test_an_earlier_question_comes_back(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", View("off"))
    visit = visits.ask(visit, tiny_predictor, "is there a dog?", "aligned", View("off"))
    assert visits.recall(visit, tiny_predictor, 0, View("off")).turn.question == QUESTION
    assert visits.recall(visit, tiny_predictor, 99, View("off")).turn.question == "is there a dog?"
    assert history_html(visit, "en").count("data-pick") == 2


def test_suggestions_need_no_second_look(tiny_predictor, visited):
    before = dict(tiny_predictor.calls)
    found = suggest(tiny_predictor, visited.photo)
    assert len(set(found)) == len(found) == 1 + len(KINDS) and all(is_english(question) for question in found)
    assert tiny_predictor.calls["vit"] == before["vit"] and tiny_predictor.calls["bert"] - before["bert"] <= 2


# The lab


@pytest.fixture(scope="module")
def gallery(tiny_predictor) -> Gallery:
    return Gallery(tiny_predictor, load_examples())


def test_examples_have_a_file_and_both_captions():
    examples = load_examples()
    assert len(examples) >= 6
    assert all(example.path.is_file() and is_english(example.caption) for example in examples)
    assert all(not is_english(example.chinese) for example in examples)


def test_the_gallery_finds_photographs_and_captions(gallery):
    assert photos_found_html(gallery, "a cat", "en").count("<li>") == 8  # four of each model
    found = captions_found_html(gallery, 0, "en")
    assert found.count("<tbody><tr>") == 2 and gallery.examples[0].caption in found
    calls = dict(gallery.predictor.calls)
    captions_found_html(gallery, 1, "en")
    assert gallery.predictor.calls == calls  # embeddings are kept


def test_the_matrix_follows_the_temperature(gallery):
    warm, cold = (matrix_html(gallery, temperature, "softmax", "en") for temperature in (1.0, 0.01))
    assert warm != cold and warm.count("class=match") == 2 * len(gallery.examples)
    cosines = [matrix_html(gallery, temperature, "cosine", "en") for temperature in (1.0, 0.01)]
    tables = [re.sub(r'<p class="loss">.*?</p>', "", html) for html in cosines]
    assert tables[0] == tables[1] and cosines[0] != cosines[1]  # only the loss changes


def test_figures_put_the_test_set_beside_the_gallery(gallery):
    results = {"aligned": {"space": {"alignment": 0.123, "modality_gap": 0.456}}}
    html = figures_html(gallery, results, "en")
    assert "0.123" in html and "0.456" in html and "–" in html
    assert plane_html(gallery, "zh").count("<svg") == 2


# Results

EVAL = {
    "features": "aligned",
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


def test_without_measurements_the_page_says_so(tmp_path):
    (tmp_path / "aligned").mkdir()
    assert "no measurements" in results_html(read_results(tmp_path, ["aligned"]), ["aligned"], "en")
    (tmp_path / "aligned" / "eval.json").write_text("{ damaged")
    assert read_results(tmp_path, ["aligned"]) == {} == read_results(None, ["aligned"])
