"""The picture with its map, as a visitor sees it."""

import re
from dataclasses import replace

import numpy as np
import pytest

from vqa.inference.predictor import Answer
from vqa.ui import visit as visits
from vqa.ui.markup import percent
from vqa.ui.stage import heads_html, hidden_html, progress_html, stage_html, verdicts_html, words_html
from vqa.ui.visit import COMPARE, Focus, MapView, Visit

QUESTION = "what color is the cat?"
ATTENTION = MapView("attention", layer="0")


@pytest.fixture
def visited(tiny_predictor, photo) -> Visit:
    return Visit(tiny_predictor.encode(photo), blocks=tiny_predictor.models["aligned"].config.fusion_layers)


@pytest.fixture
def chosen(tiny_predictor, visited) -> Visit:
    """A question with answers that can be told apart, which an untrained model does not write itself."""
    return visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView(), ["cat", "dog", "tennis racket"])


def legends(html: str) -> list[str]:
    return re.findall(r'<div class="legend"><span>([^<]*)</span>.*?<span>([^<]*)</span><small>', html)


def test_without_a_photo_or_a_question_there_is_no_map(visited):
    assert stage_html(Visit(), 0.7, "en") == ""
    plain = stage_html(visited, 0.7, "en")
    assert plain.count("<img") == 1 and "legend" not in plain and words_html(visited, "en") == ""


def test_maps_follow_what_is_picked(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView("relevance"))
    whole = stage_html(visit, 0.7, "en")
    assert whole.count('alt="Heatmap over the photograph, relevance') == 2
    word = stage_html(replace(visit, focus=Focus("word", index=1)), 0.7, "en")
    assert "The patches that the word “color” reads." in word
    spot = stage_html(replace(visit, focus=Focus("spot", spot=(2, 1))), 0.7, "en")
    assert "row 3, column 2" in spot and "marked" in spot
    beyond = stage_html(replace(visit, focus=Focus("spot", spot=(99, -4))), 0.7, "en")
    assert "row 3, column 1" in beyond
    assert "最重要的区域" in stage_html(visit, 0.7, "zh")


def test_a_flat_map_is_called_flat_and_looks_it(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView("relevance"))
    found = visit.explanations["aligned"]
    flat = replace(found, image_map=np.full_like(found.image_map, 1 / 9))
    peaked = replace(found, image_map=np.eye(3) / 3)
    assert "nearly flat" in stage_html(replace(visit, explanations={"aligned": flat}), 0.7, "en")
    assert "nearly flat" not in stage_html(replace(visit, explanations={"aligned": peaked}), 0.7, "en")


def test_each_map_has_its_own_scale_unless_one_is_wanted_for_both(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView("relevance"))
    strong, weak = (replace(visit.explanations["aligned"], image_map=np.eye(3) * peak) for peak in (0.3, 0.1))
    visit = replace(visit, explanations={"aligned": strong, "unaligned": weak})
    own = stage_html(visit, 0.7, "en")
    assert legends(own) == [("0.0 %", "30.0 %"), ("0.0 %", "10.0 %")] and "this map is faint" not in own
    same = stage_html(replace(visit, view=replace(visit.view, same_scale=True)), 0.7, "en")
    assert legends(same) == [("0.0 %", "30.0 %")] * 2
    assert same.count("this map is faint") == 1 and same.index("this map is faint") > same.index("unaligned")


def test_what_does_not_follow_the_answer_says_so(tiny_predictor, visited):
    def remarks(layer: str) -> str:
        return stage_html(visits.look(visit, tiny_predictor, MapView("attention", layer)), 0.7, "en")

    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView())
    decoder = str(visit.blocks)
    assert "hardly depends on the answer" in remarks("rollout")
    assert "the same for every answer" in remarks("0") and "the same for every answer" not in remarks(decoder)


def test_another_answer_has_its_map_and_its_difference(tiny_predictor, chosen):
    top = [answer.text for answer in chosen.turn.predictions["aligned"].top]
    rival = visits.compare_answers(chosen, tiny_predictor, Focus("rival", "aligned", 2))
    own, other = stage_html(chosen, 0.7, "en"), stage_html(rival, 0.7, "en")
    assert f"The areas that speak for “{top[2]}”." in other and own != other
    assert f"Why {top[0]}, and not {top[2]}?" in other
    difference = visits.compare_answers(rival, tiny_predictor, Focus("against", "aligned", 2))
    html = stage_html(difference, 0.7, "en")
    assert f"Yellow speaks for “{top[0]}”, blue for “{top[2]}”." in html
    (low, high) = legends(html)[0]
    assert low == f"-{high}"


def test_where_two_answers_share_a_map_the_difference_is_called_none(tiny_predictor, chosen):
    visit = visits.look(chosen, tiny_predictor, ATTENTION)
    difference = visits.compare_answers(visit, tiny_predictor, Focus("against", "aligned", 1))
    assert "There is no difference" in stage_html(difference, 0.7, "en")


def test_all_heads_of_a_layer_come_as_a_gallery(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, ATTENTION)
    html = heads_html(visits.look_at_heads(visit, tiny_predictor), 0.7, "en")
    heads = tiny_predictor.models["aligned"].config.num_heads
    assert html.count("<img") == 2 * heads and html.count(f"head {heads}<") == 2
    assert len(set(re.findall(r'src="([^"]+)"', html))) == 2 * heads
    assert heads_html(visit, 0.7, "en") == ""


def test_occlusion_tells_how_far_it_is_and_what_its_numbers_are(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView("off"))
    told = []
    steps = visits.look_steps(visit, tiny_predictor, MapView("occlusion"))
    try:
        while True:
            told.append(next(steps))
    except StopIteration as end:
        visit = end.value
    assert [done for done, _ in told] == list(range(len(told))) and {count for _, count in told} == {len(told)}
    assert "fall of the answer" in stage_html(visit, 0.7, "en")
    whole = visits.look(visit, tiny_predictor, MapView("occlusion"))
    for name, found in visit.explanations.items():
        assert np.array_equal(found.image_map, whole.explanations[name].image_map)
    assert "Hiding patches, 6 of 16" in progress_html(5, 16, "en")


def test_a_map_is_tested_and_the_verdict_shown(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView("relevance"))
    tested = visits.try_maps(visit, tiny_predictor)
    html = verdicts_html(tested, "en")
    holds = tested.tests["aligned"].holds
    assert ("This map passes the test" in html) == holds and ("This map fails the test" in html) == (not holds)
    assert "<svg" in html and verdicts_html(visit, "en") == "" and "was chosen among" not in html
    assert visits.look(tested, tiny_predictor, MapView("attention")).tests == {}


def test_a_new_question_is_asked_of_the_whole_photograph(tiny_predictor, visited):
    covered = visits.toggle(visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView("off")), (0, 1))
    again = visits.ask(visits.ask_without(covered, tiny_predictor), tiny_predictor, QUESTION, "aligned", MapView("off"))
    assert again.hidden == frozenset() and again.without == {}


def test_the_test_of_a_chosen_answer_says_that_it_is_measured_before_the_choice(tiny_predictor, visited):
    for answers, is_said in ((None, True), (["cat", "dog"], False)):  # a list's probabilities are the answers' own
        visit = visits.ask(visited, tiny_predictor, "a cat or a dog?", "aligned", MapView("relevance"), answers)
        html = verdicts_html(visits.try_maps(visit, tiny_predictor), "en")
        share = percent(visit.turn.predictions["aligned"].confidence)
        assert (f"was chosen among cat, dog, which made it {share}" in html) == is_said


def test_patches_are_covered_uncovered_and_left_out(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, COMPARE, MapView())
    covered = visits.toggle(visits.toggle(visit, (0, 1)), (99, 99))
    assert covered.hidden == {(0, 1), (2, 2)} and visits.toggle(covered, (0, 1)).hidden == {(2, 2)}
    assert stage_html(covered, 0.7, "en") != stage_html(visit, 0.7, "en")
    asked = visits.ask_without(covered, tiny_predictor)
    html = hidden_html(asked, "en")
    assert "2 of 9 patches hidden" in html and html.count("now: ") == html.count("before: ") == 2
    assert hidden_html(visit, "en") == ""


@pytest.mark.parametrize(("question", "answers"), [(QUESTION, ["cat", "dog"]), ("a cat or a tennis racket?", None)])
def test_all_patches_hidden_is_the_question_alone(tiny_predictor, visited, question, answers):
    visit = visits.ask(visited, tiny_predictor, question, "unaligned", MapView("off"), answers)
    nothing = visits.ask_without(replace(visit, hidden=frozenset(np.ndindex(3, 3))), tiny_predictor)
    alone = tiny_predictor.ask_question_only(question, "unaligned", answers=answers)
    assert nothing.without["unaligned"].confidence == pytest.approx(alone.confidence)


def test_a_saved_figure_names_what_it_shows_and_keeps_text_as_text(tiny_predictor, visited):
    visit = visits.ask(visited, tiny_predictor, QUESTION, "aligned", MapView())
    turn = visit.turn
    hostile = replace(turn.predictions["aligned"], top=[Answer("<script>", 0.5)])
    visit = replace(visit, turns=(replace(turn, predictions={"aligned": hostile}),))
    html = stage_html(visit, 0.7, "en")
    assert "&amp;lt;script&amp;gt;" in html and "<script" not in html
    assert "{image}" in re.search(r'data-svg="([^"]*)"', html)[1]
